"""Peers that name themselves alike: refused in both orders, by every way in, with the names of both
connections. Addresses of tunnels within the CIDRs that tunnels carry: accepted."""

from __future__ import annotations

from typing import Any

import pytest

from console.core.errors import Invalid
from tests.factories import (
    Party,
    connection_fields,
    errors_of,
    make_connection,
    make_gateway,
    make_subnet,
    nested,
    path_of,
)
from vpn.models import Connection, Gateway
from vpn.services.connections import update_connection
from vpn.services.pairs import End, connect

NEW = "2026-10-06&generation=2"
FAILURE, NOT_VALID = "validation_failure", "vpn_connection_cidr_not_valid"
NAMED = {"type": "fqdn", "value": "branch.example.com"}
KEY = {"type": "key_id", "value": "AAE="}


@pytest.fixture
def gateway(ana: Party) -> Gateway:
    return make_gateway(ana)


def post(ana: Party, gateway: Gateway, number: int, version: str = NEW, **changes: Any) -> Any:
    flat = connection_fields(number, **changes)
    body = nested({name: value for name, value in flat.items() if value != ""})
    return ana.api.post(f"{path_of(gateway)}/connections", body, version=version)


ADDRESS = {"type": "ipv4_address", "value": "203.0.113.2"}
ALIKE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"peer_identity": NAMED}, {"peer_identity": NAMED}),
    ({"peer_identity": NAMED}, {"peer_identity": {"type": "hostname", "value": "BRANCH.example.COM"}}),
    ({"peer_identity": KEY}, {"peer_identity": {"type": "key_id", "value": "AAF="}}),
    ({"peer_identity": NAMED}, {"peer_address": "", "peer_fqdn": "Branch.Example.com."}),
    # The default of connection 1 is its peer's address.
    ({}, {"peer_identity": ADDRESS}),
    (
        {"peer_identity": NAMED, "local_identity": KEY},
        {"peer_identity": NAMED, "local_identity": {"type": "key_id", "value": "AAF="}},
    ),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
@pytest.mark.parametrize("turned", [False, True])
def test_two_enabled_peers_do_not_name_themselves_alike(
    ana: Party, gateway: Gateway, one: dict[str, Any], other: dict[str, Any], turned: bool
) -> None:
    bodies = [(1, one), (2, other)]
    (first, given), (second, wanted) = reversed(bodies) if turned else bodies
    assert post(ana, gateway, first, **given).status_code == 201
    response = post(ana, gateway, second, **wanted)
    place = (
        "peer.ike_identity"
        if "peer_identity" in wanted
        else "peer.fqdn"
        if wanted.get("peer_fqdn")
        else "peer.address"
    )
    assert errors_of(response) == [(FAILURE, place)]
    message = response.json()["errors"][0]["message"]
    assert "connection-1" in message and "connection-2" in message
    # Beside it, disabled, it may be; enabled it may not become.
    assert post(ana, gateway, second, **wanted, admin_state_up=False).status_code == 201
    row = Connection.objects.get(name=f"connection-{second}")
    enabled = ana.api.patch(path_of(row), {"admin_state_up": True}, version=NEW)
    assert errors_of(enabled) == [(FAILURE, place)]
    assert ana.api.patch(path_of(row), {"name": "another"}, version=NEW).status_code == 200
    sibling = Connection.objects.get(name=f"connection-{first}")
    assert ana.api.patch(path_of(sibling), {"admin_state_up": False}, version=NEW).status_code == 200
    assert ana.api.patch(path_of(row), {"admin_state_up": True}, version=NEW).status_code == 200
    again = ana.api.patch(path_of(sibling), {"admin_state_up": True}, version=NEW)
    assert [code for code, _ in errors_of(again)] == [FAILURE] and "another" in again.json()["errors"][0][
        "message"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"peer_identity": NAMED}, {"peer_identity": {"type": "fqdn", "value": "branch2.example.com"}}),
        ({"peer_identity": NAMED}, {"peer_identity": NAMED, "local_identity": KEY}),
        ({"peer_identity": NAMED}, {"peer_identity": NAMED, "peer_address": "203.0.113.2"}),
        (
            {"peer_identity": {"type": "hostname", "value": "203.0.113.9"}},
            {"peer_identity": ADDRESS | {"value": "203.0.113.9"}},
        ),
        ({"peer_identity": KEY}, {"peer_identity": {"type": "key_id", "value": "AAI="}}),
        ({}, {}),
    ],
)
def test_peers_with_different_identities_coexist(
    ana: Party, gateway: Gateway, one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert post(ana, gateway, 1, **one).status_code == post(ana, gateway, 2, **other).status_code == 201


def test_two_gateways_may_know_peers_of_one_name(ana: Party, gateway: Gateway) -> None:
    other = make_gateway(ana)
    for number, place in ((1, gateway), (2, other)):
        assert post(ana, place, number, peer_identity=NAMED).status_code == 201


def test_a_peer_does_not_move_to_where_another_names_itself_so(ana: Party, gateway: Gateway) -> None:
    assert post(ana, gateway, 1, peer_identity=ADDRESS | {"value": "203.0.113.77"}).status_code == 201
    row = make_connection(ana, gateway, 2)
    for version, body, place in (
        ("2019-01-01", {"peer_address": "203.0.113.77"}, "peer_address"),
        (NEW, {"peer": {"address": "203.0.113.77"}}, "peer.address"),
    ):
        response = ana.api.patch(path_of(row), body, version=version)
        assert errors_of(response) == [(FAILURE, place)]
    with pytest.raises(Invalid, match="connection-1"):
        update_connection(ana.editor, gateway.pk, row.pk, {"peer": {"address": "203.0.113.77"}})


def test_at_its_own_address_the_gateway_answers_itself(ana: Party, gateway: Gateway) -> None:
    row = make_connection(ana, gateway, 1)
    response = ana.api.put(f"{path_of(row)}/peer_cidrs/{gateway.public_address}/32")
    assert errors_of(response) == [(NOT_VALID, "cidr")]
    assert "the gateway's own public address" in response.json()["errors"][0]["message"]
    fields = connection_fields(2, peer_cidrs=[f"{gateway.public_address}/32"])
    response = ana.api.post(f"{path_of(gateway)}/connections", fields)
    assert errors_of(response) == [(NOT_VALID, "peer_cidrs[0]")]
    # A wider one loses no more than that address.
    assert ana.api.put(f"{path_of(row)}/peer_cidrs/198.18.0.0/16").status_code == 204


def test_a_campus_whose_gateway_is_in_it_is_accepted(ana: Party, gateway: Gateway) -> None:
    """So is a peer CIDR that holds another connection's peer: what leads to peers wins."""
    make_connection(ana, gateway, 1, peer_address="198.18.77.1", peer_cidrs=["198.18.77.0/24"])
    make_connection(ana, gateway, 2, peer_address="198.18.77.2", peer_cidrs=["10.9.0.0/16"])
    make_connection(ana, gateway, 3, peer_address="10.9.0.1")
    row = make_connection(ana, gateway, 4, local_cidrs=["198.18.0.0/25"])
    for cidr in ("198.18.128.0/17", "203.0.113.0/24", "198.18.1.0/32"):
        assert ana.api.put(f"{path_of(row)}/local_cidrs/{cidr}").status_code == 204


def test_pairs_and_forms_say_the_same(ana: Party, gateway: Gateway) -> None:
    there = make_gateway(ana, make_subnet(ana, cidr="192.168.7.0/24"))
    identity = ADDRESS | {"value": there.public_address}
    assert post(ana, gateway, 1, peer_identity=identity).status_code == 201
    with pytest.raises(Invalid, match="connection-1 have different peers") as refused:
        connect(
            ana.editor,
            End(gateway_id=gateway.pk, local_cidrs=("192.168.100.0/24",)),
            End(gateway_id=there.pk, local_cidrs=("192.168.7.0/24",)),
            {},
        )
    assert [v.field for v in refused.value.violations] == ["here.peer.address"]
    posted = {
        "name": "by-form", "peer_address": there.public_address, "psk": "VPNDemoPassword",
        "dpd_action": "none", "local_cidrs": "192.168.100.0/24", "peer_cidrs": "10.8.0.0/16",
    }  # fmt: skip
    page = ana.browser().post(f"/gateways/{gateway.pk}/connections/new", posted)
    assert b"The connections by-form and connection-1 have different peers" in page.content
    assert Connection.objects.filter(gateway=gateway).count() == 1
