"""Every method of today's SDK that is about VPN gateways: none is without an operation here."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from ibm_cloud_sdk_core import ApiException
from ibm_vpc import vpc_v1
from ibm_vpc.vpc_v1 import VpcV1

from console.core.api.openapi.document import document
from console.core.api.versions import FORMS
from tests.sdk.calls import make_gateway, result

HERE = Path(__file__).parent
ABOUT = re.compile(r"(vpn_gateway|ike_polic|ipsec_polic)|subnet_reserved_ips?$")
# Reserving addresses by oneself is not served; clusters have subnets of another kind.
ELSEWHERE = re.compile(r"cluster_network|(create|update|delete)_subnet_reserved_ip")


def methods() -> set[str]:
    names = {name for name, _ in inspect.getmembers(VpcV1, inspect.isfunction) if ABOUT.search(name)}
    return {name for name in names if not ELSEWHERE.search(name)}


def called() -> set[str]:
    """Names of methods that the tests of this folder call."""
    found: set[str] = set()
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                found.add(node.func.attr)
    # By their names put together, in the tests of CIDRs.
    sides = {f"vpn_gateway_connections_{side}_cidr" for side in ("local", "peer")}
    return (
        found
        | {f"{verb}_{side}" for side in sides for verb in ("add", "check", "remove")}
        | {f"list_{side}s" for side in sides}
    )


def test_each_has_its_operation() -> None:
    paths = document(FORMS[-1])["paths"].values()
    operations = {one["operationId"] for path in paths for one in path.values()}
    assert len(methods()) >= 38
    assert methods() - operations == set()


def test_each_is_called_by_a_test() -> None:
    assert methods() - called() == set()


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_says_why(client: VpcV1, subnet: Any) -> None:
    gateway = make_gateway(client, subnet)
    ident, member, cidr = gateway["id"], gateway["members"][0]["id"], "10.0.0.0/24"
    listed = result(client.list_vpn_gateway_service_connections(ident))
    assert vpc_v1.VPNGatewayServiceConnectionCollection.from_dict(listed).service_connections == []
    none = result(client.list_vpn_gateway_advertised_cidrs(ident))
    assert vpc_v1.VPNGatewayAdvertisedCIDRCollection.from_dict(none).advertised_cidrs == []
    place = {"subnet": {"id": str(subnet.pk)}}
    calls = (
        (400, lambda: client.add_vpn_gateway_advertised_cidr(ident, cidr)),
        (400, lambda: client.remove_vpn_gateway_advertised_cidr(ident, cidr)),
        (404, lambda: client.check_vpn_gateway_advertised_cidr(ident, cidr)),
        (404, lambda: client.get_vpn_gateway_service_connection(ident, member)),
        (400, lambda: client.replace_vpn_gateway_member(ident, member, place)),
    )
    for status, call in calls:
        with pytest.raises(ApiException) as refused:
            call()
        assert refused.value.status_code == status
        assert len(refused.value.message) > 30


@pytest.mark.django_db(transaction=True)
def test_reserved_ips(client: VpcV1, subnet: Any) -> None:
    gateway = make_gateway(client, subnet)
    listed = result(client.list_subnet_reserved_ips(str(subnet.pk)))
    vpc_v1.ReservedIPCollection.from_dict(listed)
    addresses = {one["id"]: one["address"] for one in listed["reserved_ips"]}
    assert addresses == {one["private_ip"]["id"]: one["private_ip"]["address"] for one in gateway["members"]}
    one = result(client.get_subnet_reserved_ip(str(subnet.pk), listed["reserved_ips"][0]["id"]))
    assert one == listed["reserved_ips"][0]


@pytest.mark.django_db(transaction=True)
def test_a_gateway_by_its_members(client: VpcV1, subnet: Any) -> None:
    member = {"private_ip": {"subnet": {"id": str(subnet.pk)}}}
    prototype = {"mode": "policy", "name": "by-members", "members": [member, member]}
    made = result(client.create_vpn_gateway(prototype), 201)
    assert made["subnet"]["id"] == str(subnet.pk)
    assert {one["private_ip"]["subnet"]["id"] for one in made["members"]} == {str(subnet.pk)}
