"""An account with something on every page, made by the API; names as long as they may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.browser.product import Product, new_psk
from tests.waiting import wait_for


@dataclass(frozen=True, slots=True)
class Made:
    """What the API answered: a gateway with its connections, and the path of its page."""

    gateway: dict[str, Any]
    connections: tuple[dict[str, Any], ...]

    @property
    def path(self) -> str:
        return f"/gateways/{self.gateway['id']}"

    @property
    def address(self) -> str:
        return str(self.gateway["public_ip"]["address"])

    def connection(self, number: int = 0) -> str:
        """The path of a connection's page."""
        return f"{self.path}/connections/{self.connections[number]['id']}"


def make_subnet(product: Product, name: str, cidr: str) -> str:
    """In its own VPC; returns its id."""
    vpc = product.ask("POST", "vpcs", {"name": name, "address_prefix_management": "manual"})["id"]
    prefix = {"cidr": cidr, "zone": {"name": "us-south-1"}}
    product.ask("POST", f"vpcs/{vpc}/address_prefixes", prefix)
    body = {"name": name, "vpc": {"id": vpc}, "ipv4_cidr_block": cidr}
    return str(product.ask("POST", "subnets", body)["id"])


def make(product: Product, subnet: str, name: str, *connections: dict[str, Any]) -> Made:
    """A gateway in the subnet of this id, available."""
    body = {"name": name, "subnet": {"id": subnet}}
    path = f"vpn_gateways/{product.ask('POST', 'vpn_gateways', body)['id']}"
    rows = [product.ask("POST", f"{path}/connections", fields) for fields in connections]
    wait_for(lambda: product.ask("GET", path)["status"] == "available", 30, every=0.2)
    return Made(product.ask("GET", path), tuple(rows))


def connection(name: str, number: int, local: str, **more: Any) -> dict[str, Any]:
    """A body: with an unused peer address, or with that of `more`."""
    usual = {"name": name, "peer_address": f"203.0.113.{number}", "psk": new_psk(), "local_cidrs": [local]}
    return usual | {"peer_cidrs": [f"10.{number}.0.0/16"]} | more


def populate(product: Product) -> Made:
    """Two VPCs joined and up, a tunnel that is down and one switched off, and a policy of each kind."""
    here, there = "10.1.0.0/24", "10.2.0.0/24"
    ike = {"name": "i" * 63, "authentication_algorithm": "sha256", "encryption_algorithm": "aes256"}
    ike_id = product.ask("POST", "ike_policies", ike | {"dh_group": 14, "ike_version": 2})["id"]
    ipsec = {"name": "p" * 63, "authentication_algorithm": "sha1", "encryption_algorithm": "3des"}
    ipsec_id = product.ask("POST", "ipsec_policies", ipsec | {"pfs": "group_2"})["id"]
    policies = {"ike_policy": {"id": ike_id}, "ipsec_policy": {"id": ipsec_id}}
    other = make(product, make_subnet(product, "lisbon", there), "lisbon")
    psk = new_psk()
    left = make(
        product,
        make_subnet(product, "g" * 63, here),
        "g" * 63,
        connection("to-lisbon", 2, here, peer_address=other.address, peer_cidrs=[there], psk=psk),
        connection("c" * 63, 201, here, **policies),
        connection("switched-off", 202, here, admin_state_up=False),
    )
    back = connection("back", 3, there, peer_address=left.address, peer_cidrs=[here], psk=psk)
    product.ask("POST", f"vpn_gateways/{other.gateway['id']}/connections", back)
    first = f"vpn_gateways/{left.gateway['id']}/connections/{left.connections[0]['id']}"
    wait_for(lambda: product.ask("GET", first)["status"] == "up", 30, every=0.2)
    return left
