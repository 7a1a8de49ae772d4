"""Every field of every response table is rendered, in exactly the versions whose document has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import pytest
from django.urls import resolve

from console.core.actor import Role
from console.core.api.openapi.document import document
from console.core.api.response_schema import FieldType, Many, Rendered, ResponseSchema
from console.core.api.responses import Page
from console.core.api.versions import FORMS, GENERATION_2, ApiVersion
from tests.factories import Party, connection_fields, make_connection, make_vpc, nested, path_of
from tests.openapi.places import filled, places_of, populate
from tests.openapi.test_responses import FORM
from vpn.api.responses.gateways import ServiceConnection, ServiceCreator
from vpn.models import Connection, Gateway
from vpn.services.connections import create_connection

pytestmark = pytest.mark.django_db
# There are none: their tables are for the document.
NEVER = (ServiceConnection, ServiceCreator)


@pytest.fixture
def row(ana: Party) -> Connection:
    """With something in every list, and a peer of each kind beside it."""
    row = populate(ana)
    given = connection_fields(2, peer_fqdn="vpn.example.com", api_generation=2)
    del given["peer_address"]
    create_connection(ana.editor, row.gateway_id, nested(given))
    make_vpc(ana)
    reasons = [{"code": "internal_error", "message": "It broke.", "cause": "not shown"}]
    Connection.objects.update(status_reasons=reasons)
    Gateway.objects.update(lifecycle_reasons=reasons, health_reasons=reasons)
    row.gateway.members.update(health_reasons=reasons)
    return row


def inner(kind: FieldType) -> FieldType:
    while isinstance(kind, Many):
        kind = kind.item
    return kind.schema if isinstance(kind, Rendered) else kind


def tables(schemas: Iterable[type[ResponseSchema]], form: ApiVersion) -> set[type[ResponseSchema]]:
    """These, and all that the fields of the version lead to."""
    found: set[type[ResponseSchema]] = set()
    left = list(schemas)
    while left:
        table = left.pop()
        if table not in found:
            found.add(table)
            kinds = (inner(field.type) for field in table.fields.values() if field.is_in(form))
            left += [kind for kind in kinds if isinstance(kind, type)]
    return found


def rendered(kind: FieldType, value: Any, form: ApiVersion) -> Iterator[tuple[type[ResponseSchema], str]]:
    """Each field in the value, whose objects have no other fields than their tables in that form."""
    if isinstance(kind, Many):
        assert isinstance(value, list)
        for one in value:
            yield from rendered(kind.item, one, form)
    elif isinstance(kind, Rendered):
        yield from rendered(kind.schema, value, form)
    elif isinstance(kind, type):
        fields = {name: field for name, field in kind.fields.items() if field.is_in(form)}
        assert value.keys() <= fields.keys(), kind
        assert {name for name, field in fields.items() if not field.optional} <= value.keys(), kind
        for name, one in value.items():
            yield kind, name
            yield from rendered(fields[name].type, one, form)


def views(form: ApiVersion, places: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """The path and the view of each object and list that the form's document has."""
    for path, operations in document(form)["paths"].items():
        if path.startswith("/v1") and "get" in operations:
            where = filled(path, places)
            view = cast(Any, resolve(where).func).view_class
            if "GET" in view.responses:
                yield where, view


@FORM
def test_every_field_is_rendered_in_the_versions_that_have_it(
    form: ApiVersion, ana: Party, row: Connection
) -> None:
    seen: set[tuple[type[ResponseSchema], str]] = set()
    schemas: set[type[ResponseSchema]] = set()
    for where, view in views(form, places_of(row)):
        schema = view.responses["GET"]
        schemas.add(schema)
        response = ana.api.get(where, version=f"{form.date}&generation={form.generation}")
        if response.status_code == 200:
            seen |= {*rendered(schema, response.json(), form)}
    fields = {
        (table, name)
        for table in tables(schemas, form)
        for name, field in table.fields.items()
        # All lists are whole here.
        if table not in NEVER and field.is_in(form) and not (name == "next" and issubclass(table, Page))
    }
    assert {(table.__name__, name) for table, name in fields ^ seen} == set()
    assert len(fields) > 200


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_document_has_the_fields_of_the_tables(form: ApiVersion, ana: Party, row: Connection) -> None:
    documented = document(form)["components"]["schemas"]
    schemas = [view.responses["GET"] for _, view in views(form, places_of(row))]
    for table in tables(schemas, form):
        fields = {name for name, field in table.fields.items() if field.is_in(form)}
        assert documented[table.__name__]["properties"].keys() == fields, table


@pytest.mark.parametrize("form", (FORMS[0], FORMS[-1]), ids=str)
def test_versions_of_fields_are_forms(form: ApiVersion, ana: Party, row: Connection) -> None:
    """A body is rendered as in the first version of its form: within one nothing may begin or end."""
    schemas = [view.responses["GET"] for _, view in views(form, places_of(row))]
    for table in tables(schemas, form):
        for name, field in table.fields.items():
            assert {field.since, field.until} <= {None, *FORMS}, (table, name)


def test_what_an_older_version_does_not_have_is_as_in_the_first_that_has_it(
    ana: Party, row: Connection
) -> None:
    path = f"{path_of(row.gateway)}/members"
    first = ana.api.get(path, version=f"{GENERATION_2.date}&generation=2").json()
    assert ana.api.get(path).json() == first
    assert {"id", "href", "status"} <= first["members"][0].keys()


def test_keys_that_are_not_shown_are_not_opened(
    ana: Party, row: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_psk(self: Connection) -> str:
        raise AssertionError("opened")

    make_connection(ana, row.gateway, 7)
    monkeypatch.setattr(Connection, "open_psk", open_psk)
    viewer = ana.api_as(Role.VIEWER)
    shown = viewer.get(f"{path_of(row.gateway)}/connections").json()["connections"]
    assert {one["psk"] for one in [*shown, viewer.get(path_of(row)).json()]} == {"********"}
    assert ana.api.get(path_of(row)).status_code == 500, "an editor's would be opened"
