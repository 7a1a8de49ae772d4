"""One table per object: what is rendered of it in which version."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.test import RequestFactory

from console.core.api.links import Links
from console.core.api.response_schema import (
    COUNT,
    IDENTIFIER,
    STRING,
    TIMESTAMP,
    URL,
    Context,
    Field,
    Many,
    Rendered,
    ResponseSchema,
    attribute,
    choice,
    constant,
    crn_of,
    item,
    link_to,
    nothing,
    render,
    same_row,
)
from console.core.api.versions import FORMS, GENERATION_2, HEALTH, ApiVersion

ID = UUID("0738a3b2-5c1d-4e6f-8a90-b1c2d3e4f506")
OLDEST, NEWEST = FORMS[0], FORMS[-1]


class Part(ResponseSchema):
    number = Field(COUNT, item("number"))
    kind = constant("part", since=GENERATION_2)


class Size(ResponseSchema):
    width = Field(COUNT)
    height = Field(COUNT)


class Thing(ResponseSchema):
    id = Field(IDENTIFIER)
    href = Field(URL, link_to("things"))
    kind = constant("thing")
    made_at = Field(TIMESTAMP)
    size = Field(Size, same_row, since=HEALTH)
    note = Field(STRING, optional=True)
    part = Field(Part, optional=True)
    parts = Field(Many(Part))
    words = Field(Many(STRING), attribute("owner.words"))
    doubled = Field(COUNT, lambda thing, context: thing.width * context.related, until=HEALTH)


def thing(**changes: Any) -> Any:
    fields = {
        "id": ID,
        "made_at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        "width": 3,
        "height": 4,
        "note": None,
        "part": None,
        "parts": [{"number": 1}, {"number": 2}],
        "owner": SimpleNamespace(words=("a", "b")),
    }
    return SimpleNamespace(**fields | changes)


def rendered(version: ApiVersion, schema: type[ResponseSchema] = Thing, row: Any = None) -> dict[str, Any]:
    links = Links(RequestFactory().get("/"), ID)
    return render(schema, row or thing(), Context(version, links, 2))


def test_the_newest_form_in_the_order_of_the_table() -> None:
    body = rendered(NEWEST)
    parts = [{"number": 1, "kind": "part"}, {"number": 2, "kind": "part"}]
    assert list(body.items()) == [
        ("id", str(ID)),
        ("href", f"http://testserver/v1/things/{ID}"),
        ("kind", "thing"),
        ("made_at", "2026-01-02T03:04:05.000006Z"),
        ("size", {"width": 3, "height": 4}),
        ("parts", parts),
        ("words", ["a", "b"]),
    ]


def test_a_version_has_the_fields_between_since_and_until() -> None:
    day_before = HEALTH._replace(date=date(2023, 10, 9))
    for version, newer in ((OLDEST, False), (GENERATION_2, False), (day_before, False), (HEALTH, True)):
        body = rendered(version)
        assert ("size" in body, "doubled" in body) == (newer, not newer), version
        assert body.get("doubled", 6) == 6
        # Within lists too.
        assert ("kind" in body["parts"][0]) == (version != OLDEST)


def test_a_getter_is_called_only_for_versions_that_have_its_field() -> None:
    class Wider(Thing):
        extra = Field(STRING, lambda thing, context: thing.nowhere, since=HEALTH)

    assert "extra" not in rendered(OLDEST, Wider)


def test_optional_fields_without_a_value_are_left_out() -> None:
    assert not {"note", "part"} & rendered(NEWEST).keys()
    body = rendered(NEWEST, row=thing(note="", part={"number": 7}))
    assert (body["note"], body["part"]) == ("", {"number": 7, "kind": "part"})


def test_a_field_that_is_declared_again_keeps_its_place() -> None:
    class Special(Thing):
        parts = replace(Thing.parts, get=nothing)
        last = constant("last", until=GENERATION_2)

    assert list(rendered(NEWEST, Special)) == list(rendered(NEWEST))
    assert rendered(NEWEST, Special)["parts"] == []
    assert list(rendered(OLDEST, Special))[-1] == "last"
    assert rendered(NEWEST)["parts"] != [], "the other one is as it was"


def test_bodies_do_not_share_what_can_be_changed() -> None:
    row = thing()
    first, second = rendered(NEWEST, row=row), rendered(NEWEST, row=row)
    first["parts"].append(1)
    first["words"].append("c")
    first["size"]["width"] = 9
    assert second == rendered(NEWEST, row=row)


def test_a_body_that_is_rendered_already_is_taken_as_it_is() -> None:
    class Wrapped(ResponseSchema):
        body = Field(Rendered(Thing))

    assert rendered(NEWEST, Wrapped, SimpleNamespace(body={"a": 1})) == {"body": {"a": 1}}


def test_what_many_rows_lead_to_is_rendered_once_for_each_id() -> None:
    class Owner(ResponseSchema, shared=True):
        id = Field(STRING)
        name = Field(STRING, lambda owner, context: context.related.append(owner.id) or owner.name)

    class Owned(ResponseSchema):
        owner = Field(Owner)

    class All(ResponseSchema):
        rows = Field(Many(Owned))

    owners = [SimpleNamespace(id=ident, name=ident.upper()) for ident in ("a", "b", "a")]
    page = SimpleNamespace(rows=[SimpleNamespace(owner=owner) for owner in owners])
    calls: list[str] = []
    body = render(All, page, Context(NEWEST, Links(RequestFactory().get("/"), ID), calls))
    assert [one["owner"]["name"] for one in body["rows"]] == ["A", "B", "A"]
    assert calls == ["a", "b"]
    render(All, page, Context(NEWEST, Links(RequestFactory().get("/"), ID), calls))
    assert calls == ["a", "b"] * 2, "of one response only"


def test_names_that_a_version_introduced() -> None:
    assert Thing.introduced(HEALTH) == {"size"} and Part.introduced(GENERATION_2) == {"kind"}
    assert Thing.introduced(GENERATION_2) == frozenset()


def test_an_attribute_that_rows_do_not_have_is_an_error() -> None:
    for missing in ("id", "width", "parts", "owner"):
        row = thing()
        delattr(row, missing)
        try:
            rendered(NEWEST, row=row)
        except AttributeError as error:
            assert missing in str(error)
        else:
            raise AssertionError(missing)


def test_types_and_links() -> None:
    assert choice("a", "b").schema == {"type": "string", "enum": ["a", "b"]}
    assert choice(1, 2).schema == {"type": "integer", "enum": [1, 2]}
    assert crn_of("vpn")(thing(), Context(NEWEST, Links(RequestFactory().get("/"), ID))).endswith(
        f"::vpn:{ID}"
    )
