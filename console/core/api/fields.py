"""Fields of request bodies: they check types and nothing else, and render the browsable API's forms.

In a form every field is text; a blank field counts as omitted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.utils import html

from console.core.api.versions import ApiVersion
from console.core.errors import MOST_LISTED

# In a form a blank choice precedes the others.
_OPTIONAL = {"required": False, "allow_blank": True}


# The stubs know Field as generic, the class itself does not.
class _FormText(serializers.Field):  # type: ignore[type-arg]
    """Mixin: converts a form's text to the value that JSON would have."""

    def get_value(self, dictionary: Mapping[Any, Any]) -> Any:
        value = super().get_value(dictionary)
        if not html.is_html_input(dictionary) or not isinstance(value, str):
            return value
        return self.from_form(value) if value.strip() else empty

    def from_form(self, text: str) -> Any:
        return text


class Text(_FormText, serializers.CharField):
    """A string, unchanged. `rule` is a JSON Schema of what the rules accept, for the OpenAPI document."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "A string is needed."}

    def __init__(self, *, rule: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "allow_blank": True, "trim_whitespace": False, **kwargs})
        self.rule = rule or {}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class Word(_FormText, serializers.ChoiceField):
    """A string from a list; the list is for forms, the rules decide what is allowed."""

    def __init__(self, words: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(choices=words, **_OPTIONAL | kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("A string is needed.", code="invalid")
        return data


class Whole(_FormText, serializers.IntegerField):
    """A whole number of at most 32 bits. `rule` as of Text."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "A whole number is needed."}

    def __init__(self, *, rule: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**{"required": False, **kwargs})
        self.rule = rule or {}

    def from_form(self, text: str) -> Any:
        return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text.strip()) else text

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool) or abs(data) > 0x7FFFFFFF:
            self.fail("invalid")
        return data


class Number(_FormText, serializers.ChoiceField):
    """A whole number from a list; as with Word the rules decide."""

    def __init__(self, numbers: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(choices=numbers, **_OPTIONAL | kwargs)

    def from_form(self, text: str) -> Any:
        return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text.strip()) else text

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool) or abs(data) > 0x7FFFFFFF:
            raise serializers.ValidationError("A whole number is needed.", code="invalid")
        return data


class Flag(_FormText, serializers.ChoiceField):
    """true or false."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[(True, "true"), (False, "false")], **_OPTIONAL | kwargs)

    def from_form(self, text: str) -> Any:
        return {"True": True, "False": False}.get(text, text)

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("true or false is needed.", code="invalid")
        return data


TOO_MANY = "too_many"


def _too_many(most: int, count: int, reason: str = "") -> serializers.ValidationError:
    message = reason or f"At most {most} can be given; these are {count}."
    return serializers.ValidationError(message, code=TOO_MANY)


class Joined(list[str]):
    """A list that a form shows as it is typed."""

    def __str__(self) -> str:
        return ", ".join(self)


class Texts(_FormText, serializers.Field):  # type: ignore[type-arg]
    """A list of strings; in a form they are one field, separated by commas or blanks.

    `rule` is a JSON Schema of an item, for the OpenAPI document. A list with more than `most` items is
    refused unread.
    """

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "A list of strings is needed.",
        "item": "A string is needed.",
    }

    def __init__(
        self, *, rule: Mapping[str, Any] | None = None, most: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**{"required": False, **kwargs})
        self.rule, self.most = rule or {}, most

    def from_form(self, text: str) -> Any:
        return Joined(re.split(r"[,\s]+", text.strip(", \t\r\n")))

    kind: ClassVar[type] = str

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("invalid")
        if self.most is not None and len(data) > self.most:
            raise _too_many(self.most, len(data))
        text = self.error_messages["item"]
        items = ((n, text) for n, one in enumerate(data) if type(one) is not self.kind)
        # One more than a response lists, so that it says that there are more.
        if wrong := dict(islice(items, MOST_LISTED + 1)):
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


class Items(serializers.ListField):
    """A list of at most `most` objects, counted before the first one is read. `reason` says why there
    can be no more."""

    def __init__(self, *, most: int, reason: str = "", **kwargs: Any) -> None:
        super().__init__(**{"required": False, **kwargs})
        self.most, self.reason = most, reason

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and len(data) > self.most:
            raise _too_many(self.most, len(data), self.reason)
        return super().to_internal_value(data)


class RequestSchema(serializers.Serializer[Any]):
    """A JSON object. `fixed` are fields that exist but cannot be set here, with the reason."""

    fixed: ClassVar[Mapping[str, str]] = {}
    # Whether its fields can be read one by one, without validation of the whole.
    is_plain: ClassVar[bool] = True
    # For the document: the rules refuse it without these, and of each group accept exactly one, at
    # least one, or at most one.
    needed: ClassVar[tuple[str, ...]] = ()
    one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    any_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    at_most_one: ClassVar[tuple[tuple[str, ...], ...]] = ()

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "An object is needed."}

    # A valid body, for the document; its ids are made up.
    example: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def for_version(cls, version: ApiVersion) -> Mapping[str, Mapping[str, Any]]:
        """For the document: JSON Schema keywords for fields, or a list's items, in one version."""
        return {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"required": False, **kwargs})

    def get_value(self, dictionary: Mapping[Any, Any]) -> Any:
        """An object whose form fields are all blank counts as omitted."""
        value = super().get_value(dictionary)
        if not html.is_html_input(dictionary) or not isinstance(value, Mapping):
            return value
        return value if any(str(text).strip() for text in value.values()) else empty


IPV4 = {"format": "ipv4"}
SOME_ID = "0738a3b2-5c1d-4e6f-8a90-b1c2d3e4f506"


class Reference(RequestSchema):
    """A reference to another object by exactly one of these fields; the services check that."""

    one_of = (("id", "href", "crn", "name"),)

    id = Text(help_text="The id of the object.")
    href = Text(style={"template": "rest_framework/omitted_field.html"})
    crn = Text(style={"template": "rest_framework/omitted_field.html"})
    name = Text(style={"template": "rest_framework/omitted_field.html"})

    def to_representation(self, instance: Any) -> Any:
        return {"id": instance["id"]}


def within(low: int, high: int) -> dict[str, int]:
    """The rule of a whole number, both ends included."""
    return {"minimum": low, "maximum": high}


def read_only(*names: str) -> dict[str, str]:
    return {name: f"{name} is read-only." for name in names}


def settled(*names: str) -> dict[str, str]:
    return {name: f"{name} cannot be changed after creation." for name in names}
