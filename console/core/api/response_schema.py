"""Objects of responses, each one table: a field's name, type, versions, and how its value is read.

`render` builds the body in the form of the version that was requested, and the OpenAPI document of each
version is made of the same tables (contract section 1.3). Without `get` a value is the row's attribute of
the field's name. What a page needs beside its rows is loaded once, and given as `Context.related`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, ClassVar

from console.core.api.links import Links, format_timestamp, id_text
from console.core.api.versions import ApiVersion, form_of

Getter = Callable[[Any, Any], Any]
Body = dict[str, Any]
Renderer = Callable[[Any, Any], Body]


@dataclass(frozen=True)
class Context:
    """What getters may use beside the row; `related` has what the schema's module says."""

    version: ApiVersion
    links: Links
    related: Any = None
    # Bodies of `shared` schemas.
    bodies: dict[tuple[type[ResponseSchema], Any], Body] = field(default_factory=dict)

    @cached_property
    def form(self) -> ApiVersion:
        return form_of(self.version)


@dataclass(frozen=True, slots=True)
class JsonType:
    """A JSON Schema, and how a value is written; as it is if that is None."""

    schema: Mapping[str, Any]
    write: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class Many:
    """A list: of any iterable."""

    item: JsonType | Rendered | type[ResponseSchema]


@dataclass(frozen=True, slots=True)
class Rendered:
    """An object whose body exists already: the value is that body."""

    schema: type[ResponseSchema]


FieldType = JsonType | Many | Rendered | type["ResponseSchema"]

ANY = JsonType({})
STRING = JsonType({"type": "string"})
IDENTIFIER = JsonType({"type": "string", "format": "uuid"}, id_text)
URL = JsonType({"type": "string", "format": "uri"})
IPV4 = JsonType({"type": "string", "format": "ipv4"})
TIMESTAMP = JsonType({"type": "string", "format": "date-time"}, format_timestamp)
BOOLEAN = JsonType({"type": "boolean"})
INTEGER = JsonType({"type": "integer"})
COUNT = JsonType({"type": "integer", "minimum": 0})


def choice(*values: str | int) -> JsonType:
    """One of these words or numbers."""
    kinds = {str: "string", int: "integer"}
    return JsonType({"enum": [*values], "type": kinds[type(values[0])]})


@dataclass(frozen=True, slots=True)
class Field:
    """`since` and `until` are the first version that has it, and the first that has it no more. An
    optional one is left out while its value is None, since older clients cannot read null."""

    type: FieldType
    get: Getter | None = None
    since: ApiVersion | None = None
    until: ApiVersion | None = None
    optional: bool = False
    description: str = ""

    def is_in(self, version: ApiVersion) -> bool:
        """Whether the version's form has the field."""
        begun = self.since is None or not version.is_before(self.since)
        return begun and (self.until is None or version.is_before(self.until))


class ResponseSchema:
    """An object: its fields in the order of responses, inherited ones first. A field that is declared
    again keeps its place.

    With `shared` many rows of a page may lead to one row of this kind: within a response its body is made
    once for each `id`.
    """

    fields: ClassVar[Mapping[str, Field]] = {}
    # For the document only: the schemas of a response that has one of several.
    one_of: ClassVar[tuple[type[ResponseSchema], ...]] = ()
    is_shared: ClassVar[bool]
    # Compiled, by the form.
    _renderers: ClassVar[dict[ApiVersion, Renderer]]

    def __init_subclass__(cls, *, shared: bool = False) -> None:
        own = {name: one for name, one in vars(cls).items() if isinstance(one, Field)}
        cls.fields = {**cls.fields, **own}
        cls.is_shared, cls._renderers = shared, {}

    @classmethod
    def renderer(cls, form: ApiVersion) -> Renderer:
        """`render` for one form."""
        found = cls._renderers.get(form)
        if found is None:
            found = cls._renderers[form] = _compile(cls, form)
        return found

    @classmethod
    def introduced(cls, version: ApiVersion) -> frozenset[str]:
        """Names of the fields that this version was the first to have."""
        return frozenset(name for name, one in cls.fields.items() if one.since == version)


class Always:
    """A getter of one value, the same for all rows; it cannot be changed."""

    __slots__ = ("value",)

    def __init__(self, value: str | int) -> None:
        self.value = value

    def __call__(self, row: Any, context: Any) -> Any:
        return self.value


def constant(value: str | int, *, since: ApiVersion | None = None, until: ApiVersion | None = None) -> Field:
    """A field with one value only."""
    return Field(choice(value), Always(value), since, until)


def attribute(path: str) -> Getter:
    """The row's attribute of another name, or of a related row: `gateway.name`."""
    read = attrgetter(path)
    return lambda row, context: read(row)


def item(key: str) -> Getter:
    """Of a row that is a mapping, as columns of JSON hold them."""
    return lambda row, context: row[key]


def same_row(row: Any, context: Any) -> Any:
    """For an object that only groups fields of its parent's row, and for a row that is a plain value."""
    return row


def nothing(row: Any, context: Any) -> tuple[()]:
    """For a list that is empty here."""
    return ()


def link_to(collection: str, parent: str = "", name: str = "", ident: str = "id") -> Getter:
    """The link to the row in a collection; with the attribute `parent` of the row, which is an id, in that
    object's collection `name`."""
    read = attrgetter(ident)
    if not parent:
        return lambda row, context: context.links.href(collection, read(row))
    read_parent = attrgetter(parent)
    return lambda row, context: context.links.href(
        f"{collection}/{id_text(read_parent(row))}/{name}", read(row)
    )


def crn_of(kind: str) -> Getter:
    """The CRN of the row, in the region."""
    return lambda row, context: context.links.crn(kind, row.id)


def render(schema: type[ResponseSchema], row: Any, context: Context) -> Body:
    """The body of the row, in the form of the context's version."""
    return schema.renderer(context.form)(row, context)


def _compile(schema: type[ResponseSchema], form: ApiVersion) -> Renderer:
    """All that does not depend on the row is done here, once."""
    fields = {name: one for name, one in schema.fields.items() if one.is_in(form)}
    # In the order of the response, with what never changes.
    template = {name: one.get.value if isinstance(one.get, Always) else None for name, one in fields.items()}
    plain = [name for name, one in fields.items() if _is_plain(one)]
    read_plain = attrgetter(*plain) if len(plain) > 1 else None
    readers = [
        (name, _reader(name, one, form))
        for name, one in fields.items()
        if not isinstance(one.get, Always) and (read_plain is None or name not in plain)
    ]
    optional = [name for name, one in fields.items() if one.optional]

    def body_of(row: Any, context: Any) -> Body:
        body = template.copy()
        if read_plain is not None:
            body.update(zip(plain, read_plain(row), strict=True))
        for name, read in readers:
            body[name] = read(row, context)
        for name in optional:
            if body[name] is None:
                del body[name]
        return body

    return body_of


def _is_plain(field: Field) -> bool:
    """Whether the value is an attribute that is written as it is."""
    return field.get is None and isinstance(field.type, JsonType) and field.type.write is None


def _reader(name: str, field: Field, form: ApiVersion) -> Getter:
    """Reads a value and writes it, with few calls: it runs for every field of every row."""
    get, write = field.get or attribute(name), _writer(field.type, form)
    if write is None:
        return get
    if field.optional:
        return lambda row, context: None if (value := get(row, context)) is None else write(value, context)
    if get is same_row:
        return write
    if field.get is None:
        read = attrgetter(name)
        if isinstance(field.type, JsonType) and (convert := field.type.write) is not None:
            return lambda row, context: convert(read(row))
        return lambda row, context: write(read(row), context)
    return lambda row, context: write(get(row, context), context)


def _writer(kind: FieldType, form: ApiVersion) -> Getter | None:
    """Writes a value of the type; None where that is the value itself."""
    if isinstance(kind, Many):
        write_one = _writer(kind.item, form)
        if write_one is None:
            return lambda values, context: list(values)
        return lambda values, context: [write_one(value, context) for value in values]
    if isinstance(kind, Rendered):
        return None
    if isinstance(kind, JsonType):
        convert = kind.write
        return None if convert is None else lambda value, context: convert(value)
    return _shared(kind, form) if kind.is_shared else kind.renderer(form)


def _shared(kind: type[ResponseSchema], form: ApiVersion) -> Renderer:
    write = kind.renderer(form)

    def body_of(row: Any, context: Any) -> Body:
        bodies, key = context.bodies, (kind, row.id)
        found = bodies.get(key)
        if found is None:
            found = bodies[key] = write(row, context)
        body: Body = found
        return body

    return body_of
