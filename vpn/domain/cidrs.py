"""IPv4 CIDRs as values: strict parsing, overlap, containment, reserved ranges, free blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError, collapse_addresses

# Contract section 2.6.1: never part of a VPC or of a tunnel; the provider's own services use them.
RESERVED = tuple(
    IPv4Network(text)
    for text in ("127.0.0.0/8", "161.26.0.0/16", "166.8.0.0/14", "169.254.0.0/16", "224.0.0.0/4")
)
EVERYTHING = IPv4Network("0.0.0.0/0")

# The first four addresses of a subnet and its broadcast address belong to the provider.
RESERVED_PER_SUBNET = 5
# Characters of the input that a message repeats; no CIDR is longer.
_LONGEST_SHOWN = 64


class CidrError(ValueError):
    """The text is not a CIDR; the message is a full sentence that says what is valid."""


def parse_cidr(text: str) -> IPv4Network:
    """A network in canonical form, host bits clear. Raises CidrError.

    Accepts `192.168.1.0/24` only: no missing length, no netmask form, no IPv6.
    """
    address, slash, length = text.partition("/")
    shown = repr(text[:_LONGEST_SHOWN])
    if ":" in address:
        raise CidrError(f"{shown} is an IPv6 block; only IPv4 blocks such as 192.168.1.0/24 are supported.")
    if not slash or not length.isascii() or not length.isdecimal() or len(text) > _LONGEST_SHOWN:
        raise CidrError(f"{shown} is not an address and a prefix length such as 192.168.1.0/24.")
    try:
        network = IPv4Network((address, int(length)), strict=False)
    except (AddressValueError, NetmaskValueError) as error:
        raise CidrError(f"{shown} is not an IPv4 block such as 192.168.1.0/24.") from error
    if IPv4Address(address) != network.network_address:
        raise CidrError(f"{shown} has host bits set; the network is {network}.")
    if length != str(network.prefixlen):
        raise CidrError(f"{shown} is not in canonical form; the network is {network}.")
    return network


def bounds(network: IPv4Network) -> tuple[int, int]:
    """First and last address as integers."""
    return int(network.network_address), int(network.broadcast_address)


def reserved_part(network: IPv4Network) -> IPv4Network | None:
    """The reserved range that `network` overlaps; None for 0.0.0.0/0, which means everything else."""
    if network == EVERYTHING:
        return None
    return next((block for block in RESERVED if block.overlaps(network)), None)


def first_overlap(network: IPv4Network, others: Iterable[IPv4Network]) -> IPv4Network | None:
    """The first of `others` that shares an address with `network`."""
    return next((other for other in others if network.overlaps(other)), None)


def overlapping(networks: Sequence[IPv4Network]) -> list[tuple[int, int]]:
    """Every pair that shares an address, as indices, the smaller one first.

    CIDRs are nested or disjoint, so a sweep over their sorted bounds finds the pairs in n log n steps plus
    one per pair; at most 32 different CIDRs contain another one.
    """
    found, nest = [], _Nest(networks)
    for index in sorted(range(len(networks)), key=nest.order):
        found += [(min(index, outer), max(index, outer)) for outer in nest.enter(index)]
    return sorted(found)


def overlaps_between(ours: Sequence[IPv4Network], theirs: Sequence[IPv4Network]) -> list[tuple[int, int]]:
    """Every pair of one of `ours` and one of `theirs` that shares an address, as indices."""
    found, nest, edge = [], _Nest([*ours, *theirs]), len(ours)
    for index in sorted(range(edge + len(theirs)), key=nest.order):
        for outer in nest.enter(index):
            if (index < edge) != (outer < edge):
                found.append((min(index, outer), max(index, outer) - edge))
    return sorted(found)


class _Nest:
    """The CIDRs that contain the one that a sweep has reached, the largest first."""

    def __init__(self, networks: Sequence[IPv4Network]) -> None:
        self.bounds = [bounds(network) for network in networks]
        self.around: list[int] = []

    def order(self, index: int) -> tuple[int, int]:
        first, last = self.bounds[index]
        return first, -last

    def enter(self, index: int) -> list[int]:
        """The CIDRs that contain the next one, which then may contain those that follow."""
        first, _ = self.bounds[index]
        while self.around and self.bounds[self.around[-1]][1] < first:
            self.around.pop()
        outer = [*self.around]
        self.around.append(index)
        return outer


def contains(outer: IPv4Network, inner: IPv4Network) -> bool:
    """Whether all of `inner` lies in `outer`."""
    return inner.subnet_of(outer)


def free_block(prefix: IPv4Network, taken: Iterable[IPv4Network], size: int) -> IPv4Network | None:
    """The first free, aligned block of `size` addresses (a power of two) in `prefix`; None if none is."""
    length = 32 - (size.bit_length() - 1)
    if length < prefix.prefixlen:
        return None
    position, end = bounds(prefix)
    for block in collapse_addresses(other for other in taken if prefix.overlaps(other)):
        if position + size <= int(block.network_address):
            break
        position = max(position, -(-(int(block.broadcast_address) + 1) // size) * size)
    return IPv4Network((position, length)) if position + size - 1 <= end else None


def reserved_addresses(subnet: IPv4Network) -> frozenset[IPv4Address]:
    """The five addresses of a subnet that the provider reserves: the first four and the last."""
    last = subnet.num_addresses - 1
    return frozenset(subnet[index] for index in {0, 1, 2, 3, last} if index <= last)


def usable_addresses(subnet: IPv4Network) -> int:
    """How many addresses are available to members and instances."""
    return max(0, subnet.num_addresses - RESERVED_PER_SUBNET)
