"""A single algorithm may be given by itself instead of in a list, and is reported in the same way.

Policies have lists in order of preference; `authentication_algorithm` is another form of a list of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from console.core.errors import Violation
from policies.domain.algorithms import canonical

Fields = Mapping[str, Any]

_LISTS = {
    "authentication_algorithm": "authentication_algorithms",
    "encryption_algorithm": "encryption_algorithms",
    "dh_group": "dh_groups",
    "pfs": "pfs_groups",
}
_SINGULAR = {plural: one for one, plural in _LISTS.items()}


def singular(name: str) -> str:
    """dh_group for dh_groups; other names are unchanged."""
    return _SINGULAR.get(name, name)


def listed(fields: Fields) -> dict[str, Any]:
    """Every algorithm in a list, in whichever form it was given, under its stored name."""
    found = {_LISTS.get(name, name): (value,) if name in _LISTS else value for name, value in fields.items()}
    if ciphers := found.get("encryption_algorithms"):
        found["encryption_algorithms"] = [canonical(word) for word in ciphers]
    return {name: tuple(v) if isinstance(v, list) else v for name, v in found.items()}


def one_spelling(body: Fields, *, lists: bool) -> dict[str, Any]:
    """Of a body with both forms of each list, the singular form for a list of one, else the list.

    Without `lists`, for API versions without lists, a list of several is omitted.
    """
    dropped: set[str] = set()
    for one, plural in _LISTS.items():
        several = len(body.get(plural) or ()) > 1
        dropped |= {one} if several else {plural}
        dropped |= {plural} if not lists else set()
    return {name: value for name, value in body.items() if name not in dropped}


def given_twice(fields: Fields) -> list[Violation]:
    """A list and its singular form may not both be given (contract section 4.7)."""
    return [
        Violation("validation_only_one", plural, f"Give {one} or {plural}, not both.")
        for one, plural in _LISTS.items()
        if one in fields and plural in fields
    ]


def as_given(violations: list[Violation], fields: Fields) -> list[Violation]:
    """Violations in terms of the form and name that were given: dh_group for dh_groups[0], 3des."""
    ciphers = (fields.get("encryption_algorithm"), *(fields.get("encryption_algorithms") or ()))
    if "3des" in ciphers:
        violations = [one._replace(message=one.message.replace("triple_des", "3des")) for one in violations]
    names = {plural: one for one, plural in _LISTS.items() if one in fields and plural not in fields}
    return [_renamed(violation, names) for violation in violations]


def _renamed(violation: Violation, names: Mapping[str, str]) -> Violation:
    plural = violation.field.partition("[")[0]
    if plural not in names:
        return violation
    one = names[plural]
    return Violation(violation.code, one, violation.message.replace(f"{plural}[0]", one).replace(plural, one))


def audited(changes: Iterable[tuple[str, Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """For the audit trail: a list of one as its only item, under its singular name."""

    found = {}
    for name, before, after in changes:
        lone = name in _SINGULAR and all(value is None or len(value) == 1 for value in (before, after))
        pair = tuple(_plain(value, lone=lone) for value in (before, after))
        found[_SINGULAR[name] if lone else name] = (pair[0], pair[1])
    return found


def _plain(value: Any, *, lone: bool) -> Any:
    if not isinstance(value, tuple):
        return value
    return value[0] if lone else list(value)
