from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any
from uuid import UUID, uuid4

import pytest

from console.core.actor import Role
from tests.factories import (
    Party,
    errors_of,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_subnet,
    make_vpc,
    path_of,
    raise_quotas,
)
from vpn.domain.states import LifecycleState
from vpn.models import Connection, Gateway, GatewayMember, SubnetAddress

ADDITIONS = {
    "connections", "members", "mode", "resource_type", "vpc",
    "lifecycle_state", "lifecycle_reasons", "health_state", "health_reasons",
}  # fmt: skip
SEED = {"id", "crn", "name", "href", "created_at", "status", "public_ip", "subnet", "resource_group"}


def test_the_shape_of_the_seed(ana: Party) -> None:
    subnet = make_subnet(ana, name="subnet-1")
    made = ana.api.post("/v1/vpn_gateways", {"name": "vpn-gateway-1", "subnet": {"id": str(subnet.pk)}})
    assert made.status_code == 201
    body = made.json()
    assert set(body) == SEED | ADDITIONS
    ident = body["id"]
    assert str(UUID(ident)) == ident
    account = ana.account.id.hex
    assert body["crn"] == f"crn:v1:bluemix:public:is:us-south:a/{account}::vpn:{ident}"
    assert body["href"] == f"http://testserver/v1/vpn_gateways/{ident}"
    assert body["created_at"].endswith("Z") and len(body["created_at"]) == len("2018-07-06T19:19:28.694388Z")
    assert body["status"] == "pending"
    assert body["subnet"]["name"] == "subnet-1"
    assert body["subnet"]["crn"].startswith("crn:v1:bluemix:public:is:us-south-1:")
    assert body["resource_group"]["name"] == "default"
    assert [member["role"] for member in body["members"]] == ["active", "standby"]
    assert body["members"][0]["public_ip"] == body["public_ip"]
    assert body["members"][1]["public_ip"] == {"address": str(IPv4Address(0))}
    assert ana.api.get(f"/v1/vpn_gateways/{ident}").json() == body
    assert ana.api.get("/v1/vpn_gateways").json()["vpn_gateways"] == [body]


def test_every_href_resolves(ana: Party) -> None:
    connection = make_connection(ana)
    body = ana.api.get(path_of(connection.gateway)).json()
    links = [body, body["subnet"], body["resource_group"], body["vpc"], *body["connections"]]
    for link in links:
        found = ana.api.get(link["href"].removeprefix("http://testserver"))
        assert (found.status_code, found.json()["id"]) == (200, link["id"])
        if "crn" in link:
            assert found.json()["crn"] == link["crn"]


@pytest.mark.parametrize("way", ["id", "name", "crn", "href"])
def test_the_subnet_by_every_kind_of_reference(ana: Party, way: str) -> None:
    subnet = ana.api.get(f"/v1/subnets/{make_subnet(ana).pk}").json()
    made = ana.api.post("/v1/vpn_gateways", {"subnet": {way: subnet[way]}})
    assert made.status_code == 201
    assert made.json()["subnet"]["id"] == subnet["id"]
    assert made.json()["name"], "it was given a name"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "vpn_gateway_missing_subnet_id", "subnet"),
        ({"subnet": {}}, "vpn_gateway_missing_subnet_id", "subnet"),
        ({"subnet": None}, "validation_not_null", "subnet"),
        ({"subnet": "x"}, "validation_invalid_field_type", "subnet"),
        ({"subnet": {"id": 5}}, "validation_invalid_field_type", "subnet.id"),
        ({"subnet": {"id": "x", "name": "y"}}, "validation_only_one", "subnet"),
        ({"subnet": {"id": "nonsense"}}, "vpn_gateway_subnet_not_found", "subnet.id"),
        ({"subnet": {"id": str(uuid4())}}, "vpn_gateway_subnet_not_found", "subnet.id"),
        ({"subnet": {"size": "large", "id": "SUBNET"}}, "bad_field", "subnet.size"),
        ({"name": "1st"}, "vpn_gateway_invalid_name", "name"),
        ({"name": "a b"}, "vpn_gateway_invalid_name", "name"),
        ({"name": "ä"}, "vpn_gateway_invalid_name", "name"),
        ({"name": "x" * 64}, "vpn_gateway_invalid_name", "name"),
        ({"name": "name\n"}, "vpn_gateway_invalid_name", "name"),
        ({"name": 5}, "validation_invalid_field_type", "name"),
        ({"name": None}, "validation_not_null", "name"),
        ({"status": "available"}, "bad_field", "status"),
        ({"mode": "route"}, "bad_field", "mode"),
        ({"resource_group": {"id": "unknown"}}, "validation_invalid_ref", "resource_group.id"),
    ],
)
def test_bad_bodies(ana: Party, body: dict[str, Any], code: str, field: str) -> None:
    subnet = make_subnet(ana)
    if body.get("subnet") == {"size": "large", "id": "SUBNET"}:
        body = {"subnet": {"size": "large", "id": str(subnet.pk)}}
    if body and "subnet" not in body:
        body = {**body, "subnet": {"id": str(subnet.pk)}}
    response = ana.api.post("/v1/vpn_gateways", body)
    assert response.status_code == 400
    assert errors_of(response) == [(code, field)]
    assert not Gateway.objects.exists()
    assert not SubnetAddress.objects.exists()


def test_the_name_is_unique_in_the_vpc(ana: Party) -> None:
    vpc = make_vpc(ana)
    one, two = make_subnet(ana, vpc, "192.168.1.0/24"), make_subnet(ana, vpc, "192.168.2.0/24")
    make_gateway(ana, one, "same")
    response = ana.api.post("/v1/vpn_gateways", {"name": "same", "subnet": {"id": str(two.pk)}})
    assert errors_of(response) == [("vpn_gateway_duplicate_name", "name")]
    assert response.json()["errors"][0]["target"] == {"type": "field", "name": "name", "value": "same"}
    make_gateway(ana, make_subnet(ana), "same")
    other = make_gateway(ana, two, "other")
    assert errors_of(ana.api.patch(path_of(other), {"name": "same"})) == [
        ("vpn_gateway_duplicate_name", "name")
    ]


@pytest.mark.parametrize("quota", ["gateways", "gateways_per_zone"])
def test_quotas(ana: Party, quota: str) -> None:
    raise_quotas(ana, **{quota: 1})
    subnet = make_gateway(ana).subnet
    response = ana.api.post("/v1/vpn_gateways", {"name": "one-more", "subnet": {"id": str(subnet.pk)}})
    assert response.status_code == 400
    assert errors_of(response) == [("vpn_gateways_quota_exceeded", "")]
    assert Gateway.objects.count() == 1


def test_only_the_name_changes(ana: Party) -> None:
    gateway = make_gateway(ana)
    renamed = ana.api.patch(
        path_of(gateway), {"name": "Renamed_1"}, content_type="application/merge-patch+json"
    )
    assert renamed.status_code == 200
    assert renamed.json()["name"] == "Renamed_1"
    body = {"name": "no", "subnet": {"id": "x"}, "public_ip": {"address": "192.0.2.1"}, "colour": 1}
    refused = ana.api.patch(path_of(gateway), body)
    assert refused.status_code == 400
    assert errors_of(refused) == [
        ("bad_field", "subnet"),
        ("bad_field", "public_ip"),
        ("bad_field", "colour"),
    ]
    gateway.refresh_from_db()
    assert gateway.name == "Renamed_1"
    assert ana.api.patch(path_of(gateway), {}).status_code == 200


@pytest.mark.parametrize(
    ("version", "status"), [("2019-01-01", 204), ("2019-12-31", 204), ("2020-01-01", 202)]
)
def test_deleting_answers_by_version(ana: Party, version: str, status: int) -> None:
    policy = make_ike_policy(ana)
    gateway = make_gateway(ana)
    make_connection(ana, gateway, ike_policy={"id": str(policy.pk)})
    gone = ana.api.delete(f"{path_of(gateway)}?generation=1", version=version)
    assert (gone.status_code, gone.content) == (status, b"")
    left = ana.api.get(path_of(gateway))
    assert left.json()["status"] == "deleting", "until the data plane has let go of it"
    assert ana.api.delete(path_of(gateway)).status_code == 204
    for refused in (
        ana.api.patch(path_of(gateway), {"name": "late"}),
        ana.api.post(f"{path_of(gateway)}/connections", {}),
    ):
        assert refused.status_code in {400, 409}
    assert ana.api.get(f"/v1/ike_policies/{policy.pk}").status_code == 200


def test_status_words_of_generation_1(ana: Party) -> None:
    gateway = make_gateway(ana)
    for lifecycle, health, word in (
        ("pending", "inapplicable", "pending"),
        ("stable", "ok", "available"),
        ("stable", "degraded", "available"),
        ("stable", "faulted", "failed"),
        ("failed", "inapplicable", "failed"),
    ):
        Gateway.objects.update(lifecycle_state=LifecycleState(lifecycle), health_state=health)
        assert ana.api.get(path_of(gateway)).json()["status"] == word


@pytest.mark.parametrize(
    "ident",
    ["00000000-0000-4000-8000-000000000000", "nonsense", "1d4dbacq-673d-2qed-hf68-858961739gf0", "%00"],
)
def test_unknown_gateways(ana: Party, ident: str) -> None:
    path = f"/v1/vpn_gateways/{ident}"
    for response in (
        ana.api.get(path),
        ana.api.patch(path, {"name": "x"}),
        ana.api.delete(path),
        ana.api.get(f"{path}/connections"),
        ana.api.post(f"{path}/connections", {}),
        ana.api.get(f"{path}/connections/{uuid4()}"),
        ana.api.delete(f"{path}/connections/nonsense"),
        ana.api.get(f"{path}/connections/{uuid4()}/local_cidrs"),
        ana.api.put(f"{path}/connections/{uuid4()}/peer_cidrs/10.0.0.0/24"),
    ):
        assert response.status_code == 404
        assert errors_of(response) == [("vpn_gateway_not_found", "id")]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_roles_below_editor_may_only_read(ana: Party, role: Role) -> None:
    gateway = make_gateway(ana)
    api = ana.api_as(role)
    assert api.get(path_of(gateway)).status_code == 200
    for refused in (
        api.post("/v1/vpn_gateways", {"subnet": {"id": str(gateway.subnet_id)}}),
        api.patch(path_of(gateway), {"name": "x"}),
        api.delete(path_of(gateway)),
    ):
        assert refused.status_code == 403
        assert errors_of(refused) == [("not_authorized", "")]
    gateway.refresh_from_db()
    assert gateway.deleted_at is None and Gateway.objects.count() == 1


def test_members_and_connections_come_in_order(ana: Party) -> None:
    gateway = make_gateway(ana)
    names = [make_connection(ana, gateway, number).name for number in range(3)]
    body = ana.api.get(path_of(gateway)).json()
    assert [one["name"] for one in body["connections"]] == names
    assert {one["resource_type"] for one in body["connections"]} == {"vpn_gateway_connection"}
    GatewayMember.objects.filter(index=1).update(role="active")
    GatewayMember.objects.filter(index=0).update(role="standby")
    assert [m["role"] for m in ana.api.get(path_of(gateway)).json()["members"]] == ["standby", "active"]
    assert Connection.objects.count() == 3


def test_one_that_goes_while_it_is_read_is_gone(ana: Party) -> None:
    """Its row was read, then a worker finished its deletion: its members went, the row with them."""
    stays, goes = make_gateway(ana), make_gateway(ana)
    GatewayMember.objects.filter(gateway=goes).delete()
    for version in ("2019-01-01", "2026-01-01&generation=2"):
        (listed,) = ana.api.get("/v1/vpn_gateways", version=version).json()["vpn_gateways"]
        assert listed["id"] == str(stays.pk)
        gone = ana.api.get(path_of(goes), version=version)
        assert (gone.status_code, errors_of(gone)[0][0]) == (404, "vpn_gateway_not_found")
