"""Forms of the browsable API: they offer what the version of the request accepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rest_framework.serializers import ChoiceField

from console.core.api.changes import VersionChange, older
from console.core.api.fields import RequestSchema
from console.core.api.versions import ApiVersion

AnySchema = TypeVar("AnySchema", bound=RequestSchema)


def narrow(schema: AnySchema, version: ApiVersion, changes: Sequence[VersionChange]) -> AnySchema:
    """The same schema, without the fields and choices that the version refuses.

    Fields that were only renamed stay: forms may use the newest names.
    """
    for change in older(version, changes):
        for name in change.added & schema.fields.keys():
            del schema.fields[name]
    words = schema.for_version(version)
    for name, field in schema.fields.items():
        allowed = words.get(name, {}).get("enum")
        if allowed is not None and isinstance(field, ChoiceField):
            field.choices = {word: text for word, text in field.choices.items() if word in allowed}
            # A required field with a single choice has it selected already.
            field.allow_blank = not (len(field.choices) == 1 and name in schema.needed)
    return schema
