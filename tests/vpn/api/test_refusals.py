"""All errors of a body are reported together, in the terms of its version."""

from __future__ import annotations

from typing import Any

import pytest

from console.core.actor import Role
from tests.factories import (
    Party,
    connection_fields,
    errors_of,
    make_connection,
    make_gateway,
    make_subnet,
    make_vpc,
    path_of,
)
from vpn.models import Gateway, Subnet, Vpc

NOWHERE = "0738a3b2-5c1d-4e6f-8a90-b1c2d3e4f506"
GROUP = {"id": "zzz"}


def fields_of(response: Any) -> set[str]:
    assert response.status_code == 400, response.content
    return {name for _, name in errors_of(response)}


def test_a_connection_with_a_policy_that_is_not_there(ana: Party) -> None:
    row = make_connection(ana)
    body = {"name": "9", "peer_address": "1", "psk": "x", "local_cidrs": [], "peer_cidrs": ["a"]}
    wrong = body | {"ike_policy": {"id": "zz"}, "ipsec_policy": {"id": "zz"}}
    expected = {
        "name", "peer_address", "psk", "local_cidrs", "peer_cidrs[0]", "ike_policy.id", "ipsec_policy.id",
    }  # fmt: skip
    connections = f"{path_of(row.gateway)}/connections"
    assert fields_of(ana.api.post(connections, wrong)) == expected
    # Two missing policies are not reported as different from those of a sibling.
    alike = connection_fields(1, peer_address=row.peer_address) | {"ike_policy": {"id": "zz"}}
    assert errors_of(ana.api.post(connections, alike)) == [("ike_policy_not_found", "ike_policy.id")]
    change = {"name": "9", "psk": "x", "ike_policy": {"id": "zz"}}
    assert fields_of(ana.api.patch(path_of(row), change)) == {"name", "psk", "ike_policy.id"}
    assert fields_of(ana.api.patch(path_of(row), change | {"foo": 1})) == {
        "name", "psk", "ike_policy.id", "foo",
    }  # fmt: skip


def test_a_gateway_with_references_that_are_not_there(ana: Party) -> None:
    body = {"name": "9", "subnet": {"id": "zz"}, "resource_group": GROUP}
    assert fields_of(ana.api.post("/v1/vpn_gateways", body)) == {"name", "subnet.id", "resource_group.id"}
    body["subnet"] = {"id": str(make_subnet(ana).pk)}
    assert fields_of(ana.api.post("/v1/vpn_gateways", body)) == {"name", "resource_group.id"}
    gateway = make_gateway(ana)
    assert fields_of(ana.api.patch(path_of(gateway), {"name": "9", "foo": 1})) == {"name", "foo"}


def test_the_neighbours(ana: Party) -> None:
    vpc = make_vpc(ana)
    subnet = {"vpc": {"id": str(vpc.pk)}, "name": "9", "ipv4_cidr_block": "10.1.2.3/24"}
    reported = {"name", "ipv4_cidr_block"}
    assert fields_of(ana.api.post("/v1/subnets", subnet | {"foo": 1})) == reported | {"foo"}
    nowhere = subnet | {"vpc": {"id": NOWHERE}, "resource_group": GROUP}
    assert fields_of(ana.api.post("/v1/subnets", nowhere)) == reported | {"vpc.id", "resource_group.id"}
    whole = {"vpc": {"id": NOWHERE}, "ipv4_cidr_block": "10.240.0.0/24"}
    assert fields_of(ana.api.post("/v1/subnets", whole)) == {"vpc.id"}
    count = {"vpc": {"id": NOWHERE}, "total_ipv4_address_count": 8, "zone": {"name": "us-south-1"}}
    assert fields_of(ana.api.post("/v1/subnets", count)) == {"vpc.id"}
    prefix = {"name": "9", "cidr": "10.1.2.3/24", "zone": {"name": "mars"}, "foo": 1}
    prefixes = f"/v1/vpcs/{vpc.pk}/address_prefixes"
    assert fields_of(ana.api.post(prefixes, prefix)) == {"name", "cidr", "zone.name", "foo"}
    wrong = {"name": "9", "address_prefix_management": "foo", "resource_group": GROUP}
    reported = {"name", "address_prefix_management", "resource_group.id"}
    assert fields_of(ana.api.post("/v1/vpcs", wrong)) == reported
    assert fields_of(ana.api.post("/v1/vpcs", wrong | {"unk": 1})) == reported | {"unk"}
    interface = {"subnet": {"id": NOWHERE}}
    instance = {"name": "9", "primary_network_interface": interface, "vpc": {"id": NOWHERE}}
    reported = {"name", "vpc.id", "primary_network_interface.subnet.id", "resource_group.id"}
    assert fields_of(ana.api.post("/v1/instances", instance | {"resource_group": GROUP})) == reported
    assert fields_of(ana.api.patch(f"/v1/vpcs/{vpc.pk}", {"name": "9", "foo": 1})) == {"name", "foo"}
    assert Vpc.objects.count() == 1 and not Subnet.objects.exists()


def test_the_rest_of_a_wrong_body_is_checked_and_not_made(ana: Party) -> None:
    assert fields_of(ana.api.post("/v1/vpcs", {"name": "fine", "unk": 1})) == {"unk"}
    assert not Vpc.objects.exists()


def test_what_was_not_sent_is_nobodys_mistake(ana: Party) -> None:
    path = f"/v1/vpcs/{make_vpc(ana).pk}/address_prefixes"
    body = {"cidr": "fd00::/64", "zone": {"name": "us-south-1"}}
    assert fields_of(ana.api.post(path, body)) == {"cidr"}


@pytest.mark.parametrize("name", ["id", "href", "crn"])
def test_a_resource_group_is_named_in_one_way(ana: Party, name: str) -> None:
    body = {"resource_group": {name: "x", "name": "default"}}
    assert errors_of(ana.api.post("/v1/vpcs", body)) == [("validation_only_one", "resource_group")]


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"local_cidrs": "x"}, "local_cidrs", "local_cidrs: A list of strings is needed."),
        ({"peer_cidrs": [1]}, "peer_cidrs[0]", "peer_cidrs[0]: A string is needed."),
        ({"peer_address": None}, "peer_address", "The field peer_address must not be null."),
        ({"ike_policy": "x"}, "ike_policy", "ike_policy: An object is needed."),
        ({"dead_peer_detection": []}, "dead_peer_detection", "dead_peer_detection: An object is needed."),
    ],
)
def test_messages_have_the_names_and_words_of_the_version(
    ana: Party, body: dict[str, Any], field: str, message: str
) -> None:
    fields = connection_fields(1) | body
    response = ana.api.post(f"{path_of(make_gateway(ana))}/connections", fields)
    (error,) = response.json()["errors"]
    assert (error["target"]["name"], error["message"]) == (field, message)


def test_a_zone_that_is_no_object(ana: Party) -> None:
    body = {"vpc": "x", "zone": "us-south-1", "ipv4_cidr_block": "10.240.0.0/24"}
    messages = [error["message"] for error in ana.api.post("/v1/subnets", body).json()["errors"]]
    assert messages == ["vpc: An object is needed.", "zone: An object is needed."]


def test_what_is_about_the_path_is_about_a_parameter(ana: Party) -> None:
    row, other = make_connection(ana), make_gateway(ana)
    missed = ana.api.get(f"{path_of(other)}/connections/{row.pk}").json()["errors"][0]
    assert missed["message"].endswith("in this VPN gateway.")
    assert missed["target"] == {"type": "parameter", "name": "id"}
    refused = ana.api.delete(f"/v1/subnets/{row.gateway.subnet_id}")
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["target"]["type"] == "parameter"


@pytest.mark.parametrize("body", [{"nonsense": 1}, {"name": 5}, b"{", {}])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_a_role_that_is_too_low_is_reported_first(ana: Party, ben: Party, role: Role, body: Any) -> None:
    row, theirs = make_connection(ana), make_connection(ben)
    api = ana.api_as(role)
    for path in ("/v1/vpcs", "/v1/subnets", "/v1/instances", "/v1/vpn_gateways", "/v1/ike_policies"):
        assert api.post(path, body).status_code == 403, path
    assert api.post(f"{path_of(row.gateway)}/connections", body).status_code == 403
    assert api.patch(path_of(row.gateway), body).status_code == 403
    assert api.patch(path_of(theirs.gateway), body).status_code == 404
    if role is Role.VIEWER:
        assert api.patch(path_of(row), body).status_code == 403
        assert api.patch(path_of(theirs), body).status_code == 404
    assert Gateway.objects.owned_by(ana.editor).count() == 1


def test_an_operator_gets_the_errors_of_fields_that_they_may_change(ana: Party) -> None:
    row = make_connection(ana)
    api = ana.api_as(Role.OPERATOR)
    assert fields_of(api.patch(path_of(row), {"admin_state_up": 0})) == {"admin_state_up"}
    assert api.patch(path_of(row), {"admin_state_up": 0, "name": 5}).status_code == 403
    assert api.patch(path_of(row), {"psk": 5}).status_code == 403
