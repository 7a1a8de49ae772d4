"""Reads a request's body: the valid fields, and everything that is wrong with the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rest_framework import serializers
from rest_framework.utils import html

from console.core.api.fields import TOO_MANY, Items, RequestSchema
from console.core.errors import Violation

TYPE = "validation_invalid_field_type"
_CODES = {
    "required": "validation_required_field",
    "null": "validation_not_null",
    TOO_MANY: "validation_max_value",
}


class Given(NamedTuple):
    """What parsed well, and what did not."""

    fields: dict[str, Any]
    violations: list[Violation]


def read_body(schema: RequestSchema) -> Given:
    """Types and names of a body; valid fields are given even where others are wrong."""
    violations = _unknown(schema, schema.initial_data, "")
    return Given(_fields(schema, schema.initial_data, "", violations), violations)


def _fields(
    schema: RequestSchema, given: Mapping[str, Any], prefix: str, violations: list[Violation]
) -> dict[str, Any]:
    """The valid fields of an object; `violations` gets the others."""
    fields: dict[str, Any] = {}
    for name, field in schema.fields.items():
        value = field.get_value(given)
        try:
            if isinstance(field, RequestSchema) and field.is_plain and isinstance(value, Mapping):
                fields[name] = _fields(field, value, f"{prefix}{name}.", violations)
            else:
                fields[name] = field.run_validation(value)
        except serializers.SkipField:
            continue
        except serializers.ValidationError as error:
            violations += _explain(error.get_codes(), error.detail, f"{prefix}{name}")
    return fields


def merge(violations: list[Violation], more: list[Violation]) -> list[Violation]:
    """Broken rules in addition to wrong types, without those about a field that has one, about its parent
    or its parts: of peer.cidrs[0] and peer.cidrs one."""
    known = {_plain(violation.field) for violation in violations if violation.code != "bad_field"}
    wholes = {whole for path in known for whole in _wholes(path)}

    def is_reported(path: str) -> bool:
        return path in wholes or not known.isdisjoint(_wholes(path))

    return violations + [v for v in more if not v.field or not is_reported(_plain(v.field))]


def head(path: str) -> str:
    """The field of the body that a path begins with."""
    return path.partition(".")[0].partition("[")[0]


def _plain(path: str) -> str:
    return path.partition("[")[0]


def _wholes(path: str) -> list[str]:
    """The path and all that it is a part of: peer.cidrs, peer."""
    names = path.split(".")
    return [".".join(names[:count]) for count in range(len(names), 0, -1)]


def _unknown(schema: RequestSchema, given: Mapping[str, Any], prefix: str) -> list[Violation]:
    if html.is_html_input(given):
        return []
    found: list[Violation] = []
    for name, value in given.items():
        path = f"{prefix}{name}"[:128]
        field = schema.fields.get(name)
        if field is None:
            reason = schema.fixed.get(name) or f"There is no field {path!r} here."
            found.append(Violation("bad_field", path, reason))
        elif isinstance(field, RequestSchema) and isinstance(value, Mapping):
            found += _unknown(field, value, f"{path}.")
        elif isinstance(field, Items) and isinstance(field.child, RequestSchema):
            items = value if isinstance(value, list) else []
            for n, item in enumerate(items[: field.most]):
                found += _unknown(field.child, item, f"{path}[{n}].") if isinstance(item, Mapping) else []
    return found


def _explain(codes: Any, detail: Any, path: str) -> list[Violation]:
    """DRF's tree of errors as Violations with dotted paths and indices."""
    if isinstance(codes, Mapping):
        return [
            violation
            for key, inner in codes.items()
            for violation in _explain(inner, detail[key], _join(path, str(key)))
        ]
    if isinstance(codes, list):
        return [violation for n, code in enumerate(codes) for violation in _explain(code, detail[n], path)]
    code = _CODES.get(codes, TYPE)
    message = {
        "validation_required_field": f"The field {path} is required.",
        "validation_not_null": f"The field {path} must not be null.",
    }.get(code, f"{path}: {detail}")
    return [Violation(code, path, message)]


def _join(path: str, key: str) -> str:
    if key == "non_field_errors":
        return path
    return f"{path}[{key}]" if key.isdecimal() else f"{path}.{key}"
