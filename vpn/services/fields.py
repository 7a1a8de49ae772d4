"""The input of services: request bodies in the API's newest form, parsed but not yet validated.

Create takes all fields that were given, update only those that change. A reference is a mapping with
exactly one of `id`, `href`, `crn`, `name`, as in a request body. `api_generation` is the caller's (0: the
console); the rule for names depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

Reference = Mapping[str, str]


class VpcFields(TypedDict, total=False):
    name: str
    address_prefix_management: str
    api_generation: int
    classic_access: bool
    resource_group: Reference


class AddressPrefixFields(TypedDict, total=False):
    name: str
    cidr: str
    zone: Reference
    is_default: bool
    api_generation: int


class SubnetFields(TypedDict, total=False):
    name: str
    vpc: Reference
    zone: Reference
    ipv4_cidr_block: str
    total_ipv4_address_count: int
    ip_version: str
    api_generation: int
    resource_group: Reference


class InstanceFields(TypedDict, total=False):
    """`address` requests one address of the subnet; without it the first free one is used."""

    name: str
    subnet: Reference
    address: str
    api_generation: int
    profile: str
    image: str
    vpc: Reference
    zone: Reference
    resource_group: Reference


class GatewayFields(TypedDict, total=False):
    """`mode` is of generation 2; its default is used if it is omitted. `members` gives the subnet of each,
    instead of `subnet`."""

    name: str
    subnet: Reference
    members: Sequence[Reference]
    resource_group: Reference
    mode: str
    availability_mode: str
    api_generation: int


class DpdFields(TypedDict, total=False):
    action: str
    interval: int
    timeout: int


class LocalFields(TypedDict, total=False):
    """Identities are {type, value}; a gateway of policy mode has at most one."""

    cidrs: list[str]
    ike_identities: Sequence[Mapping[str, str]]


class PeerFields(TypedDict, total=False):
    """The peer is known by its address or by its name, `fqdn`."""

    address: str
    fqdn: str
    cidrs: list[str]
    ike_identity: Mapping[str, str]


class ConnectionFields(TypedDict, total=False):
    """A policy of None is auto-negotiation. `api_generation` is the caller's (0: the console), on which
    defaults and the rule for names depend."""

    name: str
    psk: str
    local: LocalFields
    peer: PeerFields
    admin_state_up: bool
    dead_peer_detection: DpdFields
    establish_mode: str
    api_generation: int
    ike_policy: Reference | None
    ipsec_policy: Reference | None
