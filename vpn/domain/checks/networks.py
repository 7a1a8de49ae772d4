"""The rules for VPCs, address prefixes, subnets and instances (contract sections 2.6, 5.4 and 7)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from console.core.errors import Violation
from policies.domain.checks import enum_violations, name_violations, unique_violations
from vpn.domain.checks.common import Quotas, parse_address, quota_violations
from vpn.domain.cidrs import (
    CidrError,
    contains,
    first_overlap,
    free_block,
    parse_cidr,
    reserved_addresses,
    reserved_part,
)

LARGEST_BLOCK, SMALLEST_BLOCK = 9, 29
SMALLEST_COUNT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """For every kind: names of the other objects in the same scope; `lower_names` for API generation 2."""

    other_names: Collection[str] = frozenset()
    creating: bool = True
    lower_names: bool = False
    quotas: Quotas = field(default_factory=Quotas)


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcDraft:
    name: str
    address_prefix_management: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcFacts(Facts):
    """`other_names` and `vpcs` (a count) of the account."""

    vpcs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPrefixDraft:
    name: str
    cidr: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPrefixFacts(Facts):
    """`other_cidrs` are those of the VPC's other prefixes, `in_zone` is how many of them are in the zone."""

    zones: Sequence[str]
    other_cidrs: Sequence[str] = ()
    in_zone: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetDraft:
    """Exactly one of `ipv4_cidr_block` and `total_ipv4_address_count`; the second needs `zone`."""

    name: str
    zone: str | None = None
    ipv4_cidr_block: str | None = None
    total_ipv4_address_count: int | None = None
    ip_version: str = "ipv4"


@dataclass(frozen=True, slots=True)
class Prefix:
    """An address prefix of the subnet's VPC."""

    cidr: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetFacts(Facts):
    """`other_blocks` are those of the VPC's other subnets; `peer_cidrs` are those of its gateways'
    connections, each with the name of the connection. If not `creating`, only the name is checked.
    `prefixes` are the VPC's; None: the VPC is unknown, and what depends on it is not checked."""

    zones: Sequence[str]
    prefixes: Sequence[Prefix] | None = ()
    other_blocks: Sequence[str] = ()
    peer_cidrs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceDraft:
    """`address` is None for the lowest free address."""

    name: str
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFacts(Facts):
    """`other_names` and `taken` addresses of the subnet, `instances` of the account. With an empty
    `subnet_cidr` the subnet is unknown, and what depends on it is not checked."""

    subnet_cidr: str
    taken: Collection[str] = frozenset()
    instances: int = 0


def vpc_violations(draft: VpcDraft, *, facts: VpcFacts) -> list[Violation]:
    """Every broken rule of a VPC."""
    return [
        *_quota(facts.creating, facts.vpcs, facts.quotas.vpcs, "VPCs", "The account"),
        *_name(draft.name, facts, "VPC"),
        *enum_violations(
            draft.address_prefix_management, ("auto", "manual"), field="address_prefix_management"
        ),
    ]


def address_prefix_violations(draft: AddressPrefixDraft, *, facts: AddressPrefixFacts) -> list[Violation]:
    """Every broken rule of an address prefix."""
    limit = facts.quotas.address_prefixes_per_zone
    broken = [
        *_quota(facts.creating, facts.in_zone, limit, "address prefixes", f"The zone {draft.zone}"),
        *_name(draft.name, facts, "address prefix of this VPC"),
        *_zone(draft.zone, facts.zones),
    ]
    network = _block(draft.cidr, "cidr", broken)
    if network is None:
        return broken
    if taken := reserved_part(network):
        message = f"{network} overlaps {taken}, which is reserved for the provider."
        broken.append(Violation("network_conflict", "cidr", message))
    if other := first_overlap(network, map(parse_cidr, facts.other_cidrs)):
        message = f"{network} overlaps the address prefix {other} of this VPC."
        broken.append(Violation("address_prefix_conflict", "cidr", message))
    return broken


def subnet_violations(draft: SubnetDraft, *, facts: SubnetFacts) -> list[Violation]:
    """Every broken rule of a subnet. If there is none, `choose_block` finds a block."""
    broken = list(_name(draft.name, facts, "subnet of this VPC"))
    if not facts.creating:
        return broken
    limit = facts.quotas.subnets_per_vpc
    broken += _quota(True, len(facts.other_blocks), limit, "subnets", "The VPC")
    broken += enum_violations(draft.ip_version, ("ipv4",), field="ip_version")
    if draft.zone is not None:
        broken += _zone(draft.zone, facts.zones)
    block, count = draft.ipv4_cidr_block, draft.total_ipv4_address_count
    if block is not None and count is None:
        broken += _wanted_block(block, draft.zone, facts)
    elif count is not None and block is None:
        broken += _wanted_count(count, draft, facts)
    else:
        message = "Give either ipv4_cidr_block or total_ipv4_address_count."
        broken.append(Violation("validation_only_one", "ipv4_cidr_block", message))
    return broken


def choose_block(draft: SubnetDraft, *, facts: SubnetFacts) -> tuple[IPv4Network, str] | None:
    """Block and zone of a new subnet: as given, or the first free one of the wanted size."""
    if draft.ipv4_cidr_block is not None:
        network = parse_cidr(draft.ipv4_cidr_block)
        prefix = _prefix_of(network, facts.prefixes or ())
        return (network, prefix.zone) if prefix else None
    count = draft.total_ipv4_address_count
    if count is None:
        return None
    at_peers = [parse_cidr(cidr) for cidr in facts.peer_cidrs]
    # With a larger peer CIDR the subnet's more specific route wins.
    taken = [parse_cidr(block) for block in facts.other_blocks]
    taken += [network for network in at_peers if network.num_addresses <= count]
    for prefix in facts.prefixes or ():
        if prefix.zone == draft.zone:
            block = free_block(parse_cidr(prefix.cidr), taken, count)
            if block is not None:
                return block, prefix.zone
    return None


def instance_violations(draft: InstanceDraft, *, facts: InstanceFacts) -> list[Violation]:
    """Every broken rule of an instance."""
    broken = [
        *_quota(facts.creating, facts.instances, facts.quotas.instances, "instances", "The account"),
        *_name(draft.name, facts, "instance of this subnet"),
    ]
    subnet = parse_cidr(facts.subnet_cidr) if facts.subnet_cidr else None
    if subnet is None:
        return broken
    if draft.address is not None:
        broken += _wanted_address(draft.address, subnet, facts.taken)
    elif facts.creating and len(facts.taken) + len(reserved_addresses(subnet)) >= subnet.num_addresses:
        broken.append(Violation("system_limit_exceeded", "", f"The subnet {subnet} has no free address."))
    return broken


def _quota(creating: bool, existing: int, limit: int, noun: str, place: str) -> Iterator[Violation]:
    if creating:
        yield from quota_violations(existing, limit, code="over_quota", noun=noun, place=place)


def _name(name: str, facts: Facts, noun: str) -> Iterator[Violation]:
    yield from name_violations(name, code="validation_invalid_name", lower=facts.lower_names)
    yield from unique_violations(name, facts.other_names, code="validation_unique_failed", noun=noun)


def _zone(zone: str, zones: Sequence[str]) -> Iterator[Violation]:
    if zone not in zones:
        message = f"There is no zone {zone[:63]!r}; the zones are {', '.join(zones)}."
        yield Violation("invalid_zone", "zone.name", message)


def _block(text: str, where: str, broken: list[Violation]) -> IPv4Network | None:
    """A CIDR in a VPC, /9 to /29; violations are added to `broken`."""
    try:
        network = parse_cidr(text)
    except CidrError as error:
        broken.append(Violation("validation_invalid_ipv4_cidr", where, str(error)))
        return None
    if not LARGEST_BLOCK <= network.prefixlen <= SMALLEST_BLOCK:
        message = f"{network} must be between /{LARGEST_BLOCK} and /{SMALLEST_BLOCK} in size."
        broken.append(Violation("validation_invalid_ipv4_cidr", where, message))
        return None
    return network


def _prefix_of(network: IPv4Network, prefixes: Sequence[Prefix]) -> Prefix | None:
    return next((prefix for prefix in prefixes if contains(parse_cidr(prefix.cidr), network)), None)


def _wanted_block(text: str, zone: str | None, facts: SubnetFacts) -> list[Violation]:
    where = "ipv4_cidr_block"
    broken: list[Violation] = []
    network = _block(text, where, broken)
    if network is None or facts.prefixes is None:
        return broken
    prefix = _prefix_of(network, facts.prefixes)
    if prefix is None:
        known = ", ".join(one.cidr for one in facts.prefixes) or "none"
        message = f"{network} is not in an address prefix of the VPC (prefixes: {known})."
        broken.append(Violation("not_in_address_prefix", where, message))
    elif zone is not None and zone != prefix.zone:
        message = f"{network} lies in the address prefix {prefix.cidr} of zone {prefix.zone}, not {zone}."
        broken.append(Violation("zone_inconsistency", "zone.name", message))
    if other := first_overlap(network, map(parse_cidr, facts.other_blocks)):
        message = f"{network} overlaps the subnet {other} of this VPC."
        broken.append(Violation("subnet_conflict", where, message))
    if cidr := next((cidr for cidr in facts.peer_cidrs if contains(network, parse_cidr(cidr))), None):
        name = facts.peer_cidrs[cidr]
        message = f"{network} contains {cidr}, a peer CIDR of the connection {name} of this VPC."
        broken.append(Violation("subnet_conflict", where, message))
    return broken


def _wanted_count(count: int, draft: SubnetDraft, facts: SubnetFacts) -> Iterator[Violation]:
    where = "total_ipv4_address_count"
    if count < SMALLEST_COUNT or count.bit_count() != 1:
        message = f"{where} must be a power of two and at least {SMALLEST_COUNT}; it is {count}."
        yield Violation("validation_failure", where, message)
    elif draft.zone is None:
        yield Violation("validation_required_field", "zone", f"{where} needs the zone as well.")
    elif (
        facts.prefixes is not None and draft.zone in facts.zones and choose_block(draft, facts=facts) is None
    ):
        message = f"No address prefix of zone {draft.zone} has a free block of {count} addresses."
        yield Violation("insufficient_space_for_subnet", where, message)


def _wanted_address(text: str, subnet: IPv4Network, taken: Collection[str]) -> Iterator[Violation]:
    where = "primary_network_interface.primary_ipv4_address"
    address: IPv4Address | None = parse_address(text)
    if address is None:
        yield Violation("validation_invalid_ipv4_address", where, f"{text[:64]!r} is not an IPv4 address.")
    elif address not in subnet:
        yield Violation("validation_invalid_address", where, f"{address} is not in {subnet}.")
    elif address in reserved_addresses(subnet):
        message = f"{address} is reserved, like the first four addresses of {subnet} and its last one."
        yield Violation("validation_invalid_address", where, message)
    elif str(address) in taken:
        yield Violation("validation_unique_failed", where, f"{address} is in use.")
