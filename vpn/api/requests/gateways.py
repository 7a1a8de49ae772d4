"""Request bodies of VPN gateways and connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.core.api.fields import (
    IPV4,
    SOME_ID,
    Flag,
    Items,
    Reference,
    RequestSchema,
    Text,
    Texts,
    Whole,
    Word,
    read_only,
    settled,
    within,
)
from console.core.api.versions import ApiVersion
from vpn.api.requests.networks import CIDR, NamedRequest
from vpn.domain.checks.connections import (
    ESTABLISH_MODES,
    LARGEST_DPD,
    LEAST_INTERVAL,
    LEAST_TIMEOUT,
    PSK_RULE,
)
from vpn.domain.checks.gateways import AVAILABILITY_MODES, GATEWAY_MODES, ROUTE_ONLY
from vpn.domain.identities import IdentityType

_GATEWAY = read_only(
    "id", "crn", "href", "created_at", "status", "public_ip", "connections", "resource_type",
    "vpc", "lifecycle_state", "lifecycle_reasons", "health_state", "health_reasons",
)  # fmt: skip
_CONNECTION = read_only(
    "id", "href", "created_at", "status", "status_reasons", "route_mode", "authentication_mode", "mode",
    "resource_type",
)  # fmt: skip
_ONE_BY_ONE = "{0}.cidrs are changed one by one: PUT or DELETE .../{0}/cidrs/10.1.2.0/24, for example."
# A rule checks how many members a gateway has; no more than these are parsed.
_MAX_MEMBERS = 8
_ROUTE_GATEWAY = {name: ROUTE_ONLY.format(name) for name in ("local_asn", "advertised_cidrs")}
_ROUTE_CONNECTION = {
    name: ROUTE_ONLY.format(name) for name in ("routing_protocol", "tunnels", "distribute_traffic")
}


class GatewayPatch(NamedRequest):
    """Only the name can change."""

    example = {"name": "my-gateway-2"}
    fixed = {
        **_GATEWAY,
        **_ROUTE_GATEWAY,
        **settled("subnet", "members", "resource_group", "mode", "availability_mode"),
    }

    name = Text()


class MemberPlace(RequestSchema):
    """The address of a member, by its subnet."""

    subnet = Reference(required=True)


class MemberBody(RequestSchema):
    """A member of a gateway by its subnet."""

    private_ip = MemberPlace(required=True)


class GatewayCreate(NamedRequest):
    """The default of `mode` is route, which is not supported. Instead of `subnet`, two members can be given,
    both in the same subnet."""

    fixed = {**_GATEWAY, **_ROUTE_GATEWAY}
    needed = ("mode",)
    any_of = (("subnet", "members"),)

    @classmethod
    def for_version(cls, version: ApiVersion) -> Mapping[str, Mapping[str, Any]]:
        """With the supported modes only."""
        served = {"mode": GATEWAY_MODES, "availability_mode": AVAILABILITY_MODES}
        modes = {name: {"enum": [words[0]]} for name, words in served.items()}
        return {**super().for_version(version), **modes}

    example = {"name": "my-gateway", "subnet": {"id": SOME_ID}, "mode": "policy"}

    name = Text()
    subnet = Reference()
    members = Items(
        child=MemberBody(), most=_MAX_MEMBERS, style={"template": "rest_framework/omitted_field.html"}
    )
    mode = Word(GATEWAY_MODES, help_text="Only policy is supported.")
    availability_mode = Word(AVAILABILITY_MODES)
    resource_group = Reference()


class DeadPeerDetection(RequestSchema):
    """Seconds."""

    action = Word(("none", "restart", "clear", "hold"))
    interval = Whole(rule=within(LEAST_INTERVAL, LARGEST_DPD))
    timeout = Whole(rule=within(LEAST_TIMEOUT, LARGEST_DPD))


class Identity(RequestSchema):
    """The IKE identity of an end; the value of a key_id is in base64."""

    type = Word(tuple(kind.value for kind in IdentityType), required=True)
    value = Text(required=True)


class LocalPatch(RequestSchema):
    fixed = {"cidrs": _ONE_BY_ONE.format("local"), **settled("ike_identities")}


class PeerPatch(RequestSchema):
    """The peer's address or name."""

    at_most_one = (("address", "fqdn"),)

    fixed = {"cidrs": _ONE_BY_ONE.format("peer"), **read_only("type"), **settled("ike_identity")}

    address = Text(rule=IPV4)
    fqdn = Text(style={"template": "rest_framework/omitted_field.html"})


class Local(RequestSchema):
    """This end."""

    needed = ("cidrs",)

    cidrs = Texts(rule=CIDR, label="Local CIDRs", help_text="Several with commas between.")
    ike_identities = Items(
        child=Identity(),
        most=1,
        reason="A connection of a policy-mode gateway has one local identity.",
        style={"template": "rest_framework/omitted_field.html"},
    )


class Peer(RequestSchema):
    """The other end, by its address or its name."""

    fixed = read_only("type")
    needed = ("cidrs",)
    one_of = (("address", "fqdn"),)

    address = Text(rule=IPV4)
    fqdn = Text(style={"template": "rest_framework/omitted_field.html"})
    cidrs = Texts(rule=CIDR, label="Peer CIDRs", help_text="Several with commas between.")
    ike_identity = Identity(style={"template": "rest_framework/omitted_field.html"})


class ConnectionRequest(NamedRequest):
    """The fields of both bodies. A policy that is null means auto-negotiation."""

    fixed = {**_CONNECTION, **_ROUTE_CONNECTION}

    name = Text()
    psk = Text(label="Pre-shared key", help_text=PSK_RULE, rule={"minLength": 6, "maxLength": 128})
    admin_state_up = Flag()
    establish_mode = Word(ESTABLISH_MODES)
    dead_peer_detection = DeadPeerDetection()
    ike_policy = Reference(allow_null=True, label="IKE policy")
    ipsec_policy = Reference(allow_null=True, label="IPsec policy")


class ConnectionPatch(ConnectionRequest):
    """Everything but CIDRs and identities."""

    example = {
        "name": "to-the-branch",
        "admin_state_up": True,
        "dead_peer_detection": {"action": "restart", "interval": 15, "timeout": 60},
    }

    local = LocalPatch()
    peer = PeerPatch()


class ConnectionCreate(ConnectionRequest):
    """A policy that is omitted or null means auto-negotiation."""

    needed = ("psk", "local", "peer")
    example = {
        "name": "to-the-office",
        "psk": "Use-a-long-one-of-your-own-9271",
        "local": {"cidrs": ["10.1.0.0/24"]},
        "peer": {"address": "203.0.113.9", "cidrs": ["192.168.7.0/24"]},
    }

    local = Local()
    peer = Peer()
