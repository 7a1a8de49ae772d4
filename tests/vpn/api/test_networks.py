from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.factories import Party, errors_of, make_gateway, make_instance, make_subnet, make_vpc, raise_quotas
from vpn.models import Instance, Subnet, Vpc

GONE = "http://testserver"


def test_regions_and_zones(ana: Party) -> None:
    regions = ana.api.get("/v1/regions").json()["regions"]
    assert [region["name"] for region in regions] == ["us-south"]
    assert ana.api.get("/v1/regions/us-south").json() == regions[0]
    zones = ana.api.get("/v1/regions/us-south/zones").json()["zones"]
    assert [zone["name"] for zone in zones] == ["us-south-1", "us-south-2", "us-south-3"]
    assert ana.api.get("/v1/regions/us-south/zones/us-south-2").json() == zones[1]
    for path in ("/v1/regions/mars", "/v1/regions/mars/zones", "/v1/regions/us-south/zones/mars-1"):
        assert errors_of(ana.api.get(path)) == [("not_found", "id")]


def test_the_life_of_a_vpc(ana: Party) -> None:
    made = ana.api.post("/v1/vpcs", {"name": "vpc-1"})
    assert made.status_code == 201
    vpc = made.json()
    assert vpc["crn"].endswith(f"::vpc:{vpc['id']}")
    assert (vpc["status"], vpc["classic_access"]) == ("available", False)
    path = f"/v1/vpcs/{vpc['id']}"
    prefixes = ana.api.get(f"{path}/address_prefixes").json()["address_prefixes"]
    assert {prefix["zone"]["name"] for prefix in prefixes} == {"us-south-1", "us-south-2", "us-south-3"}
    assert all(prefix["is_default"] and not prefix["has_subnets"] for prefix in prefixes)
    assert ana.api.patch(path, {"name": "renamed"}).json()["name"] == "renamed"
    assert ana.api.get("/v1/vpcs").json()["vpcs"][0]["name"] == "renamed"
    assert ana.api.delete(path).status_code == 204
    assert errors_of(ana.api.get(path)) == [("vpc_not_found", "id")]


def test_the_life_of_an_address_prefix(ana: Party) -> None:
    vpc = ana.api.post("/v1/vpcs", {"address_prefix_management": "manual"}).json()
    path = f"/v1/vpcs/{vpc['id']}/address_prefixes"
    zone = f"{GONE}/v1/regions/us-south/zones/us-south-2"
    made = ana.api.post(path, {"cidr": "10.10.0.0/16", "zone": {"href": zone}, "is_default": True})
    assert made.status_code == 201
    prefix = made.json()
    assert prefix["zone"] == {"name": "us-south-2", "href": zone}
    item = f"{path}/{prefix['id']}"
    assert ana.api.get(item).json() == prefix
    assert ana.api.patch(item, {"name": "renamed", "is_default": False}).json()["name"] == "renamed"
    subnet = ana.api.post("/v1/subnets", {"vpc": {"id": vpc["id"]}, "ipv4_cidr_block": "10.10.1.0/24"}).json()
    assert ana.api.get(item).json()["has_subnets"] is True
    refused = ana.api.delete(item)
    assert refused.status_code == 409
    assert errors_of(refused) == [("address_prefix_in_use", "id")]
    assert ana.api.delete(f"/v1/subnets/{subnet['id']}").status_code == 204
    assert ana.api.delete(item).status_code == 204


def test_the_life_of_a_subnet(ana: Party) -> None:
    vpc = make_vpc(ana)
    body = {"name": "subnet-1", "vpc": {"id": str(vpc.pk)}, "ipv4_cidr_block": "192.168.100.0/24"}
    made = ana.api.post("/v1/subnets", body)
    assert made.status_code == 201
    subnet = made.json()
    assert subnet["zone"]["name"] == "us-south-1"
    assert subnet["vpc"]["id"] == str(vpc.pk)
    assert (subnet["total_ipv4_address_count"], subnet["available_ipv4_address_count"]) == (256, 251)
    path = f"/v1/subnets/{subnet['id']}"
    gateway = make_gateway(ana, Subnet.objects.get())
    assert ana.api.get(path).json()["available_ipv4_address_count"] == 249
    refused = ana.api.delete(path)
    assert refused.status_code == 409
    assert errors_of(refused) == [("subnet_not_empty_vpn_gway_exists", "id")]
    assert errors_of(ana.api.delete(f"/v1/vpcs/{vpc.pk}")) == [("vpc_not_empty", "id")]
    gateway.delete()
    assert ana.api.patch(path, {"name": "renamed"}).json()["name"] == "renamed"
    assert ana.api.delete(path).status_code == 204


def test_a_subnet_by_count_and_zone(ana: Party) -> None:
    vpc = make_vpc(ana)
    body = {"vpc": {"id": str(vpc.pk)}, "total_ipv4_address_count": 256, "zone": {"name": "us-south-1"}}
    blocks = [ana.api.post("/v1/subnets", body).json()["ipv4_cidr_block"] for _ in range(2)]
    assert blocks == ["192.168.0.0/24", "192.168.1.0/24"]


def test_filters_of_subnets(ana: Party) -> None:
    one, two = make_subnet(ana), make_subnet(ana)
    for query, wanted in (
        (f"vpc.id={one.vpc_id}", one),
        (f"vpc.name={two.vpc.name}", two),
        (f"vpc.crn=crn:v1:bluemix:public:is:us-south:a/x::vpc:{two.vpc_id}", two),
    ):
        page = ana.api.get(f"/v1/subnets?{query}").json()
        assert [subnet["id"] for subnet in page["subnets"]] == [str(wanted.pk)]
    assert ana.api.get("/v1/subnets?zone.name=us-south-1").json()["total_count"] == 2
    assert ana.api.get("/v1/subnets?vpc.id=nonsense").json()["total_count"] == 0


def test_the_life_of_an_instance(ana: Party) -> None:
    subnet = make_subnet(ana)
    interface = {"subnet": {"id": str(subnet.pk)}, "primary_ipv4_address": "192.168.100.10"}
    body = {
        "name": "vsi-1",
        "primary_network_interface": interface,
        "vpc": {"id": str(subnet.vpc_id)},
        "zone": {"name": "us-south-1"},
        "profile": {"name": "bc1-2x8"},
        "image": {"id": "debian-12"},
    }
    made = ana.api.post("/v1/instances", body)
    assert made.status_code == 201, made.content
    instance = made.json()
    assert instance["primary_network_interface"]["primary_ipv4_address"] == "192.168.100.10"
    assert (instance["status"], instance["profile"], instance["image"]) == (
        "running",
        {"name": "bc1-2x8"},
        {"id": "debian-12"},
    )
    path = f"/v1/instances/{instance['id']}"
    assert ana.api.get(path).json() == instance
    assert ana.api.get("/v1/instances").json()["instances"] == [instance]
    assert ana.api.patch(path, {"name": "renamed"}).json()["name"] == "renamed"
    assert errors_of(ana.api.delete(f"/v1/subnets/{subnet.pk}")) == [("subnet_not_empty", "id")]
    assert ana.api.delete(path).status_code == 204
    assert errors_of(ana.api.get(path)) == [("instance_not_found", "id")]


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("vpcs", {"name": "1"}, "validation_invalid_name", "name"),
        ("vpcs", {"address_prefix_management": "never"}, "validation_enum", "address_prefix_management"),
        ("vpcs", {"classic_access": "no"}, "validation_invalid_field_type", "classic_access"),
        ("vpcs", {"crn": "x"}, "bad_field", "crn"),
        ("vpcs/VPC/address_prefixes", {"zone": {"name": "us-south-1"}}, "validation_required_field", "cidr"),
        ("vpcs/VPC/address_prefixes", {"cidr": "10.0.0.0/16"}, "validation_required_field", "zone"),
        (
            "vpcs/VPC/address_prefixes",
            {"cidr": "192.168.0.0/20", "zone": {"name": "us-south-1"}},
            "address_prefix_conflict",
            "cidr",
        ),
        (
            "vpcs/VPC/address_prefixes",
            {"cidr": "169.254.0.0/16", "zone": {"name": "us-south-1"}},
            "network_conflict",
            "cidr",
        ),
        ("subnets", {"ipv4_cidr_block": "192.168.1.0/24"}, "validation_required_field", "vpc"),
        (
            "subnets",
            {"vpc": {"id": str(uuid4())}, "ipv4_cidr_block": "192.168.1.0/24"},
            "vpc_not_found",
            "vpc.id",
        ),
        ("subnets", {"vpc": {"id": "VPC"}}, "validation_only_one", "ipv4_cidr_block"),
        (
            "subnets",
            {"vpc": {"id": "VPC"}, "ipv4_cidr_block": "192.168.1.0/24", "ip_version": "ipv6"},
            "validation_enum",
            "ip_version",
        ),
        (
            "subnets",
            {"vpc": {"id": "VPC"}, "ipv4_cidr_block": "172.16.0.0/24"},
            "not_in_address_prefix",
            "ipv4_cidr_block",
        ),
        (
            "subnets",
            {"vpc": {"id": "VPC"}, "ipv4_cidr_block": "192.168.1.5/24"},
            "validation_invalid_ipv4_cidr",
            "ipv4_cidr_block",
        ),
        (
            "subnets",
            {"vpc": {"id": "VPC"}, "ipv4_cidr_block": "192.168.100.0/25"},
            "subnet_conflict",
            "ipv4_cidr_block",
        ),
        (
            "subnets",
            {"vpc": {"id": "VPC"}, "ipv4_cidr_block": "192.168.1.0/24", "zone": {"name": "us-south-2"}},
            "zone_inconsistency",
            "zone.name",
        ),
        (
            "subnets",
            {"vpc": {"id": "VPC"}, "total_ipv4_address_count": "256"},
            "validation_invalid_field_type",
            "total_ipv4_address_count",
        ),
        ("instances", {}, "validation_required_field", "primary_network_interface"),
        (
            "instances",
            {"primary_network_interface": {}},
            "validation_required_field",
            "primary_network_interface.subnet",
        ),
        (
            "instances",
            {"primary_network_interface": {"subnet": {"id": str(uuid4())}}},
            "subnet_not_found",
            "primary_network_interface.subnet.id",
        ),
    ],
)
def test_bad_bodies(ana: Party, path: str, body: dict[str, Any], code: str, field: str) -> None:
    vpc = make_subnet(ana).vpc
    if body.get("vpc") == {"id": "VPC"}:
        body = {**body, "vpc": {"id": str(vpc.pk)}}
    response = ana.api.post(f"/v1/{path.replace('VPC', str(vpc.pk))}", body)
    assert response.status_code == 400, response.content
    assert (code, field) in errors_of(response)
    assert (Vpc.objects.count(), Subnet.objects.count(), Instance.objects.count()) == (1, 1, 0)
    assert vpc.address_prefixes.count() == 1


@pytest.mark.parametrize("quota", ["vpcs", "subnets_per_vpc", "address_prefixes_per_zone", "instances"])
def test_quotas(ana: Party, quota: str) -> None:
    subnet = make_subnet(ana)
    vpc = str(subnet.vpc_id)
    raise_quotas(ana, **{quota: 0})
    zone = {"name": "us-south-1"}
    path, body = {
        "vpcs": ("vpcs", {}),
        "subnets_per_vpc": ("subnets", {"vpc": {"id": vpc}, "ipv4_cidr_block": "192.168.1.0/24"}),
        "address_prefixes_per_zone": (f"vpcs/{vpc}/address_prefixes", {"cidr": "10.0.0.0/16", "zone": zone}),
        "instances": ("instances", {"primary_network_interface": {"subnet": {"id": str(subnet.pk)}}}),
    }[quota]
    response = ana.api.post(f"/v1/{path}", body)
    assert response.status_code == 400
    assert [name for _, name in errors_of(response)] == [""]


@pytest.mark.parametrize("collection", ["vpcs", "subnets", "instances"])
def test_unknown_ids_and_fixed_fields(ana: Party, collection: str) -> None:
    noun = collection[:-1]
    for ident in ("nonsense", str(uuid4())):
        for response in (
            ana.api.get(f"/v1/{collection}/{ident}"),
            ana.api.patch(f"/v1/{collection}/{ident}", {"name": "x"}),
            ana.api.delete(f"/v1/{collection}/{ident}"),
        ):
            assert response.status_code == 404
            assert errors_of(response) == [(f"{noun}_not_found", "id")]
    subnet = make_subnet(ana)
    mine = {"vpcs": subnet.vpc_id, "subnets": subnet.pk, "instances": make_instance(ana, subnet).pk}
    response = ana.api.patch(f"/v1/{collection}/{mine[collection]}", {"id": "x", "resource_group": {}})
    assert errors_of(response) == [("bad_field", "id"), ("bad_field", "resource_group")]


def test_lists_take_a_constant_number_of_queries(ana: Party, django_assert_max_num_queries: Any) -> None:
    subnet = make_subnet(ana)
    for _ in range(3):
        make_instance(ana, subnet)
    paths = ("/v1/vpcs", "/v1/subnets", "/v1/instances")
    ana.api.get("/v1/vpcs")
    for path in paths:
        with django_assert_max_num_queries(4):
            assert ana.api.get(path).status_code == 200
    for number in range(8):
        other = make_subnet(ana, subnet.vpc, f"192.168.{number}.0/24")
        make_instance(ana, other)
    for path in paths:
        with django_assert_max_num_queries(4):
            assert ana.api.get(path).status_code == 200
