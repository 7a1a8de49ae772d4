"""Why a request is refused: values and exceptions that know neither HTTP nor Django.

The API turns them into its error container, forms into messages beside the fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

# Per refusal. A client with more to correct tries again; the response to any body stays small.
MOST_LISTED = 25
LONGEST_MESSAGE, LONGEST_FIELD = 512, 128
MORE = "more_errors"


class Violation(NamedTuple):
    """One broken rule: `code` of the API contract, dotted `field` path, a full sentence."""

    code: str
    field: str
    message: str


def bounded(violations: Iterable[Violation]) -> list[Violation]:
    """At most MOST_LISTED of them, then one that says how many more there are; long texts are truncated.

    Idempotent.
    """
    rest = list(violations)
    listed = [one for one in rest if one.code != MORE]
    more = sum(int(one.message.partition(" ")[0]) for one in rest if one.code == MORE)
    more += len(listed[MOST_LISTED:])
    shown = [_short(one) for one in listed[:MOST_LISTED]]
    if not more:
        return shown
    noun = "error is" if more == 1 else "errors are"
    return [*shown, Violation(MORE, "", f"{more} more {noun} not listed; correct these first.")]


def _short(violation: Violation) -> Violation:
    _, field, message = violation
    if len(message) <= LONGEST_MESSAGE and len(field) <= LONGEST_FIELD:
        return violation
    cut = message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 4]} ..."
    return violation._replace(field=field[:LONGEST_FIELD], message=cut)


class Refused(Exception):
    """Base of every refusal that a user can act upon; carries at least one violation, and no more
    than `bounded` leaves.

    Those about a field come first: many clients show the first one alone, and a quota is of no
    interest to a client that has to change its request anyway.
    """

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(bounded(sorted(violations, key=lambda violation: not violation.field)))
        super().__init__("; ".join(v.message for v in self.violations))


class Invalid(Refused):
    """The input breaks rules (API: 400)."""


class Conflict(Refused):
    """The input is valid, but conflicts with the current state (API: 409)."""


class Outdated(Refused):
    """The object has changed since the caller read it (API: 412)."""


class NotFound(Refused):
    """No such object in this account; objects of other accounts look the same (API: 404)."""


class NotAllowed(Refused):
    """The actor's role does not allow this (API: 403)."""


def not_found(code: str, noun: str, ident: object, place: str = "account") -> NotFound:
    """The one sentence for a missing object; `code` as in contract section 5.3. `place` is where it
    was searched for: the account may have it in another place."""
    return NotFound([Violation(code, "id", f"There is no {noun} with the id {ident} in this {place}.")])
