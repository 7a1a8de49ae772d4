"""Every pager of today's SDK, forward to the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ibm_vpc.vpc_v1 import (
    IkePoliciesPager,
    IkePolicyConnectionsPager,
    IpsecPoliciesPager,
    IpsecPolicyConnectionsPager,
    SubnetReservedIpsPager,
    VpcV1,
    VpnGatewayConnectionsPager,
    VpnGatewayServiceConnectionsPager,
    VpnGatewaysPager,
)

from tests.sdk.calls import make_connection, make_gateway, result

pytestmark = pytest.mark.django_db(transaction=True)


def test_pagers(client: VpcV1, subnet: Any) -> None:
    gateways = [make_gateway(client, subnet, f"vpn-{number}")["id"] for number in range(3)]
    policies: dict[str, list[str]] = {"ike": [], "ipsec": []}
    for number in range(3):
        one = client.create_ike_policy(
            ike_version=2,
            name=f"ike-{number}",
            authentication_algorithm="sha256",
            encryption_algorithm="aes256",
            dh_group=14,
        )
        policies["ike"].append(result(one, 201)["id"])
        other = client.create_ipsec_policy(
            name=f"ipsec-{number}",
            authentication_algorithm="sha256",
            encryption_algorithm="aes256",
            pfs="group_14",
        )
        policies["ipsec"].append(result(other, 201)["id"])
    used = {"ike_policy": {"id": policies["ike"][0]}, "ipsec_policy": {"id": policies["ipsec"][0]}}
    connections = [make_connection(client, gateways[0], number, **used)["id"] for number in range(1, 4)]
    pagers: list[tuple[Callable[[], Any], list[str]]] = [
        (lambda: VpnGatewaysPager(client=client, limit=1), gateways),
        (lambda: VpnGatewaysPager(client=client, limit=2, sort="name"), gateways[::-1]),
        (lambda: IkePoliciesPager(client=client, limit=1), policies["ike"]),
        (lambda: IpsecPoliciesPager(client=client, limit=2), policies["ipsec"]),
        (
            lambda: VpnGatewayConnectionsPager(client=client, vpn_gateway_id=gateways[0], limit=1),
            connections,
        ),
        (lambda: IkePolicyConnectionsPager(client=client, id=policies["ike"][0], limit=2), connections),
        (lambda: IpsecPolicyConnectionsPager(client=client, id=policies["ipsec"][0], limit=2), connections),
    ]
    reserved = [
        member["private_ip"]["id"]
        for gateway in gateways
        for member in result(client.get_vpn_gateway(gateway))["members"]
    ]
    for size in (1, 4, 100):
        pager = SubnetReservedIpsPager(client=client, subnet_id=str(subnet.pk), limit=size)
        found = [one["id"] for one in pager.get_all()]
        assert len(found) == len(reserved) and set(found) == {*reserved}
    none = VpnGatewayServiceConnectionsPager(client=client, vpn_gateway_id=gateways[0], limit=1)
    assert none.get_all() == []
    for begin, wanted in pagers:
        assert [one["id"] for one in begin().get_all()] == wanted[::-1]
