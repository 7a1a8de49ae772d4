from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any
from uuid import uuid4

import pytest

from console.core.actor import Role
from tests.factories import (
    PSK,
    Party,
    connection_fields,
    errors_of,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_ipsec_policy,
    path_of,
    raise_quotas,
)
from vpn.models import Connection, Gateway

SEED = {
    "id", "name", "href", "local_cidrs", "peer_cidrs", "peer_address", "admin_state_up", "psk",
    "dead_peer_detection", "created_at", "route_mode", "authentication_mode", "status",
}  # fmt: skip
ADDITIONS = {"mode", "resource_type", "status_reasons", "establish_mode"}


def test_the_shape_of_the_seed(ana: Party) -> None:
    gateway = make_gateway(ana)
    made = ana.api.post(f"{path_of(gateway)}/connections", connection_fields(1))
    assert made.status_code == 201
    body = made.json()
    assert set(body) == SEED | ADDITIONS, "no key for a policy that is not there"
    assert body["href"] == f"http://testserver{path_of(gateway)}/connections/{body['id']}"
    assert connection_fields(1).items() <= body.items()
    assert body["dead_peer_detection"] == {"action": "none", "interval": 30, "timeout": 120}
    assert (body["admin_state_up"], body["status"], body["psk"]) == (True, "down", PSK)
    assert (body["route_mode"], body["authentication_mode"]) == ("policy", "psk")
    path = f"{path_of(gateway)}/connections"
    assert ana.api.get(f"{path}/{body['id']}").json() == body
    listed = ana.api.get(f"{path}?limit=10").json()
    assert listed["connections"] == [body]
    assert (listed["limit"], listed["total_count"]) == (10, 1)
    assert listed["first"]["href"] == f"http://testserver{path}?limit=10"


def test_policies_by_reference_and_back_to_auto_negotiation(ana: Party) -> None:
    ike, ipsec = make_ike_policy(ana), make_ipsec_policy(ana)
    gateway = make_gateway(ana)
    href = f"http://testserver/v1/ipsec_policies/{ipsec.pk}"
    fields = connection_fields(1, ike_policy={"id": str(ike.pk)}, ipsec_policy={"href": href})
    body = ana.api.post(f"{path_of(gateway)}/connections", fields).json()
    assert body["ike_policy"]["id"] == str(ike.pk)
    assert body["ipsec_policy"] == {
        "id": str(ipsec.pk),
        "href": href,
        "name": ipsec.name,
        "resource_type": "ipsec_policy",
    }
    path = body["href"].removeprefix("http://testserver")
    changed = ana.api.patch(path, {"ike_policy": None}, content_type="application/merge-patch+json").json()
    assert "ike_policy" not in changed and changed["ipsec_policy"]["id"] == str(ipsec.pk)


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "1x"}, "vpn_connection_invalid_name", "name"),
    ({"name": "x" * 64}, "vpn_connection_invalid_name", "name"),
    ({"name": "taken"}, "vpn_connection_duplicate_name", "name"),
    ({"name": None}, "validation_not_null", "name"),
    ({"peer_address": "OWN"}, "validation_invalid_ipv4_address", "peer_address"),
    ({"peer_address": "224.0.0.1"}, "validation_invalid_ipv4_address", "peer_address"),
    ({"peer_address": str(IPv4Address(0))}, "validation_invalid_ipv4_address", "peer_address"),
    ({"peer_address": "255.255.255.255"}, "validation_invalid_ipv4_address", "peer_address"),
    ({"peer_address": "127.0.0.1"}, "validation_invalid_ipv4_address", "peer_address"),
    ({"peer_address": "2001:db8::1"}, "validation_invalid_ipv4_address", "peer_address"),
    ({"peer_address": "vpn.example"}, "validation_invalid_ipv4_address", "peer_address"),
    ({"peer_address": "010.0.0.1"}, "validation_invalid_ipv4_address", "peer_address"),
    ({"peer_address": 5}, "validation_invalid_field_type", "peer_address"),
    ({"psk": "short"}, "vpn_connection_invalid_psk_format", "psk"),
    ({"psk": "x" * 129}, "vpn_connection_invalid_psk_format", "psk"),
    ({"psk": "with space"}, "vpn_connection_invalid_psk_format", "psk"),
    ({"psk": 'quo"ted-key'}, "vpn_connection_invalid_psk_format", "psk"),
    ({"psk": "0x123456"}, "vpn_connection_invalid_psk_format", "psk"),
    ({"psk": "0sabcdef"}, "vpn_connection_invalid_psk_format", "psk"),
    ({"psk": "newline-\n"}, "vpn_connection_invalid_psk_format", "psk"),
    ({"psk": "pässword"}, "vpn_connection_invalid_psk_format", "psk"),
    ({"psk": ""}, "vpn_connection_invalid_psk_format", "psk"),
    ({"psk": 123456}, "validation_invalid_field_type", "psk"),
    ({"psk": None}, "validation_not_null", "psk"),
    ({"local_cidrs": []}, "vpn_connection_local_cidrs_required", "local_cidrs"),
    ({"peer_cidrs": []}, "vpn_connection_peer_cidrs_required", "peer_cidrs"),
    ({"local_cidrs": None}, "validation_not_null", "local_cidrs"),
    ({"local_cidrs": "192.168.100.0/24"}, "validation_invalid_field_type", "local_cidrs"),
    ({"local_cidrs": [5]}, "validation_invalid_field_type", "local_cidrs[0]"),
    ({"local_cidrs": ["192.168.100.5/24"]}, "vpn_connection_cidr_not_valid", "local_cidrs[0]"),
    ({"local_cidrs": ["192.168.100.0"]}, "vpn_connection_cidr_not_valid", "local_cidrs[0]"),
    ({"local_cidrs": ["192.168.100.0/33"]}, "vpn_connection_cidr_not_valid", "local_cidrs[0]"),
    ({"local_cidrs": ["192.168.100.0/255.255.255.0"]}, "vpn_connection_cidr_not_valid", "local_cidrs[0]"),
    ({"local_cidrs": ["fd00::/64"]}, "vpn_connection_cidr_not_valid", "local_cidrs[0]"),
    ({"peer_cidrs": ["169.254.0.0/24"]}, "vpn_connection_cidr_not_valid", "peer_cidrs[0]"),
    ({"peer_cidrs": ["10.1.0.0/24", "10.1.0.0/24"]}, "vpn_connection_cidr_duplicated", "peer_cidrs[1]"),
    ({"peer_cidrs": ["10.1.0.0/24", "10.1.0.0/25"]}, "vpn_connection_cidr_overlap", "peer_cidrs[1]"),
    ({"peer_cidrs": ["192.168.100.0/24"]}, "vpn_connection_cidr_overlap", "peer_cidrs[0]"),
    ({"peer_cidrs": ["10.99.0.0/25"]}, "vpn_connection_cidr_overlap", "peer_cidrs[0]"),
    ({"admin_state_up": "yes"}, "validation_invalid_field_type", "admin_state_up"),
    ({"admin_state_up": 1}, "validation_invalid_field_type", "admin_state_up"),
    ({"admin_state_up": None}, "validation_not_null", "admin_state_up"),
    ({"dead_peer_detection": {"action": "boom"}}, "validation_enum", "dead_peer_detection.action"),
    ({"dead_peer_detection": {"interval": 0}}, "validation_min_value", "dead_peer_detection.interval"),
    ({"dead_peer_detection": {"timeout": 86400}}, "validation_max_value", "dead_peer_detection.timeout"),
    ({"dead_peer_detection": {"interval": 200}}, "validation_failure", "dead_peer_detection.timeout"),
    (
        {"dead_peer_detection": {"interval": "30"}},
        "validation_invalid_field_type",
        "dead_peer_detection.interval",
    ),
    ({"dead_peer_detection": []}, "validation_invalid_field_type", "dead_peer_detection"),
    ({"dead_peer_detection": {"speed": 1}}, "bad_field", "dead_peer_detection.speed"),
    ({"ike_policy": {"id": str(uuid4())}}, "ike_policy_not_found", "ike_policy.id"),
    ({"ipsec_policy": {"id": "nonsense"}}, "ipsec_policy_not_found", "ipsec_policy.id"),
    ({"ike_policy": {"id": 5}}, "validation_invalid_field_type", "ike_policy.id"),
    ({"ike_policy": "auto"}, "validation_invalid_field_type", "ike_policy"),
    ({"status": "up"}, "bad_field", "status"),
    ({"colour": "red"}, "bad_field", "colour"),
]


@pytest.mark.parametrize(("changes", "code", "field"), BAD)
def test_bad_values_are_refused_and_change_nothing(
    ana: Party, changes: dict[str, Any], code: str, field: str
) -> None:
    gateway = make_gateway(ana)
    make_connection(ana, gateway, 99, name="taken")
    before = Gateway.objects.get(pk=gateway.pk).generation
    if changes.get("peer_address") == "OWN":
        changes = {"peer_address": gateway.public_address}
    response = ana.api.post(f"{path_of(gateway)}/connections", connection_fields(1, **changes))
    assert response.status_code == 400
    assert errors_of(response) == [(code, field)]
    if psk := changes.get("psk"):
        assert "value" not in response.json()["errors"][0]["target"]
        assert str(psk).encode() not in response.content
    assert Connection.objects.count() == 1
    assert Gateway.objects.get(pk=gateway.pk).generation == before


def test_everything_is_a_peer_cidr_only(ana: Party) -> None:
    path = f"{path_of(make_gateway(ana))}/connections"
    refused = ana.api.post(path, connection_fields(1, local_cidrs=["0.0.0.0/0"]))
    assert ("vpn_connection_cidr_not_valid", "local_cidrs[0]") in errors_of(refused)
    assert ana.api.post(path, connection_fields(1, peer_cidrs=["0.0.0.0/0"])).status_code == 201


@pytest.mark.parametrize("field", ["peer_address", "psk"])
def test_required_fields(ana: Party, field: str) -> None:
    body = {name: value for name, value in connection_fields(1).items() if name != field}
    response = ana.api.post(f"{path_of(make_gateway(ana))}/connections", body)
    assert errors_of(response) == [("validation_required_field", field)]


def test_the_same_pair_to_the_same_peer(ana: Party) -> None:
    row = make_connection(ana, number=1)
    response = ana.api.post(f"{path_of(row.gateway)}/connections", connection_fields(1, name="again"))
    assert errors_of(response) == [("vpn_connection_pair_cidrs_duplicated", "peer_cidrs[0]")]


def test_quotas(ana: Party) -> None:
    raise_quotas(ana, connections_per_gateway=1, cidrs_per_connection=2, cidrs_per_gateway=2)
    gateway = make_gateway(ana)
    many = connection_fields(1, peer_cidrs=["10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"])
    assert set(errors_of(ana.api.post(f"{path_of(gateway)}/connections", many))) == {
        ("vpn_connection_peer_subnets_quota_exceeded_for_connection", "peer_cidrs"),
        ("vpn_connection_peer_subnets_quota_exceeded", "peer_cidrs"),
    }
    make_connection(ana, gateway)
    response = ana.api.post(f"{path_of(gateway)}/connections", connection_fields(1))
    assert response.status_code == 400
    assert errors_of(response) == [("vpn_connections_quota_exceeded", "")]


def test_a_patch_changes_what_it_names(ana: Party) -> None:
    row = make_connection(ana)
    generation = Gateway.objects.get().generation
    changes = {
        "name": "renamed",
        "peer_address": "203.0.113.77",
        "psk": "another-key",
        "admin_state_up": False,
        "dead_peer_detection": {"action": "restart"},
    }
    response = ana.api.patch(path_of(row), changes, content_type="application/merge-patch+json")
    assert response.status_code == 200
    body = response.json()
    assert body["dead_peer_detection"] == {"action": "restart", "interval": 30, "timeout": 120}
    assert {**changes, "dead_peer_detection": None}.items() <= {**body, "dead_peer_detection": None}.items()
    assert Gateway.objects.get().generation == generation + 1
    assert ana.api.patch(path_of(row), {}).status_code == 200
    assert Gateway.objects.get().generation == generation + 1, "nothing changed, nothing to do"


def test_what_a_patch_cannot_change_is_named(ana: Party) -> None:
    row = make_connection(ana)
    body = {
        "id": "x",
        "local_cidrs": ["10.9.0.0/24"],
        "peer_cidrs": [],
        "status": "up",
        "colour": 1,
        "name": "no",
    }
    response = ana.api.patch(path_of(row), body)
    assert response.status_code == 400
    names = ["id", "local_cidrs", "peer_cidrs", "status", "colour"]
    assert errors_of(response) == [("bad_field", name) for name in names]
    messages = [error["message"] for error in response.json()["errors"]]
    assert "read-only" in messages[0]
    assert "PUT or DELETE" in messages[1]
    row.refresh_from_db()
    assert row.name != "no"


@pytest.mark.parametrize(
    "changes", [{"psk": "bad key"}, {"peer_address": "x"}, {"name": "1"}, {"admin_state_up": 0}]
)
def test_a_bad_patch_changes_nothing(ana: Party, changes: dict[str, Any]) -> None:
    row = make_connection(ana)
    response = ana.api.patch(path_of(row), {"admin_state_up": False, **changes})
    assert response.status_code == 400
    row.refresh_from_db()
    assert row.admin_state_up and row.open_psk() == PSK


def test_roles(ana: Party) -> None:
    row = make_connection(ana)
    seen = ana.api_as(Role.VIEWER).get(path_of(row)).json()
    assert seen["psk"] == "********"
    listed = ana.api_as(Role.VIEWER).get(f"{path_of(row.gateway)}/connections").json()
    assert listed["connections"][0]["psk"] == "********"
    operator = ana.api_as(Role.OPERATOR)
    assert operator.get(path_of(row)).json()["psk"] == "********"
    assert ana.api_as(Role.EDITOR).get(path_of(row)).json()["psk"] == PSK
    assert operator.patch(path_of(row), {"admin_state_up": False}).json()["admin_state_up"] is False
    for api, body in (
        (operator, {"admin_state_up": True, "name": "x"}),
        (operator, {"psk": "another-key"}),
        (ana.api_as(Role.VIEWER), {"admin_state_up": True}),
    ):
        refused = api.patch(path_of(row), body)
        assert refused.status_code == 403
        assert errors_of(refused) == [("not_authorized", "")]
    assert operator.delete(path_of(row)).status_code == 403
    row.refresh_from_db()
    assert not row.admin_state_up and row.open_psk() == PSK


def test_a_body_that_a_viewer_read_does_not_change_the_key(ana: Party) -> None:
    row = make_connection(ana)
    psk = ana.api_as(Role.VIEWER).get(path_of(row)).json()["psk"]
    refused = ana.api.patch(path_of(row), {"psk": psk})
    assert errors_of(refused) == [("vpn_connection_invalid_psk_format", "psk")]
    row.refresh_from_db()
    assert row.open_psk() == PSK


@pytest.mark.parametrize(("version", "status"), [("2019-01-01", 204), ("2020-01-01", 202)])
def test_deleting_answers_by_version(ana: Party, version: str, status: int) -> None:
    policy = make_ike_policy(ana)
    row = make_connection(ana, ike_policy={"id": str(policy.pk)})
    gone = ana.api.delete(f"{path_of(row)}?generation=1", version=version)
    assert (gone.status_code, gone.content) == (status, b"")
    assert errors_of(ana.api.get(path_of(row))) == [("vpn_connection_not_found", "id")]
    assert errors_of(ana.api.delete(path_of(row))) == [("vpn_connection_not_found", "id")]
    assert ana.api.get(f"/v1/ike_policies/{policy.pk}").json()["connections"] == []
