"""What a search means when it is an address or a CIDR."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from typing import Any, NamedTuple

from django.db.models import Q

from vpn.domain.cidrs import bounds


class Block(NamedTuple):
    """`first` to `last` as integers; `text` as it is told to people."""

    network: IPv4Network
    first: int
    last: int

    @property
    def single(self) -> bool:
        return self.first == self.last

    @property
    def text(self) -> str:
        return str(self.network.network_address) if self.single else str(self.network)

    def meets(self, cidr: str) -> bool:
        """Whether it shares an address with `cidr`."""
        return self.network.overlaps(IPv4Network(cidr))

    def holds(self, address: str) -> bool:
        return IPv4Address(address) in self.network


def block_of(text: str) -> Block | None:
    """10.1.2.3 and 10.1.2.0/24, host bits forgiven; None for a name, or half an address."""
    if "/" in text and not text.rpartition("/")[2].isdecimal():
        return None
    try:
        network = IPv4Network(text, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        return None
    return Block(network, *bounds(network))


def at(path: str, block: Block, known: Iterable[Any]) -> Q:
    """Rows whose address at `path` lies in the block; `known` gives (key, address) of them all."""
    if block.single:
        return Q(**{path: block.text})
    return Q(pk__in=[key for key, address in known if block.holds(address)])


def number(address: str) -> int:
    """For sorting addresses by value."""
    return int(IPv4Address(address))


def place(cidr: str) -> tuple[int, int]:
    """For sorting blocks: by where they begin, the wider first."""
    network = IPv4Network(cidr)
    return int(network.network_address), network.prefixlen
