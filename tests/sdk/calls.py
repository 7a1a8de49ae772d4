"""Calls that the tests of today's SDK share."""

from __future__ import annotations

from typing import Any

from ibm_vpc import VpcV1

KEY = "lkj14b1oi0alcniejkso"


def make_gateway(client: VpcV1, subnet: Any, name: str = "vpn-1") -> dict[str, Any]:
    prototype = {"mode": "policy", "name": name, "subnet": {"id": str(subnet.pk)}}
    return result(client.create_vpn_gateway(prototype), 201)


def make_connection(client: VpcV1, gateway: str, number: int = 1, **more: Any) -> dict[str, Any]:
    prototype = {
        "name": f"to-{number}",
        "psk": KEY,
        "local": {"cidrs": [f"192.168.{number}.0/24"]},
        "peer": {"address": f"203.0.113.{number}", "cidrs": [f"10.{number}.0.0/24"]},
        **more,
    }
    return result(client.create_vpn_gateway_connection(gateway, prototype), 201)


def result(response: Any, status: int = 200) -> Any:
    assert response.get_status_code() == status
    return response.get_result()
