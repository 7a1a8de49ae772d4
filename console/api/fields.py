"""Shapes of request bodies: they check types and nothing else, and draw the browsable API's forms.

In a form every field is text; a field left blank is a field left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, cast

from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.utils import html

from console.errors import Violation

TYPE = "validation_invalid_field_type"
_CODES = {"required": "validation_required_field", "null": "validation_not_null"}


# The stubs know Field as generic, the class itself does not.
class _FormText(serializers.Field):  # type: ignore[type-arg]
    """Mixin: what a form gave, as the value JSON would have given."""

    def get_value(self, dictionary: Mapping[Any, Any]) -> Any:
        value = super().get_value(dictionary)
        if not html.is_html_input(dictionary) or not isinstance(value, str):
            return value
        return self.from_form(value) if value.strip() else empty

    def from_form(self, text: str) -> Any:
        return text


class Text(_FormText, serializers.CharField):
    """A string, as it stands."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "allow_blank": True, "trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class Word(_FormText, serializers.ChoiceField):
    """A string out of a list; the list is for forms, the rules decide what is allowed."""

    def __init__(self, words: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(choices=words, **{"required": False, "allow_blank": True, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("A string is needed.", code="invalid")
        return data


class Whole(_FormText, serializers.IntegerField):
    """A whole number of at most 32 bits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, **kwargs})

    def from_form(self, text: str) -> Any:
        return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text.strip()) else text

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool) or abs(data) > 0x7FFFFFFF:
            self.fail("invalid")
        return data


class Number(_FormText, serializers.ChoiceField):
    """A whole number out of a list; as with Word the rules decide."""

    def __init__(self, numbers: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(choices=numbers, **{"required": False, **kwargs})

    def from_form(self, text: str) -> Any:
        return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text.strip()) else text

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool) or abs(data) > 0x7FFFFFFF:
            raise serializers.ValidationError("A whole number is needed.", code="invalid")
        return data


class Flag(_FormText, serializers.ChoiceField):
    """true or false."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[(True, "true"), (False, "false")], **{"required": False, **kwargs})

    def from_form(self, text: str) -> Any:
        return {"True": True, "False": False}.get(text, text)

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("true or false is needed.", code="invalid")
        return data


class Joined(list[str]):
    """A list that a form shows as it may be typed."""

    def __str__(self) -> str:
        return ", ".join(self)


class Texts(_FormText, serializers.Field):  # type: ignore[type-arg]
    """A list of strings; in a form they stand in one field with commas or blanks between."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "A list of strings is needed.",
        "item": "A string is needed.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, **kwargs})

    def from_form(self, text: str) -> Any:
        return Joined(re.split(r"[,\s]+", text.strip(", \t\r\n")))

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list):
            self.fail("invalid")
        wrong = {n: "A string is needed." for n, one in enumerate(data) if not isinstance(one, str)}
        if wrong:
            raise serializers.ValidationError({str(n): [text] for n, text in wrong.items()}, code="invalid")
        return cast(list[str], data)

    def to_representation(self, value: Any) -> Any:
        return Joined(value)


class Shape(serializers.Serializer[Any]):
    """A JSON object. `fixed` are fields that exist but cannot be set here, with the reason."""

    fixed: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"required": False, **kwargs})

    def get_value(self, dictionary: Mapping[Any, Any]) -> Any:
        """An object of a form that was left blank altogether is left out."""
        value = super().get_value(dictionary)
        if not html.is_html_input(dictionary) or not isinstance(value, Mapping):
            return value
        return value if any(str(text).strip() for text in value.values()) else empty


class Reference(Shape):
    """Exactly one of its words; the services say so."""

    id = Text(help_text="The id of the object meant.")
    href = Text(style={"template": "rest_framework/left_out.html"})
    crn = Text(style={"template": "rest_framework/left_out.html"})
    name = Text(style={"template": "rest_framework/left_out.html"})

    def to_representation(self, instance: Any) -> Any:
        return {"id": instance["id"]}


def read_only(*names: str) -> dict[str, str]:
    return {name: f"{name} is read-only." for name in names}


def settled(*names: str) -> dict[str, str]:
    return {name: f"{name} cannot be changed after creation." for name in names}


class Given(NamedTuple):
    """What parsed well, and what did not."""

    fields: dict[str, Any]
    violations: list[Violation]


def read_body(shape: Shape) -> Given:
    """Types and names of a body; valid fields are given even where others are wrong."""
    given = shape.initial_data
    fields: dict[str, Any] = {}
    violations = _unknown(shape, given, "")
    for name, field in shape.fields.items():
        try:
            fields[name] = field.run_validation(field.get_value(given))
        except serializers.SkipField:
            continue
        except serializers.ValidationError as error:
            violations += _explain(error.get_codes(), error.detail, name)
    return Given(fields, violations)


def merge(violations: list[Violation], more: list[Violation]) -> list[Violation]:
    """Broken rules besides wrong types; a field is not told of twice."""
    known = {_top(violation) for violation in violations if violation.code != "bad_field"}
    return violations + [v for v in more if not v.field or _top(v) not in known]


def _top(violation: Violation) -> str:
    return violation.field.partition("[")[0].partition(".")[0]


def _unknown(shape: Shape, given: Mapping[str, Any], prefix: str) -> list[Violation]:
    if html.is_html_input(given):
        return []
    found: list[Violation] = []
    for name, value in given.items():
        path = f"{prefix}{name}"[:128]
        field = shape.fields.get(name)
        if field is None:
            reason = shape.fixed.get(name) or f"There is no field {path!r} here."
            found.append(Violation("bad_field", path, reason))
        elif isinstance(field, Shape) and isinstance(value, Mapping):
            found += _unknown(field, value, f"{path}.")
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
