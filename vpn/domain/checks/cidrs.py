"""The rules for the CIDRs of one connection (contract section 7.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from console.core.errors import Violation
from vpn.domain.checks.common import parse_address
from vpn.domain.cidrs import (
    EVERYTHING,
    CidrError,
    contains,
    overlapping,
    overlaps_between,
    parse_cidr,
    reserved_part,
)

NOT_VALID = "vpn_connection_cidr_not_valid"
OVERLAP = "vpn_connection_cidr_overlap"


def parse_side(texts: Sequence[str], path: str, broken: list[Violation]) -> dict[str, IPv4Network]:
    """The valid networks by field path; violations are added to `broken`."""
    networks: dict[str, IPv4Network] = {}
    seen: set[IPv4Network] = set()
    for index, text in enumerate(texts):
        where = f"{path}[{index}]"
        try:
            network = parse_cidr(text)
        except CidrError as error:
            broken.append(Violation(NOT_VALID, where, str(error)))
            continue
        if network in seen:
            message = f"{network} is listed twice."
            broken.append(Violation("vpn_connection_cidr_duplicated", where, message))
        elif taken := reserved_part(network):
            message = f"{network} overlaps {taken}, which is reserved."
            broken.append(Violation(NOT_VALID, where, message))
        else:
            networks[where] = network
            seen.add(network)
    return networks


def own_cidr_violations(
    public_address: str, local: dict[str, IPv4Network], peer: dict[str, IPv4Network]
) -> Iterator[Violation]:
    """Overlaps within a side and between the sides, and a peer CIDR that is the gateway's own public
    address. The peer's address may lie in its CIDRs, or be one of them: routes to peers are in a separate
    table."""
    for noun, side in (("local", local), ("peer", peer)):
        places, networks = [*side], [*side.values()]
        for first, second in overlapping(networks):
            message = f"The {noun} CIDRs {networks[first]} and {networks[second]} overlap."
            yield Violation(OVERLAP, places[second], message)
    for where, network in local.items():
        if network == EVERYTHING:
            yield Violation(NOT_VALID, where, "0.0.0.0/0 is allowed only as a peer CIDR.")
    places, here, there = [*peer], [*local.values()], [*peer.values()]
    for one, other in overlaps_between(here, there):
        if there[other] != EVERYTHING:
            message = f"The peer CIDR {there[other]} overlaps the local CIDR {here[one]}."
            yield Violation(OVERLAP, places[other], message)
    own = parse_address(public_address)
    for where, network in peer.items():
        if own is not None and network == IPv4Network(own):
            message = f"{network} is the gateway's own public address, which is the tunnel's endpoint."
            yield Violation(NOT_VALID, where, message)


def own_network_violations(
    local: dict[str, IPv4Network], peer: dict[str, IPv4Network], subnets: Sequence[tuple[str, str]]
) -> Iterator[Violation]:
    """Peer CIDRs within a subnet of the gateway's own VPC; `subnets` are names and blocks.

    Traffic within the VPC is never sent into a tunnel. A peer CIDR that is larger than the subnet is
    allowed: the VPC's more specific route wins, and the rest is at the peer. Overlaps with a local CIDR
    are reported by `own_cidr_violations`.
    """
    places, theirs = [*peer], [*peer.values()]
    reported = {index for index, _ in overlaps_between(theirs, [*local.values()])}
    blocks = [parse_cidr(block) for _, block in subnets]
    for index, subnet in overlaps_between(theirs, blocks):
        network, block = theirs[index], blocks[subnet]
        if index not in reported and contains(block, network):
            message = (
                f"The peer CIDR {network} lies in the subnet {subnets[subnet][0]} ({block}) of the gateway's "
                "own VPC; peer CIDRs are networks of the other side."
            )
            yield Violation(OVERLAP, places[index], message)
