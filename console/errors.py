"""Why a request is refused: values and exceptions that know neither HTTP nor Django.

The API turns them into its error container, forms into messages beside the fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Violation(NamedTuple):
    """One broken rule: `code` of the API contract, dotted `field` path, a full sentence."""

    code: str
    field: str
    message: str


class Refused(Exception):
    """Base of every refusal that a user can act upon; carries at least one violation.

    Those about a field come first: many clients show the first one alone, and a quota is of no
    interest to who has to change his request anyway.
    """

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(sorted(violations, key=lambda violation: not violation.field))
        super().__init__("; ".join(v.message for v in self.violations))


class Invalid(Refused):
    """The input breaks rules (API: 400)."""


class Conflict(Refused):
    """The input is fine, the present state forbids it (API: 409)."""


class Outdated(Refused):
    """What stands is not what the caller has seen (API: 412)."""


class NotFound(Refused):
    """No such object for this account; not yours looks the same (API: 404)."""


class NotAllowed(Refused):
    """The actor's role does not allow this (API: 403)."""


def not_found(code: str, noun: str, ident: object, place: str = "account") -> NotFound:
    """The one sentence for a missing object; `code` as in contract section 5.3. `place` is where it
    was looked for: in another one of the account it may well be."""
    return NotFound([Violation(code, "id", f"There is no {noun} with the id {ident} in this {place}.")])
