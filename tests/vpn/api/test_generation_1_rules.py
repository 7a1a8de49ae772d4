"""What generation 1 allowed, under the rules of generation 2: judged where it is chosen, not where it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import (
    Party,
    connection_fields,
    errors_of,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_instance,
    make_ipsec_policy,
    make_subnet,
    make_vpc,
    path_of,
)

OLD, NEW = "2021-01-12&generation=1", "2026-10-06&generation=2"


@pytest.fixture
def weak(ana: Party) -> dict[str, dict[str, str]]:
    ike = make_ike_policy(ana, authentication_algorithm="sha1", dh_group=2)
    ipsec = make_ipsec_policy(ana, encryption_algorithm="3des")
    return {"ike_policy": {"id": str(ike.pk)}, "ipsec_policy": {"id": str(ipsec.pk)}}


def test_a_weak_policy_is_for_generation_1_alone(ana: Party, weak: dict[str, Any]) -> None:
    gateway = make_gateway(ana)
    path = f"{path_of(gateway)}/connections"
    body = {"psk": "lkj14b1oi0alcniejkso", "local": {"cidrs": ["192.168.7.0/24"]}}
    body |= {"peer": {"address": "203.0.113.7", "cidrs": ["10.7.0.0/24"]}, **weak}
    refused = ana.api.post(path, body, version=NEW)
    assert errors_of(refused) == [
        ("validation_failure", "ike_policy"),
        ("validation_failure", "ipsec_policy"),
    ]
    first, second = (error["message"] for error in refused.json()["errors"])
    assert "sha1, group 2" in first and "sha256" in first and "3des" in second
    row = make_connection(ana, gateway)
    for name, reference in weak.items():
        refused = ana.api.patch(path_of(row), {name: reference}, version=NEW)
        assert errors_of(refused) == [("validation_failure", name)]
    assert ana.api.patch(path_of(row), weak, version=OLD).status_code == 200
    kept = ana.api.patch(path_of(row), {**weak, "name": "again"}, version=NEW)
    assert (kept.status_code, kept.json()["name"]) == (200, "again")
    assert ana.api.post(path, connection_fields(9, **weak), version=OLD).status_code == 201


@pytest.mark.parametrize("name", ["ike_policy", "ipsec_policy"])
def test_only_null_takes_a_policy_away(ana: Party, weak: dict[str, Any], name: str) -> None:
    row = make_connection(ana, **weak)
    for version in (OLD, NEW):
        refused = ana.api.patch(path_of(row), {name: {}}, version=version)
        assert errors_of(refused) == [("validation_only_one", name)]
        assert name in ana.api.get(path_of(row), version=version).json()
    refused = ana.api.post(f"{path_of(row.gateway)}/connections", connection_fields(3, **{name: {}}))
    assert errors_of(refused) == [("validation_only_one", name)]
    assert name not in ana.api.patch(path_of(row), {name: None}, version=NEW).json()


def test_what_is_sent_back_unchanged_is_not_judged(ana: Party, weak: dict[str, Any]) -> None:
    row = make_connection(ana, name="Gen_1")
    assert ana.api.patch(path_of(row), {"name": "Gen_1"}, version=NEW).status_code == 200
    refused = ana.api.patch(path_of(row), {"name": "Gen_2"}, version=NEW)
    assert errors_of(refused) == [("vpn_connection_invalid_name", "name")]
    policy = f"/v1/ike_policies/{weak['ike_policy']['id']}"
    for body in ({"dh_group": 2}, {"dh_groups": [2]}, {"authentication_algorithm": "sha1"}):
        assert ana.api.patch(policy, body, version=NEW).status_code == 200, body
    assert errors_of(ana.api.patch(policy, {"dh_group": 5}, version=NEW)) == [("validation_enum", "dh_group")]


def test_a_cipher_is_reported_by_the_name_that_was_sent(ana: Party) -> None:
    body = {"authentication_algorithm": "sha256", "encryption_algorithm": "3des", "pfs": "group_14"}
    (error,) = ana.api.post("/v1/ipsec_policies", body, version=NEW).json()["errors"]
    assert "'3des' is not" in error["message"]
    body["encryption_algorithm"] = "triple_des"
    (error,) = ana.api.post("/v1/ipsec_policies", body, version=NEW).json()["errors"]
    assert "'triple_des' is not" in error["message"]


def test_names_of_networks_have_the_rule_of_the_generation(ana: Party) -> None:
    vpc = make_vpc(ana, "Gen_1")
    subnet = make_subnet(ana, vpc)
    instance = make_instance(ana, subnet)
    prefix = vpc.address_prefixes.get()
    one = {"subnet": {"id": str(subnet.pk)}}
    for path, body in (
        ("/v1/vpcs", {}),
        (f"/v1/vpcs/{vpc.pk}/address_prefixes", {"cidr": "10.1.0.0/16", "zone": {"name": "us-south-1"}}),
        ("/v1/subnets", {"vpc": {"id": str(vpc.pk)}, "ipv4_cidr_block": "192.168.200.0/24"}),
        ("/v1/instances", {"primary_network_interface": one}),
    ):
        refused = ana.api.post(path, {**body, "name": "Big_One"}, version=NEW)
        assert errors_of(refused) == [("validation_invalid_name", "name")], path
        assert ana.api.post(path, {**body, "name": "Big_One"}, version=OLD).status_code == 201, path
    for path in (
        f"/v1/vpcs/{vpc.pk}",
        f"/v1/vpcs/{vpc.pk}/address_prefixes/{prefix.pk}",
        f"/v1/subnets/{subnet.pk}",
        f"/v1/instances/{instance.pk}",
    ):
        named = ana.api.patch(path, {"name": "Old_One"}, version=OLD).json()["name"]
        assert ana.api.patch(path, {"name": named}, version=NEW).status_code == 200, path
        refused = ana.api.patch(path, {"name": "New_One"}, version=NEW)
        assert errors_of(refused) == [("validation_invalid_name", "name")], path


def test_a_quota_hides_no_mistake(ana: Party, settings: Any) -> None:
    settings.QUOTAS = {**settings.QUOTAS, "gateways": 0}
    body = {"subnet": {"id": str(make_subnet(ana).pk)}, "mode": "route"}
    refused = ana.api.post("/v1/vpn_gateways", body, version=NEW)
    assert errors_of(refused) == [("validation_enum", "mode"), ("vpn_gateways_quota_exceeded", "")]


@pytest.mark.parametrize(
    ("way", "value"),
    [
        ("href", "{id}"),
        ("href", "https://elsewhere.example/v1/vpcs/{id}"),
        ("href", "https://elsewhere.example/v2/subnets/{id}"),
        ("href", "https://elsewhere.example/v1/subnets/{id}/reserved_ips"),
        ("crn", "{id}"),
        ("crn", "crn:v1:bluemix:public:is:us-south:a/1::vpc:{id}"),
        ("id", "{{{id}}}"),
    ],
)
def test_a_reference_leads_to_its_own_collection(ana: Party, way: str, value: str) -> None:
    subnet = make_subnet(ana)
    body = {"subnet": {way: value.format(id=subnet.pk)}}
    refused = ana.api.post("/v1/vpn_gateways?dry_run=true", body)
    assert errors_of(refused) == [("vpn_gateway_subnet_not_found", f"subnet.{way}")]
    reported = ana.api.get(f"/v1/subnets/{subnet.pk}").json()
    for good in (
        reported["href"],
        f"https://elsewhere.example/v1/subnets/{subnet.pk}?version=2019-01-01",
        f"/v1/subnets/{subnet.pk}",
    ):
        taken = ana.api.post("/v1/vpn_gateways?dry_run=true", {"subnet": {"href": good}})
        assert taken.status_code == 200, good
    assert (
        ana.api.post("/v1/vpn_gateways?dry_run=true", {"subnet": {"crn": reported["crn"]}}).status_code == 200
    )


def test_a_policy_has_no_crn(ana: Party) -> None:
    crn = f"crn:v1:bluemix:public:is:us-south:a/1::ike_policie:{make_ike_policy(ana).pk}"
    refused = ana.api.patch(path_of(make_connection(ana)), {"ike_policy": {"crn": crn}})
    assert errors_of(refused) == [("ike_policy_not_found", "ike_policy.crn")]


@pytest.mark.parametrize(
    ("version", "identity", "path", "cidrs"),
    [
        (NEW, "local.ike_identities[0].type", "peer/cidrs/", "peer.cidrs"),
        ("2024-04-29&generation=2", "", "peer_cidrs/", "peer_cidrs"),
        (OLD, "", "peer_cidrs/", "peer_cidrs"),
    ],
)
def test_messages_have_the_names_of_the_version(
    ana: Party, version: str, identity: str, path: str, cidrs: str
) -> None:
    row = make_connection(ana)
    peer = {"peer": {"cidrs": ["10.1.2.0/24"]}} if version == NEW else {"peer_cidrs": ["10.1.2.0/24"]}
    (error,) = ana.api.patch(path_of(row), peer, version=version).json()["errors"]
    assert error["target"]["name"] == cidrs
    assert (
        error["message"].startswith(f"{cidrs} are changed one by one") and f".../{path}" in error["message"]
    )
    body = {"psk": "lkj14b1oi0alcniejkso", "local": {"cidrs": ["192.168.7.0/24"]}}
    if identity:
        body["local"]["ike_identities"] = [{"type": "shape", "value": "round"}]
        body["peer"] = {"cidrs": ["10.7.0.0/24"]}
        errors = ana.api.post(f"{path_of(row.gateway)}/connections", body, version=version).json()["errors"]
        reported = {error["target"]["name"]: error["message"] for error in errors}
        assert reported[identity].startswith(f"{identity} must be one of")
        assert "peer.fqdn" in reported["peer.address"]
    nowhere = {"peer": {"address": "nowhere"}} if version == NEW else {"peer_address": "nowhere"}
    (error,) = ana.api.patch(path_of(row), nowhere, version=version).json()["errors"]
    assert error["target"]["name"] == ("peer.address" if version == NEW else "peer_address")
    assert error["message"].startswith("The peer's address must be an IPv4 address")
