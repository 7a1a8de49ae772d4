"""Route mode, which is not supported: its errors, and what earlier versions mean."""

from __future__ import annotations

from typing import Any

import pytest

from console.core.actor import Role
from tests.factories import (
    Party,
    errors_of,
    make_connection,
    make_gateway,
    make_subnet,
    make_vpc,
    path_of,
)

BEFORE, SINCE = "2020-11-12&generation=2", "2020-11-13&generation=2"
CLASSIC = "2026-10-06&generation=1"


@pytest.mark.parametrize(("version", "status"), [(BEFORE, 201), (CLASSIC, 201), (SINCE, 400)])
def test_without_a_mode_it_is_policy_until_there_is_another(ana: Party, version: str, status: int) -> None:
    body = {"subnet": {"id": str(make_subnet(ana).pk)}, "name": "old"}
    response = ana.api.post("/v1/vpn_gateways", body, version=version)
    assert response.status_code == status
    if status == 201:
        assert response.json()["mode"] == "policy"
        renamed = ana.api.patch(response.json()["href"], {"name": "new"}, version=version)
        assert renamed.json()["name"] == "new"
    else:
        assert errors_of(response) == [("validation_enum", "mode")]


def test_route_mode_is_refused_in_every_version(ana: Party) -> None:
    body = {"subnet": {"id": str(make_subnet(ana).pk)}, "mode": "route"}
    for version in (BEFORE, SINCE):
        response = ana.api.post("/v1/vpn_gateways", body, version=version)
        assert errors_of(response) == [("validation_enum", "mode")]


def test_older_clients_find_the_address_and_the_mode_where_they_expect_them(ana: Party) -> None:
    gateway = make_gateway(ana)
    row = make_connection(ana, gateway)
    old, new = (ana.api.get(path_of(gateway), version=v).json() for v in (BEFORE, SINCE))
    assert old["public_ip"] == {"address": gateway.public_address} and "public_ip" not in new
    assert old["mode"] == new["mode"] == "policy"
    assert old["members"] == new["members"]
    old, new = (ana.api.get(path_of(row), version=v).json() for v in (BEFORE, SINCE))
    assert old["route_mode"] == "policy" and "route_mode" not in new


def test_what_belongs_to_route_mode_is_empty_and_says_so(ana: Party) -> None:
    gateway = path_of(make_gateway(ana))
    assert ana.api.get(f"{gateway}/advertised_cidrs", version=SINCE).json() == {"advertised_cidrs": []}
    page = ana.api.get(f"{gateway}/service_connections?limit=1", version=SINCE).json()
    assert (page["service_connections"], page["total_count"], page["limit"]) == ([], 0, 1)
    for path in ("advertised_cidrs/10.0.0.0/24", "service_connections/0738a3b2-5c1d-4e6f-8a90-b1c2d3e4f506"):
        missing = ana.api.get(f"{gateway}/{path}", version=SINCE)
        assert (missing.status_code, missing.json()["errors"][0]["code"]) == (404, "not_found")
    for method in ("PUT", "DELETE"):
        refused = ana.api(method, f"{gateway}/advertised_cidrs/10.0.0.0%2F24", version=SINCE)
        assert errors_of(refused) == [("bad_request", "cidr")]
        assert "route mode, which is not supported" in refused.json()["errors"][0]["message"]


def test_members_do_not_move(ana: Party) -> None:
    gateway = make_gateway(ana)
    member = ana.api.get(path_of(gateway), version=SINCE).json()["members"][1]
    body = {"private_ip": {"subnet": {"id": str(gateway.subnet_id)}}}
    refused = ana.api("PUT", member["href"], body, version=SINCE)
    assert errors_of(refused) == [("validation_failure", "private_ip.subnet")]
    assert "Create a gateway in the other subnet" in refused.json()["errors"][0]["message"]
    assert errors_of(ana.api("PUT", member["href"], {}, version=SINCE)) == [
        ("validation_required_field", "private_ip")
    ]
    assert ana.api_as(Role.VIEWER)("PUT", member["href"], body, version=SINCE).status_code == 403


def two(*subnets: Any) -> list[dict[str, Any]]:
    return [{"private_ip": {"subnet": {"id": str(subnet.pk)}}} for subnet in subnets]


def test_two_members_in_one_subnet_are_that_subnet(ana: Party) -> None:
    subnet = make_subnet(ana)
    for more in ({}, {"subnet": {"id": str(subnet.pk)}}, {"availability_mode": "zonal"}):
        body = {"mode": "policy", "members": two(subnet, subnet), **more}
        made = ana.api.post("/v1/vpn_gateways", body, version=SINCE)
        assert made.status_code == 201, made.content
        assert made.json()["subnet"]["id"] == str(subnet.pk)
    refused = ana.api.post("/v1/vpn_gateways", {"members": two(subnet, subnet)}, version=CLASSIC)
    assert ("bad_field", "members") in errors_of(refused)
    refused = ana.api.patch(made.json()["href"], {"members": two(subnet, subnet)}, version=SINCE)
    assert errors_of(refused) == [("bad_field", "members")]


def test_other_members_are_refused_by_name(ana: Party) -> None:
    vpc = make_vpc(ana)
    one, other = make_subnet(ana, vpc), make_subnet(ana, vpc, "192.168.200.0/24")
    for more, code, field in (
        ({"members": two(one, other)}, "validation_failure", "members[1].private_ip.subnet"),
        ({"members": two(one)}, "validation_failure", "members"),
        ({"members": two(one, one, one)}, "validation_failure", "members"),
        ({"members": []}, "validation_failure", "members"),
        ({"members": two(one, one), "subnet": {"id": str(other.pk)}}, "validation_failure", "subnet"),
        (
            {"members": [*two(one), {"private_ip": {"subnet": {"id": "no"}}}]},
            "vpn_gateway_subnet_not_found",
            "members[1].private_ip.subnet.id",
        ),
        ({"members": [*two(one), {}]}, "validation_required_field", "members[1].private_ip"),
        ({"members": [*two(one), {"role": "active"}]}, "bad_field", "members[1].role"),
        ({}, "vpn_gateway_missing_subnet_id", "subnet"),
    ):
        refused = ana.api.post("/v1/vpn_gateways", {"mode": "policy", **more}, version=SINCE)
        assert refused.status_code == 400 and (code, field) in errors_of(refused), refused.content
