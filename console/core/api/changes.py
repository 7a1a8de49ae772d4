"""Requests of older versions of the API, each described by how it differs from the next.

Views, request schemas and rules use the newest form alone. A request of an older version is upgraded to
it change by change, oldest first; the fields that an error names are downgraded again, newest first
(contract section 1.3). Responses are rendered in each version's form: see `response_schema`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from console.core.api.versions import ApiVersion
from console.core.errors import Violation

Body = dict[str, Any]
_UNKNOWN = "{name} cannot be set in this version of the API."


@dataclass(frozen=True, slots=True)
class VersionChange:
    """What changed with the version `since`, for one kind of object.

    `renamed` maps an older top-level name to the newer dotted path. `added` are top-level
    names that older requests do not have. `implied` are the values of top-level names that an older
    request omits.
    """

    since: ApiVersion
    renamed: Mapping[str, str] = field(default_factory=dict)
    added: frozenset[str] = frozenset()
    implied: Mapping[str, Any] = field(default_factory=dict)

    def names_unknown_before(self) -> frozenset[str]:
        heads = {path.partition(".")[0] for path in self.renamed.values()}
        return self.added | heads


def upgrade_request(
    body: Mapping[str, Any],
    version: ApiVersion,
    changes: Sequence[VersionChange],
    names: Collection[str] = (),
) -> tuple[Mapping[str, Any], list[Violation]]:
    """The body in the newest form, and a violation for each name that its version does not have.

    `names` are those that can be set: only they are implied.
    """
    broken: list[Violation] = []
    for change in older(version, changes):
        if isinstance(body, QueryDict):
            body = _form_up(body, change, names)
            continue
        unknown = change.names_unknown_before() & body.keys()
        broken += [Violation("bad_field", name, _UNKNOWN.format(name=name)) for name in sorted(unknown)]
        implied = {name: value for name, value in change.implied.items() if name in names}
        body = implied | _up({name: value for name, value in body.items() if name not in unknown}, change)
    return body, broken


def written(body: Mapping[str, Any], version: ApiVersion, changes: Sequence[VersionChange]) -> Body:
    """A request body of the newest form as the version writes it, without the names it does not have."""
    found = dict(body)
    for change in reversed(older(version, changes)):
        moved = {old: _value_at(found, path) for old, path in change.renamed.items()}
        kept = {name: one for name, one in found.items() if name not in change.names_unknown_before()}
        found = kept | {old: value for old, value in moved.items() if value is not None}
    return found


def downgrade_errors(
    violations: Iterable[Violation], version: ApiVersion, changes: Sequence[VersionChange]
) -> list[Violation]:
    """Violations about the newest form, with the names that the version has for its fields."""
    back = [{new: old for old, new in change.renamed.items()} for change in reversed(older(version, changes))]
    found = list(violations)
    for names in back:
        found = [renamed_in(violation, names) for violation in found]
    return found


def renamed_in(violation: Violation, names: Mapping[str, str]) -> Violation:
    """With the other name of its field, also in its message and in paths of the API there."""
    for old, new in names.items():
        if (field := renamed(violation.field, {old: new})) != violation.field:
            message = violation.message.replace(old, new).replace(old.replace(".", "/"), new)
            return violation._replace(field=field, message=message)
    return violation


def renamed(path: str, names: Mapping[str, str]) -> str:
    """A dotted path with its prefix renamed: local_cidrs[0] is local.cidrs[0]."""
    for old, new in names.items():
        rest = path.removeprefix(old)
        if path.startswith(old) and (not rest or rest[0] in ".["):
            return new + rest
    return path


def older(version: ApiVersion, changes: Sequence[VersionChange]) -> list[VersionChange]:
    """The changes that the version does not know yet; `changes` are in order, oldest first."""
    return [change for change in changes if version.is_before(change.since)]


def _value_at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def _up(body: Body, change: VersionChange) -> Body:
    found: Body = {}
    for name, value in body.items():
        *heads, last = change.renamed[name].split(".") if name in change.renamed else [name]
        parent = found
        for head in heads:
            parent = parent.setdefault(head, {})
        parent[last] = value
    return found


def _form_up(form: QueryDict, change: VersionChange, names: Collection[str]) -> QueryDict:
    """Forms of the browsable API have the newest names; older names are accepted as well."""
    copy = form.copy()
    for old, path in change.renamed.items():
        if old in copy:
            copy.setlistdefault(path, copy.pop(old))
    for name in change.implied.keys() & {*names}:
        copy[name] = copy.get(name) or change.implied[name]
    return copy
