"""The whole life of a gateway by a client of the oldest SDK; run where that one is found.

    python oldest_client.py VpcClassicV1|VpcV1 URL API-KEY SUBNET-ID VPC-ID

Prints one JSON object: what each method answered, as (status code, result).
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ibm_cloud_sdk_core.authenticators import BearerTokenAuthenticator
from ibm_vpc import vpc_classic_v1, vpc_v1

MODULES = {"VpcClassicV1": vpc_classic_v1, "VpcV1": vpc_v1}
# Generation 2 takes no weak cipher any more.
CIPHERS = {"VpcClassicV1": "3des", "VpcV1": "aes256"}
LOCAL, PEER = ("172.20.0.0", "24"), ("172.21.0.0", "24")
MODELS = {
    "create_vpn_gateway": "VPNGateway",
    "update_vpn_gateway": "VPNGateway",
    "create_vpn_gateway_connection": "VPNGatewayConnection",
    "update_vpn_gateway_connection": "VPNGatewayConnection",
    "create_ike_policy": "IKEPolicy",
    "update_ike_policy": "IKEPolicy",
    "create_ipsec_policy": "IPsecPolicy",
    "update_ipsec_policy": "IPsecPolicy",
    "list_ike_policy_connections": "VPNGatewayConnectionCollection",
    "list_ipsec_policy_connections": "VPNGatewayConnectionCollection",
    "list_regions": "RegionCollection",
    "list_vpcs": "VPCCollection",
    "get_vpc": "VPC",
    "list_subnets": "SubnetCollection",
    "get_subnet": "Subnet",
    "get_vpn_gateway": "VPNGateway",
    "list_vpn_gateways": "VPNGatewayCollection",
    "get_vpn_gateway_connection": "VPNGatewayConnection",
    "list_vpn_gateway_connections": "VPNGatewayConnectionCollection",
    "list_vpn_gateway_connection_local_cidrs": "VPNGatewayConnectionLocalCIDRs",
    "list_vpn_gateway_connection_peer_cidrs": "VPNGatewayConnectionPeerCIDRs",
    "get_ike_policy": "IKEPolicy",
    "list_ike_policies": "IKEPolicyCollection",
    "get_ipsec_policy": "IPsecPolicy",
    "list_ipsec_policies": "IPsecPolicyCollection",
}


class Life:
    """Calls by name, and remembers every answer."""

    def __init__(self, name: str, url: str, key: str) -> None:
        self.models = MODULES[name]
        self.cipher = CIPHERS[name]
        self.client = getattr(self.models, name)(authenticator=BearerTokenAuthenticator(key))
        self.client.set_service_url(f"{url}/v1")
        self.answers: dict[str, Any] = {}

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        response = getattr(self.client, name)(*args, **kwargs)
        self.answers[name] = (response.get_status_code(), response.get_result())
        if name in MODELS:
            getattr(self.models, MODELS[name]).from_dict(response.get_result())
        return response.get_result()


def live(call: Life, subnet: str, vpc: str) -> None:
    call("list_regions")
    call("list_vpcs")
    call("get_vpc", vpc)
    call("list_subnets")
    call("get_subnet", subnet)
    ike = call("create_ike_policy", "sha256", 14, "aes256", 2, name="ike-1")["id"]
    ipsec = call("create_ipsec_policy", "sha256", call.cipher, "disabled", name="ipsec-1")["id"]
    call("update_ike_policy", ike, key_lifetime=3600)
    call("update_ipsec_policy", ipsec, encryption_algorithm="aes128")
    gateway = call("create_vpn_gateway", {"id": subnet}, name="vpn-gateway-1")["id"]
    call("update_vpn_gateway", gateway, name="vpn-gateway-2")
    made = call(
        "create_vpn_gateway_connection",
        gateway,
        "203.0.113.9",
        "VPNDemoPassword",
        local_cidrs=["192.168.100.0/24"],
        peer_cidrs=["192.168.0.0/24"],
        name="vpn-connection-1",
        ike_policy={"id": ike},
        ipsec_policy={"id": ipsec},
    )
    ids = gateway, made["id"]
    call("update_vpn_gateway_connection", *ids, admin_state_up=False)
    for side, cidr in (("local", LOCAL), ("peer", PEER)):
        for verb in ("add", "check"):
            call(f"{verb}_vpn_gateway_connection_{side}_cidr", *ids, *cidr)
        call(f"list_vpn_gateway_connection_{side}_cidrs", *ids)
        call(f"remove_vpn_gateway_connection_{side}_cidr", *ids, *cidr)
    for name, *args in (
        ("get_vpn_gateway", gateway),
        ("list_vpn_gateways",),
        ("get_vpn_gateway_connection", *ids),
        ("list_vpn_gateway_connections", gateway),
        ("get_ike_policy", ike),
        ("list_ike_policies",),
        ("list_ike_policy_connections", ike),
        ("get_ipsec_policy", ipsec),
        ("list_ipsec_policies",),
        ("list_ipsec_policy_connections", ipsec),
        ("delete_vpn_gateway_connection", *ids),
        ("delete_vpn_gateway", gateway),
        ("delete_ike_policy", ike),
        ("delete_ipsec_policy", ipsec),
    ):
        call(name, *args)


if __name__ == "__main__":
    life = Life(*sys.argv[1:4])
    live(life, *sys.argv[4:6])
    json.dump(life.answers, sys.stdout)
