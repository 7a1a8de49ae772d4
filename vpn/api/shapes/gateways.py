"""Request bodies of VPN gateways and connections."""

from __future__ import annotations

from console.api.fields import Flag, Reference, Shape, Text, Texts, Whole, Word, read_only, settled
from vpn.domain.checks_connections import PSK_RULE

_GATEWAY = read_only(
    "id", "crn", "href", "created_at", "status", "public_ip", "connections", "members", "mode",
    "resource_type", "vpc", "lifecycle_state", "lifecycle_reasons", "health_state", "health_reasons",
)  # fmt: skip
_CONNECTION = read_only(
    "id", "href", "created_at", "status", "status_reasons", "route_mode", "authentication_mode", "mode",
    "resource_type", "establish_mode",
)  # fmt: skip
_ONE_BY_ONE = "{0} are changed one by one: PUT or DELETE .../{0}/PREFIX_ADDRESS/PREFIX_LENGTH."


class GatewayPatch(Shape):
    """Only the name can change."""

    fixed = {**_GATEWAY, **settled("subnet", "resource_group")}

    name = Text()


class GatewayCreate(Shape):
    fixed = _GATEWAY

    name = Text()
    subnet = Reference()
    resource_group = Reference()


class DeadPeerDetection(Shape):
    """Seconds."""

    action = Word(("none", "restart", "clear", "hold"))
    interval = Whole()
    timeout = Whole()


class ConnectionPatch(Shape):
    """Everything but the CIDRs. A policy that is null means auto-negotiation."""

    fixed = {
        **_CONNECTION,
        "local_cidrs": _ONE_BY_ONE.format("local_cidrs"),
        "peer_cidrs": _ONE_BY_ONE.format("peer_cidrs"),
    }

    name = Text()
    peer_address = Text()
    psk = Text(label="Pre-shared key", help_text=PSK_RULE)
    admin_state_up = Flag()
    dead_peer_detection = DeadPeerDetection()
    ike_policy = Reference(allow_null=True, label="IKE policy")
    ipsec_policy = Reference(allow_null=True, label="IPsec policy")


class ConnectionCreate(ConnectionPatch):
    fixed = _CONNECTION

    local_cidrs = Texts(label="Local CIDRs", help_text="Several with commas between.")
    peer_cidrs = Texts(label="Peer CIDRs", help_text="Several with commas between.")
