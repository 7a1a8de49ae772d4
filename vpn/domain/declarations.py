"""One declaration for a field of an object: from it the services read, compare and write the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What the layers need to know of a field of a draft.

    `name` is that of the draft's attribute, of the column, and of the field in forms; `path` is its place
    in a request body of the newest form, `audited` its name in the audit trail. `column` is False if the
    row has no such column. A `fixed` field cannot be changed by an update. `parse` converts the value of
    a body or column to the draft's, `store` that to the column's. `default` is the value of a field that a
    request omits, `gen2` the one of API generation 2 if it differs.
    """

    name: str
    path: str
    audited: str
    column: bool = True
    fixed: bool = False
    parse: Callable[[Any], Any] = _same
    store: Callable[[Any], Any] = _same
    default: Any = None
    gen2: Any = None

    @property
    def topic(self) -> str:
        """See `topic_of`."""
        return topic_of(self.path)

    def default_in(self, api_generation: int) -> Any:
        return self.gen2 if api_generation == 2 and self.gen2 is not None else self.default

    def given_in(self, body: Mapping[str, object]) -> bool:
        return _value_at(body, self.path) is not MISSING

    def value_in(self, body: Mapping[str, object], default: Any = None) -> Any:
        """The draft's value of the field in a body of the newest form, or `default`."""
        value = _value_at(body, self.path)
        return default if value is MISSING else self.parse(value)


def declare(path: str, default: Any = MISSING, *, visible: bool = True, **declaration: Any) -> Any:
    """A field of a draft. One that is not `visible` is left out of its repr."""
    return field(default=default, repr=visible, metadata={"path": path, **declaration})


def declared(draft: type) -> dict[str, Declaration]:
    """The declarations of a draft's fields by name; those without one are derived from others."""
    found = {}
    for one in fields(draft):
        if options := dict(one.metadata):
            options = {"audited": one.name, **options}
            default = None if one.default is MISSING else one.default
            found[one.name] = Declaration(name=one.name, default=default, **options)
    return found


def topic_of(path: str) -> str:
    """What a path or violation is about: peer.cidrs[0] is about peer.cidrs, dead_peer_detection.timeout
    about dead_peer_detection."""
    names = [name.partition("[")[0] for name in path.split(".")]
    return ".".join(names[:2]) if names[0] in ("local", "peer") else names[0]


def put_at(body: dict[str, Any], path: str, value: Any) -> None:
    """Sets a value in a body of the newest form; `[0]` at the end of a path is a list of one."""
    *heads, last = path.split(".")
    for head in heads:
        body = body.setdefault(head, {})
    if last.endswith("[0]"):
        body[last.removesuffix("[0]")] = [value]
    else:
        body[last] = value


def _value_at(body: Any, path: str) -> Any:
    for name in path.split("."):
        key = name.removesuffix("[0]")
        if not isinstance(body, Mapping) or key not in body:
            return MISSING
        body = body[key]
        if key != name:
            if not body:
                return MISSING
            body = body[0]
    return body
