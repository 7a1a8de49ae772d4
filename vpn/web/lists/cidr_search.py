"""Searches for an address or a CIDR."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Q

from vpn.domain.cidrs import bounds


class Block(NamedTuple):
    """`first` and `last` as integers; `text` for display."""

    network: IPv4Network
    first: int
    last: int

    @property
    def single(self) -> bool:
        return self.first == self.last

    @property
    def text(self) -> str:
        return str(self.network.network_address) if self.single else str(self.network)

    def overlaps(self, cidr: str) -> bool:
        """Whether it shares an address with `cidr`."""
        return self.network.overlaps(IPv4Network(cidr))

    def contains(self, address: str) -> bool:
        return IPv4Address(address) in self.network


def block_of(text: str) -> Block | None:
    """The block of a text such as 10.1.2.3 or 10.1.2.0/24; host bits are allowed. None for other texts."""
    if "/" in text and not text.rpartition("/")[2].isdecimal():
        return None
    try:
        network = IPv4Network(text, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        return None
    return Block(network, *bounds(network))


def at(paths: Sequence[str], block: Block, known: Iterable[Any]) -> Q:
    """Rows with an address of the block in a field of `paths`; `known` lists (key, *addresses)."""
    if block.single:
        return reduce(or_, (Q(**{path: block.text}) for path in paths))
    held = (key for key, *addresses in known if any(a and block.contains(a) for a in addresses))
    return Q(pk__in=list(held))


def address_key(address: str | None) -> int:
    """Sorts addresses by value; rows without an address come last."""
    return int(IPv4Address(address)) if address else 1 << 32


def block_key(cidr: str) -> tuple[int, int]:
    """Sorts blocks by first address, the larger ones first."""
    network = IPv4Network(cidr)
    return int(network.network_address), network.prefixlen
