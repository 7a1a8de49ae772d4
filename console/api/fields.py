"""Shapes of request bodies: they check types and nothing else, and draw the browsable API's forms.

In a form every field is text; a field left blank is a field left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

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

    kind: ClassVar[type] = str

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("invalid")
        text = self.error_messages["item"]
        wrong = {n: text for n, one in enumerate(data) if type(one) is not self.kind}
        if wrong:
            raise serializers.ValidationError({str(n): [text] for n, text in wrong.items()}, code="invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return Joined(str(one) for one in value)


class Wholes(Texts):
    """A list of whole numbers."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "A list of whole numbers is needed.",
        "item": "A whole number is needed.",
    }
    kind: ClassVar[type] = int

    def from_form(self, text: str) -> Any:
        return [
            int(word) if word.isdecimal() and len(word) < 10 else word for word in super().from_form(text)
        ]


class Shape(serializers.Serializer[Any]):
    """A JSON object. `fixed` are fields that exist but cannot be set here, with the reason."""

    fixed: ClassVar[Mapping[str, str]] = {}
    # Whether its fields are all that there is to read of it.
    is_plain: ClassVar[bool] = True

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
    violations = _unknown(shape, shape.initial_data, "")
    return Given(_fields(shape, shape.initial_data, "", violations), violations)


def _fields(
    shape: Shape, given: Mapping[str, Any], prefix: str, violations: list[Violation]
) -> dict[str, Any]:
    """What is valid in an object; what is not goes to `violations`."""
    fields: dict[str, Any] = {}
    for name, field in shape.fields.items():
        value = field.get_value(given)
        try:
            if isinstance(field, Shape) and field.is_plain and isinstance(value, Mapping):
                fields[name] = _fields(field, value, f"{prefix}{name}.", violations)
            else:
                fields[name] = field.run_validation(value)
        except serializers.SkipField:
            continue
        except serializers.ValidationError as error:
            violations += _explain(error.get_codes(), error.detail, f"{prefix}{name}")
    return fields


def merge(violations: list[Violation], more: list[Violation]) -> list[Violation]:
    """Broken rules besides wrong types; a field is not told of twice."""
    known = [violation.field for violation in violations if violation.code != "bad_field"]
    return violations + [v for v in more if not v.field or not any(_same(v.field, k) for k in known)]


def _same(one: str, other: str) -> bool:
    """A field and what it is a part of: peer.cidrs[0] and peer.cidrs."""
    short, long = sorted((one.partition("[")[0], other.partition("[")[0]), key=len)
    return long == short or long.startswith(f"{short}.")


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
        elif isinstance(field, serializers.ListField) and isinstance(field.child, Shape):
            items = value if isinstance(value, list) else []
            for n, item in enumerate(items):
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
