"""One newest form, and what older versions see of it (contract section 1.3)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from console.core.actor import Role
from tests.factories import (
    PSK,
    Party,
    errors_of,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_subnet,
    path_of,
)
from vpn.models import Connection, Gateway, GatewayMember

NEWEST = "2026-10-06&generation=2"
BEFORE_OBJECTS, OBJECTS = "2024-04-29&generation=2", "2024-04-30&generation=2"
BEFORE_HEALTH, HEALTH = "2023-10-09&generation=2", "2023-10-10&generation=2"
OLDEST_2, CLASSIC = "2019-05-31&generation=2", "2021-01-12&generation=1"

FLAT = {"local_cidrs", "peer_cidrs", "peer_address"}


def body_2(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "psk": PSK,
        "local": {"cidrs": [f"192.168.{number}.0/24"]},
        "peer": {"address": f"203.0.113.{number}", "cidrs": [f"10.{number}.0.0/24"]},
        **more,
    }


@pytest.mark.parametrize(
    ("version", "status"),
    [(CLASSIC, True), (OLDEST_2, True), (BEFORE_HEALTH, True), (HEALTH, False), (NEWEST, False)],
)
def test_a_gateways_one_status_ends_with_health_and_lifecycle(ana: Party, version: str, status: bool) -> None:
    gateway = make_gateway(ana)
    for lifecycle, health, word in (
        ("pending", "inapplicable", "pending"),
        ("stable", "ok", "available"),
        ("stable", "degraded", "available"),
        ("stable", "faulted", "failed"),
        ("failed", "inapplicable", "failed"),
        ("deleting", "inapplicable", "deleting"),
    ):
        Gateway.objects.update(lifecycle_state=lifecycle, health_state=health)
        GatewayMember.objects.update(health_state=health)
        body = ana.api.get(path_of(gateway), version=version).json()
        assert (body.get("status"), body["members"][1].get("status")) == (
            (word, word) if status else (None, None)
        )
        assert (body["lifecycle_state"], body["health_state"]) == (lifecycle, health)
        (listed,) = ana.api.get("/v1/vpn_gateways", version=version).json()["vpn_gateways"]
        assert listed == body
        if "generation=2" in version:
            members = ana.api.get(f"{path_of(gateway)}/members", version=version).json()["members"]
            assert members == body["members"]


def test_a_gateways_address_is_the_active_members_in_generation_2(ana: Party) -> None:
    gateway = make_gateway(ana)
    old, new = (ana.api.get(path_of(gateway), version=v).json() for v in (CLASSIC, NEWEST))
    assert old["public_ip"] == new["members"][0]["public_ip"] == {"address": gateway.public_address}
    assert "public_ip" not in new and "availability_mode" not in old
    assert old["members"][0]["private_ip"] == {"address": new["members"][0]["private_ip"]["address"]}


@pytest.mark.parametrize("version", [CLASSIC, OLDEST_2, BEFORE_OBJECTS])
def test_both_ends_are_flat_fields_before_objects(ana: Party, version: str) -> None:
    row = make_connection(ana)
    old, new = (ana.api.get(path_of(row), version=v).json() for v in (version, OBJECTS))
    assert old.keys() - new.keys() == FLAT | (set() if version == BEFORE_OBJECTS else {"route_mode"})
    assert new.keys() - old.keys() == {"local", "peer"}
    assert (old["local_cidrs"], old["peer_cidrs"]) == (new["local"]["cidrs"], new["peer"]["cidrs"])
    assert old["peer_address"] == new["peer"]["address"]
    listed = ana.api.get(f"{path_of(row.gateway)}/connections", version=version).json()["connections"]
    assert listed == [old]


def test_every_version_asks_in_its_own_words(ana: Party) -> None:
    gateway = make_gateway(ana)
    path = f"{path_of(gateway)}/connections"
    flat = {"psk": PSK, "local_cidrs": ["192.168.7.0/24"]}
    made = ana.api.post(
        path, flat | {"peer_address": "203.0.113.7", "peer_cidrs": ["10.7.0.0/24"]}, version=BEFORE_OBJECTS
    )
    assert made.status_code == 201 and made.json().keys() >= FLAT
    assert ana.api.post(path, body_2(8), version=OBJECTS).status_code == 201
    for version, body, unknown in (
        (BEFORE_OBJECTS, body_2(9), {"local", "peer"}),
        (CLASSIC, body_2(9), {"local", "peer"}),
        (OBJECTS, body_2(9, peer_address="203.0.113.9"), {"peer_address"}),
        (CLASSIC, {**flat, "establish_mode": "peer_only"}, {"establish_mode"}),
    ):
        refused = ana.api.post(path, body, version=version)
        assert refused.status_code == 400
        assert unknown <= {name for code, name in errors_of(refused) if code == "bad_field"}
    assert Connection.objects.count() == 2


@pytest.mark.parametrize(
    ("version", "names"),
    [
        (CLASSIC, ["psk", "peer_address", "local_cidrs[0]", "peer_cidrs"]),
        (NEWEST, ["psk", "peer.address", "local.cidrs[0]", "peer.cidrs"]),
    ],
)
def test_errors_name_the_fields_of_the_version(ana: Party, version: str, names: list[str]) -> None:
    wrong = {"psk": "short", "local": {"cidrs": ["10.0.0.1/24"]}, "peer": {"address": "nowhere"}}
    if version == CLASSIC:
        wrong = {"psk": "short", "local_cidrs": ["10.0.0.1/24"], "peer_address": "nowhere"}
    refused = ana.api.post(f"{path_of(make_gateway(ana))}/connections", wrong, version=version)
    assert sorted(name for _, name in errors_of(refused)) == sorted(names)
    values = {e["target"]["name"]: e["target"].get("value") for e in refused.json()["errors"]}
    assert values[names[1]] == "nowhere" and values[names[2]] == "10.0.0.1/24" and values["psk"] is None


def test_a_wrong_type_hides_no_other_mistake(ana: Party) -> None:
    wrong = {"psk": PSK, "local": {"cidrs": 7}, "peer": {"address": 5, "cidrs": ["nothing"]}}
    refused = ana.api.post(f"{path_of(make_gateway(ana))}/connections", wrong, version=NEWEST)
    assert sorted(errors_of(refused)) == [
        ("validation_invalid_field_type", "local.cidrs"),
        ("validation_invalid_field_type", "peer.address"),
        ("vpn_connection_cidr_not_valid", "peer.cidrs[0]"),
    ]


def test_defaults_are_those_of_the_generation(ana: Party) -> None:
    gateway = make_gateway(ana)
    old = make_connection(ana, gateway)
    new = ana.api.post(f"{path_of(gateway)}/connections", body_2(8), version=NEWEST).json()
    assert new["dead_peer_detection"] == {"action": "restart", "interval": 2, "timeout": 10}
    assert (old.dpd_action, old.dpd_interval, old.dpd_timeout) == ("none", 30, 120)
    row = Connection.objects.get(pk=new["id"])
    assert (old.api_generation, row.api_generation) == (1, 2)
    assert old.ike_offer() != row.ike_offer() and old.esp_offer() != row.esp_offer()
    renamed = ana.api.patch(path_of(row), {"name": "Still_2"}, version="2019-01-01")
    row.refresh_from_db()
    assert (renamed.status_code, row.api_generation) == (200, 2)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "validation_enum"),
        ({"mode": "route"}, "validation_enum"),
        ({"mode": "tunnel"}, "validation_enum"),
        ({"mode": "policy", "availability_mode": "regional"}, "validation_enum"),
        ({"mode": "policy", "name": "Upper"}, "vpn_gateway_invalid_name"),
        ({"mode": "policy", "local_asn": 64520}, "bad_field"),
        ({"mode": "policy", "members": []}, "validation_failure"),
    ],
)
def test_what_a_gateway_of_generation_2_cannot_be(ana: Party, given: dict[str, Any], code: str) -> None:
    subnet = make_subnet(ana)
    refused = ana.api.post("/v1/vpn_gateways", {"subnet": {"id": str(subnet.pk)}, **given}, version=NEWEST)
    assert refused.status_code == 400
    ((found, name),) = errors_of(refused)
    assert found == code
    if name == "mode":
        assert "policy" in refused.json()["errors"][0]["message"]
    assert not Gateway.objects.exists()


def test_route_mode_fields_of_connections_say_so(ana: Party) -> None:
    wrong = body_2(distribute_traffic=True, routing_protocol="bgp", tunnels=[])
    refused = ana.api.post(f"{path_of(make_gateway(ana))}/connections", wrong, version=NEWEST)
    assert {name for _, name in errors_of(refused)} == {"distribute_traffic", "routing_protocol", "tunnels"}
    assert all("route mode" in error["message"] for error in refused.json()["errors"])


@pytest.mark.parametrize(
    ("version", "key", "added"),
    [
        ("2019-01-01", "peer_cidrs", 204),
        (CLASSIC, "peer_cidrs", 204),
        (BEFORE_OBJECTS, "peer_cidrs", 204),
        (OBJECTS, "cidrs", 201),
    ],
)
@pytest.mark.parametrize(
    "spelling", ["peer_cidrs/10.9.0.0/24", "peer/cidrs/10.9.0.0/24", "peer/cidrs/10.9.0.0%2F24"]
)
def test_every_spelling_of_a_cidrs_path(
    ana: Party, version: str, key: str, added: int, spelling: str
) -> None:
    path = path_of(make_connection(ana))
    assert ana.api.put(f"{path}/{spelling}", version=version).status_code == added
    assert ana.api.put(f"{path}/{spelling}", version=version).status_code == 204
    for listing in ("peer_cidrs", "peer/cidrs"):
        assert ana.api.get(f"{path}/{listing}", version=version).json()[key][-1] == "10.9.0.0/24"
    assert ana.api.delete(f"{path}/{spelling}", version=version).status_code == 204
    assert ana.api.get(f"{path}/{spelling}", version=version).status_code == 404


def test_if_match_counts_in_generation_2_alone(ana: Party) -> None:
    row = make_connection(ana)
    stale = {"headers": {"If-Match": '"stale"'}}
    refused = ana.api.patch(path_of(row), {"name": "b"}, version=NEWEST, **stale)
    assert (refused.status_code, errors_of(refused)) == (412, [("precondition_failed", "If-Match")])
    assert refused.json()["errors"][0]["target"]["type"] == "header"
    assert ana.api.delete(path_of(row), version=NEWEST, **stale).status_code == 412
    tag = ana.api.get(path_of(row), version=NEWEST)["ETag"]
    Connection.objects.update(status="up", status_reasons=[{"code": "x", "message": "y"}])
    assert ana.api.get(path_of(row), version=NEWEST)["ETag"] == tag
    several = {"headers": {"If-Match": f'"other", W/{tag}'}}
    assert ana.api.patch(path_of(row), {"name": "b"}, version=NEWEST, **several).status_code == 200
    assert ana.api.patch(path_of(row), {"name": "c"}, **stale).status_code == 200
    assert "ETag" not in ana.api.get(path_of(row))
    assert (
        ana.api.patch(path_of(row), {"name": "d"}, version=NEWEST, headers={"If-Match": "*"}).status_code
        == 200
    )


def test_a_viewer_gets_the_same_etag_and_no_key(ana: Party) -> None:
    row = make_connection(ana)
    seen = ana.api_as(Role.VIEWER).get(path_of(row), version=NEWEST)
    assert seen["ETag"] == ana.api.get(path_of(row), version=NEWEST)["ETag"]
    assert PSK not in seen.content.decode()


def test_gateways_in_order(ana: Party) -> None:
    subnet = make_subnet(ana)
    for name in ("b", "c", "a"):
        body = {"mode": "policy", "name": name, "subnet": {"id": str(subnet.pk)}}
        assert ana.api.post("/v1/vpn_gateways", body, version=NEWEST).status_code == 201

    def names(query: str) -> list[str]:
        found: list[str] = []
        path: str | None = f"/v1/vpn_gateways?limit=1{query}"
        while path:
            page = ana.api.get(path, version=NEWEST).json()
            found += [gateway["name"] for gateway in page["vpn_gateways"]]
            path = page["next"]["href"].removeprefix("http://testserver") if "next" in page else None
        return found

    assert names("&sort=name") == ["a", "b", "c"]
    assert names("&sort=-name") == ["c", "b", "a"]
    assert names("&sort=created_at") == ["b", "c", "a"]
    assert names("&sort=-created_at") == names("") == ["a", "c", "b"]
    assert names("&mode=route") == [] and len(names("&mode=policy")) == 3
    refused = ana.api.get("/v1/vpn_gateways?sort=psk", version=NEWEST)
    assert errors_of(refused) == [("validation_enum", "sort")]
    first = ana.api.get("/v1/vpn_gateways?limit=1&sort=name", version=NEWEST).json()
    other = first["next"]["href"].removeprefix("http://testserver").replace("sort=name", "sort=-name")
    assert errors_of(ana.api.get(other, version=NEWEST)) == [("invalid_id_format", "start")]


def test_members_are_objects_of_their_own(ana: Party, ben: Party) -> None:
    gateway = make_gateway(ana)
    listed = ana.api.get(f"{path_of(gateway)}/members", version=NEWEST).json()
    assert (listed["total_count"], [m["role"] for m in listed["members"]]) == (2, ["active", "standby"])
    for member in listed["members"]:
        href = member["href"].removeprefix("http://testserver")
        assert ana.api.get(href, version=NEWEST).json() == member
        reserved = member["private_ip"]["href"].removeprefix("http://testserver")
        assert ana.api.get(reserved, version=NEWEST).json()["address"] == member["private_ip"]["address"]
        assert ben.api.get(reserved, version=NEWEST).status_code == 404
    missing = ana.api.get(f"{path_of(gateway)}/members/{uuid4()}", version=NEWEST)
    assert missing.status_code == 404


def test_ikev1_takes_no_ipsec_policy_with_several_algorithms(ana: Party) -> None:
    gateway = make_gateway(ana)
    old = make_ike_policy(ana, ike_version=1)
    several = ana.api.post(
        "/v1/ipsec_policies",
        {
            "authentication_algorithms": ["sha256"],
            "encryption_algorithms": ["aes256", "aes128"],
            "pfs_groups": ["group_14"],
        },
        version=NEWEST,
    ).json()
    used = {"ike_policy": {"id": str(old.pk)}, "ipsec_policy": {"id": several["id"]}}
    refused = ana.api.post(f"{path_of(gateway)}/connections", body_2(**used), version=NEWEST)
    assert errors_of(refused) == [("validation_failure", "ipsec_policy")]
    made = ana.api.post(
        f"{path_of(gateway)}/connections", body_2(ipsec_policy=used["ipsec_policy"]), version=NEWEST
    ).json()
    late = ana.api.patch(
        f"{path_of(gateway)}/connections/{made['id']}", {"ike_policy": used["ike_policy"]}, version=NEWEST
    )
    assert errors_of(late) == [("validation_failure", "ipsec_policy")]
