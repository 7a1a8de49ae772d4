"""What a search means when it is an address or a CIDR."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from operator import or_
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


def at(paths: Sequence[str], block: Block, known: Iterable[Any]) -> Q:
    """Rows with an address in the block at one of `paths`; `known` gives (key, *addresses) of all."""
    if block.single:
        return reduce(or_, (Q(**{path: block.text}) for path in paths))
    held = (key for key, *addresses in known if any(a and block.holds(a) for a in addresses))
    return Q(pk__in=list(held))


def number(address: str | None) -> int:
    """For sorting addresses by value; what has none comes last."""
    return int(IPv4Address(address)) if address else 1 << 32


def place(cidr: str) -> tuple[int, int]:
    """For sorting blocks: by where they begin, the wider first."""
    network = IPv4Network(cidr)
    return int(network.network_address), network.prefixlen
