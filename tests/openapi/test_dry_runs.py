"""Every operation that can end a tunnel has a dry run that reports it."""

from __future__ import annotations

from typing import Any

import pytest

from console.core.api.versions import FORMS, ApiVersion
from tests.factories import Party, errors_of
from tests.openapi.places import filled, places_of, populate
from tests.openapi.test_responses import FORM, Reader, is_unsupported
from tests.vpn.up import up
from vpn.models import Connection
from vpn.services.interruptions import watch_interruptions

pytestmark = pytest.mark.django_db
CHANGING = ("put", "patch", "delete")
# What no tunnel depends on. All others must have a dry run, also those that do not exist yet.
ENDS_NONE = {
    ("patch", "/v1/vpn_gateways/{vpn_gateway_id}"),
    *(
        (method, f"/v1/{path}")
        for method in ("patch", "delete")
        for path in (
            "vpcs/{vpc_id}",
            "vpcs/{vpc_id}/address_prefixes/{prefix_id}",
            "subnets/{subnet_id}",
            "instances/{instance_id}",
        )
    ),
}
COUNT = "interrupted_connections"


@pytest.fixture
def row(ana: Party) -> Connection:
    return up(populate(ana), ike_suite="aes128-sha256-modp2048", esp_suite="aes128-sha256")


def changing(reader: Reader) -> list[tuple[str, str, dict[str, Any]]]:
    """Those that are not there to say why they do nothing."""
    return [
        (method, path, operation)
        for method in CHANGING
        for path, operation in reader.operations(method)
        if not is_unsupported(operation)
    ]


def has_dry_run(reader: Reader, operation: dict[str, Any]) -> bool:
    """Whether it takes the parameter, and one of its answers has the number."""
    content = operation["responses"].get("200", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    names = [one["name"] for one in operation["parameters"]]
    return "dry_run" in names and COUNT in _properties(reader, schema)


def _properties(reader: Reader, schema: dict[str, Any]) -> set[str]:
    """Of all forms that an answer may have."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _properties(reader, reader.document["components"]["schemas"][name])
    own = set(schema.get("properties", {}))
    return own.union(*(_properties(reader, one) for one in schema.get("oneOf", ())))


@FORM
def test_what_can_end_a_tunnel_has_a_dry_run(form: ApiVersion, ana: Party, row: Connection) -> None:
    reader = Reader(form, ana.api, places_of(row))
    found = changing(reader)
    assert len(found) >= 18
    lacking = {(m, path) for m, path, operation in found if not has_dry_run(reader, operation)}
    assert lacking == ENDS_NONE


def test_a_dry_run_matches_the_document_and_changes_nothing(ana: Party, row: Connection) -> None:
    """Of all of them in turn: had one been carried out, the next would not be there."""
    ended: dict[tuple[str, str], int] = {}
    for form in (FORMS[0], FORMS[-1]):
        reader = Reader(form, ana.api, places_of(row))
        for method, path, _ in changing(reader):
            if (method, path) in ENDS_NONE:
                continue
            body = {"name": "tried"} if method == "patch" else None
            response = reader.ask(method, path, body, query="&dry_run=true")
            if path.startswith(("/v1/ike", "/v1/ipsec")) and method == "delete":
                assert response.status_code == 409, path
                continue
            if method == "delete" and "cidr" in path:
                # The last one of its side stays.
                assert response.status_code == 400, path
                continue
            assert response.status_code == 200, (method, path, response.content)
            ended[method, path] = response.json()[COUNT]
    assert Connection.objects.get().name == row.name
    deletions = {path for (method, path), count in ended.items() if count}
    assert deletions == {
        "/v1/vpn_gateways/{vpn_gateway_id}",
        "/v1/vpn_gateways/{vpn_gateway_id}/connections/{connection_id}",
    }


def test_the_others_end_none(ana: Party, row: Connection) -> None:
    """They are carried out, as far as the present state allows it."""
    reader = Reader(FORMS[-1], ana.api, places_of(row))
    ended_by = watch_interruptions(Connection.objects.all())
    for method, path in sorted(ENDS_NONE, key=lambda one: (one[0] != "patch", one[1])):
        body = {"name": "renamed"} if method == "patch" else None
        tried = ana.api(method.upper(), f"{filled(path, reader.places)}?dry_run=true", body)
        assert (tried.status_code, errors_of(tried)) == (400, [("bad_request", "dry_run")]), path
        assert reader.ask(method, path, body).status_code in (200, 202, 204, 409), path
    assert ended_by() == []
    assert Connection.objects.get().status == "up"
