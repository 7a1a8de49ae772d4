"""Bodies of requests and responses as JSON Schemas, in the form of any version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework.fields import Field

from console.core.api.changes import VersionChange, older, written
from console.core.api.fields import Flag, Items, Number, Reference, RequestSchema, Texts, Whole, Wholes, Word
from console.core.api.response_schema import FieldType, JsonType, Many, Rendered, ResponseSchema
from console.core.api.versions import ApiVersion

Schema = dict[str, Any]
AnyField = Field[Any, Any, Any, Any]
Fields = dict[str, tuple[AnyField, bool]]
INT32 = 0x7FFFFFFF


def body_schema(schema: RequestSchema, version: ApiVersion, changes: Sequence[VersionChange]) -> Schema:
    """The body as requests of `version` write it: the newest form, downgraded change by change."""
    fields = _fields(schema)
    for change in reversed(older(version, changes)):
        moved = {old: _at(fields, path) for old, path in change.renamed.items()}
        kept = {
            name: (field, needed and name not in change.implied)
            for name, (field, needed) in fields.items()
            if name not in change.names_unknown_before()
        }
        fields = kept | {old: found for old, found in moved.items() if found}
    return _object(schema, fields, schema.for_version(version))


def example_of(schema: RequestSchema, version: ApiVersion, changes: Sequence[VersionChange]) -> Schema:
    """The example as requests of `version` write it, without what the version does not have."""
    return written(schema.example, version, changes)


class ResponseTable(OpenApiSerializerExtension):
    """Makes components of response schemas; nested ones are references."""

    target_class = ResponseSchema
    match_subclasses = True

    def get_name(self, auto_schema: Any, direction: str) -> str:
        name: str = self.target.__name__
        return name

    def map_serializer(self, auto_schema: Any, direction: str) -> Schema:
        """In the form of the version of `auto_schema`."""

        def refer(table: type[ResponseSchema]) -> Schema:
            reference: Schema = auto_schema.resolve_serializer(table, direction).ref
            return reference

        return table_schema(self.target, auto_schema.version, refer)


def table_schema(
    table: type[ResponseSchema], version: ApiVersion, refer: Callable[[type[ResponseSchema]], Schema]
) -> Schema:
    """The object with the fields that the version has; `refer` gives the schema of nested ones."""

    def schema_of(kind: FieldType) -> Schema:
        match kind:
            case JsonType():
                return dict(kind.schema)
            case Many():
                return {"type": "array", "items": schema_of(kind.item)}
            case Rendered():
                return refer(kind.schema)
        return refer(kind)

    if table.one_of:
        return {"oneOf": [refer(one) for one in table.one_of]}
    fields = {name: one for name, one in table.fields.items() if one.is_in(version)}
    properties = {
        name: schema_of(one.type) | ({"description": one.description} if one.description else {})
        for name, one in fields.items()
    }
    found = {"type": "object", "properties": properties, **described(table)}
    needed = sorted(name for name, one in fields.items() if not one.optional)
    return found | ({"required": needed} if needed else {})


def described(owner: Any) -> Schema:
    """Its own docstring, not an inherited one, in one line."""
    own = vars(owner).get("__doc__") if isinstance(owner, type) else owner.__doc__
    return {"description": " ".join(own.split())} if own else {}


def reference_schema() -> Schema:
    """How bodies refer to other objects; the same in every version."""
    schema = Reference()
    return _object(schema, _fields(schema), {})


def _fields(schema: RequestSchema) -> Fields:
    """Each field, and whether it is required."""
    asked = {*schema.needed, *(name for group in (*schema.one_of, *schema.any_of) for name in group)}
    return {name: (field, field.required or name in asked) for name, field in schema.fields.items()}


def _at(fields: Fields, path: str) -> tuple[AnyField, bool] | None:
    """The field of a dotted path; it is required if all its parents are."""
    head, _, rest = path.partition(".")
    if head not in fields or not rest:
        return fields.get(head)
    field, needed = fields[head]
    found = _at(_fields(field), rest) if isinstance(field, RequestSchema) else None
    return found and (found[0], needed and found[1])


def _object(schema: RequestSchema, fields: Fields, limits: Mapping[str, Mapping[str, Any]]) -> Schema:
    wanted = [("oneOf", group) for group in schema.one_of] + [("anyOf", group) for group in schema.any_of]
    groups = [(word, [name for name in group if name in fields]) for word, group in wanted]
    groups = [(word, group) for word, group in groups if len(group) > 1]
    either = {name for _, group in groups for name in group}
    found: Schema = {
        "type": "object",
        # Objects without a settable field are left out.
        "properties": {
            name: _described(field, limits.get(name, {}))
            for name, (field, _) in fields.items()
            if not isinstance(field, RequestSchema) or field.fields
        },
        "additionalProperties": False,
    }
    found |= described(type(schema))
    if needed := sorted(n for n, (_, is_needed) in fields.items() if is_needed and n not in either):
        found["required"] = needed
    choices: list[Schema] = [{word: [{"required": [name]} for name in group]} for word, group in groups]
    for group in schema.at_most_one:
        if len([name for name in group if name in fields]) > 1:
            choices.append({"not": {"required": [*group]}})
    return found | ({"allOf": choices} if len(choices) > 1 else choices[0] if choices else {})


def _described(field: AnyField, limits: Mapping[str, Any]) -> Schema:
    schema = _schema(field)
    if isinstance(field, Texts):
        limits = {**limits, "items": schema["items"] | field.rule | limits.get("items", {})}
    schema.update(limits)
    # The help text of a list is about forms.
    if field.help_text and not isinstance(field, Texts):
        schema["description"] = str(field.help_text)
    return {"anyOf": [schema, {"type": "null"}]} if field.allow_null else schema


def _schema(field: AnyField) -> Schema:
    match field:
        case Reference():
            found: Schema = {"$ref": f"#/components/schemas/{Reference.__name__}"}
        case RequestSchema():
            found = _object(field, _fields(field), {})
        case Items():
            found = {"type": "array", "items": _schema(field.child), "maxItems": field.most}
        case Texts():
            kind = "integer" if isinstance(field, Wholes) else "string"
            found = {"type": "array", "items": {"type": kind}}
        case Flag():
            found = {"type": "boolean"}
        case Word() | Number():
            kind = "string" if isinstance(field, Word) else "integer"
            found = {"type": kind, "enum": list(field.choices)}
        case Whole():
            found = {"type": "integer", "minimum": -INT32, "maximum": INT32, **field.rule}
        case _:
            found = {"type": "string", **getattr(field, "rule", {})}
    return found
