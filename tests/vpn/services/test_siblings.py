"""Rules between connections, as far as the service must find the right neighbours for them."""

from __future__ import annotations

from typing import Any

import pytest

from console.core.actor import Role
from console.core.errors import Conflict, NotAllowed
from console.core.models import AuditEvent
from tests.factories import (
    Party,
    connection_fields,
    errors_of,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_subnet,
    path_of,
)
from vpn.models import Connection, Gateway
from vpn.services.connections import restart_connection
from vpn.services.gateways import delete_gateway
from vpn.services.keys import reveal_key

OVERLAP = "vpn_connection_cidr_overlap"


@pytest.fixture
def gateways(ana: Party) -> tuple[Gateway, Gateway]:
    """Two of one VPC."""
    subnet = make_subnet(ana)
    return make_gateway(ana, subnet), make_gateway(ana, subnet)


@pytest.mark.parametrize(
    ("theirs", "ours", "meets"),
    [
        ("10.9.0.7/32", "10.9.0.7/32", True),
        ("10.9.0.0/24", "10.9.0.0/32", True),
        ("10.9.0.0/24", "10.9.0.255/32", True),
        ("10.9.0.0/32", "10.9.0.0/24", True),
        ("10.9.0.255/32", "10.9.0.0/24", True),
        ("10.9.0.0/24", "10.8.255.255/32", False),
        ("10.9.0.0/24", "10.9.1.0/32", False),
    ],
)
def test_one_address_in_common_is_enough(
    ana: Party, gateways: tuple[Gateway, Gateway], theirs: str, ours: str, meets: bool
) -> None:
    one, two = gateways
    make_connection(ana, one, 1, peer_cidrs=[theirs])
    response = ana.api.post(f"{path_of(two)}/connections", connection_fields(2, peer_cidrs=[ours]))
    assert response.status_code == (400 if meets else 201), response.content
    assert not meets or errors_of(response) == [(OVERLAP, "peer_cidrs[0]")]


def test_a_gateway_that_goes_gives_its_cidrs_free(ana: Party, gateways: tuple[Gateway, Gateway]) -> None:
    one, two = gateways
    make_connection(ana, one, 1)
    fields = connection_fields(2, peer_cidrs=["10.1.0.0/24"])
    assert errors_of(ana.api.post(f"{path_of(two)}/connections", fields)) == [(OVERLAP, "peer_cidrs[0]")]
    delete_gateway(ana.editor, one.pk)
    assert ana.api.post(f"{path_of(two)}/connections", fields).status_code == 201


@pytest.mark.parametrize("change", [{"peer_address": "203.0.113.2"}, {"admin_state_up": True}])
@pytest.mark.parametrize("field", ["psk", "ike_policy"])
def test_a_change_towards_a_shared_peer_is_checked_for_what_both_share(
    ana: Party, gateways: tuple[Gateway, Gateway], change: dict[str, object], field: str
) -> None:
    gateway = gateways[0]
    make_connection(ana, gateway, 1)
    differs: dict[str, Any] = {"psk": "AnotherPassword1"}
    if field == "ike_policy":
        differs = {field: {"id": str(make_ike_policy(ana).pk)}}
    apart = {"admin_state_up": False, "peer_address": "203.0.113.2"} if "admin_state_up" in change else {}
    row = make_connection(ana, gateway, 2, **(differs | apart))
    assert errors_of(ana.api.patch(path_of(row), change)) == [("validation_failure", field)]
    row.refresh_from_db()
    assert {name: getattr(row, name) for name in change} != change


def test_a_peer_may_be_all_of_its_own_cidr(ana: Party, gateways: tuple[Gateway, Gateway]) -> None:
    """Routes to peers have a table of their own; both orders."""
    row = make_connection(ana, gateways[0], 1, peer_cidrs=["198.51.100.7/32"])
    assert ana.api.patch(path_of(row), {"peer_address": "198.51.100.7"}).status_code == 200
    assert ana.api.delete(f"{path_of(row)}/peer_cidrs/198.51.100.7/32").status_code == 400
    assert ana.api.put(f"{path_of(row)}/peer_cidrs/10.77.0.0/16").status_code == 204
    assert ana.api.delete(f"{path_of(row)}/peer_cidrs/198.51.100.7/32").status_code < 300
    assert ana.api.put(f"{path_of(row)}/peer_cidrs/198.51.100.7/32").status_code == 204


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("PUT", "/peer_cidrs/10.77.0.0/16", None),
        ("DELETE", "/peer_cidrs/10.1.0.0/24", None),
        ("PATCH", "", {"name": "other"}),
        ("DELETE", "", None),
    ],
)
def test_what_a_deleting_gateway_has_stays_as_it_is(
    ana: Party, gateways: tuple[Gateway, Gateway], method: str, tail: str, body: object
) -> None:
    row = make_connection(ana, gateways[0], 1, peer_cidrs=["10.1.0.0/24", "10.2.0.0/24"])
    delete_gateway(ana.editor, row.gateway_id)
    response = ana.api(method, f"{path_of(row)}{tail}", body)
    assert (response.status_code, errors_of(response)[0][0]) == (409, "vpn_gateway_invalid_state")
    assert Connection.objects.get(pk=row.pk).cidrs.filter(side="peer").count() == 2


def test_a_deleting_gateway_restarts_nothing(ana: Party, gateways: tuple[Gateway, Gateway]) -> None:
    row = make_connection(ana, gateways[0])
    delete_gateway(ana.editor, row.gateway_id)
    with pytest.raises(Conflict):
        restart_connection(ana.editor, row.gateway_id, row.pk)
    assert Connection.objects.get(pk=row.pk).restart_at is None


@pytest.mark.parametrize(("method", "word"), [("PUT", "add"), ("DELETE", "remove")])
@pytest.mark.parametrize("side", ["local", "peer"])
def test_each_cidr_is_in_the_audit_trail(
    ana: Party, gateways: tuple[Gateway, Gateway], method: str, word: str, side: str
) -> None:
    cidrs = {"local": ["192.168.100.0/25", "192.168.100.128/25"], "peer": ["10.1.0.0/24", "10.2.0.0/24"]}
    row = make_connection(ana, gateways[0], 1, local_cidrs=cidrs["local"], peer_cidrs=cidrs["peer"])
    cidr = "10.77.0.0/16" if method == "PUT" else cidrs[side][1]
    after = [*cidrs[side], cidr] if method == "PUT" else cidrs[side][:1]
    assert ana.api(method, f"{path_of(row)}/{side}_cidrs/{cidr}").status_code == 204
    event = AuditEvent.objects.latest("pk")
    assert event.action == f"vpn_connection.{word}_{side}_cidr" and event.target_id == str(row.pk)
    assert event.changes == {f"{side}_cidrs": [cidrs[side], after]}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_a_key_is_shown_to_editors_only(ana: Party, role: Role) -> None:
    row = make_connection(ana)
    before = AuditEvent.objects.count()
    with pytest.raises(NotAllowed):
        reveal_key(ana.actor(role), row.gateway_id, row.pk)
    assert AuditEvent.objects.count() == before
    assert reveal_key(ana.editor, row.gateway_id, row.pk).value == row.open_psk()
