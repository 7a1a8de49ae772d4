"""Shared by the checks of gateways, connections and networks; limits of the early 2019 documents.

Each check takes the resulting state (a draft) and the facts around it, and returns every broken rule at
once. Fields are paths of the API, such as `local.cidrs[0]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Self

from console.core.errors import Violation

_UNFIT = (
    (IPv4Network("0.0.0.0/8"), "not the address of a host"),
    (IPv4Network("127.0.0.0/8"), "a loopback address"),
    (IPv4Network("169.254.0.0/16"), "a link-local address"),
    (IPv4Network("224.0.0.0/4"), "a multicast address"),
    (IPv4Network("240.0.0.0/4"), "a broadcast or reserved address"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """Limits of one account (contract section 7.1), with the names of the settings."""

    vpcs: int = 5
    subnets_per_vpc: int = 15
    address_prefixes_per_zone: int = 5
    instances: int = 100
    gateways: int = 20
    gateways_per_zone: int = 3
    connections_per_gateway: int = 10
    ike_policies: int = 20
    ipsec_policies: int = 20
    cidrs_per_gateway: int = 50
    cidrs_per_connection: int = 15

    @classmethod
    def of(cls, *layers: dict[str, int]) -> Self:
        """From settings, then an account's overrides; unknown names are ignored."""
        known = {field.name for field in fields(cls)}
        merged = {name: value for layer in layers for name, value in layer.items() if name in known}
        return cls(**merged)


def quota_violations(existing: int, limit: int, *, code: str, noun: str, place: str) -> Iterator[Violation]:
    """A violation if one more would exceed the limit; it has no field."""
    if existing >= limit:
        yield Violation(code, "", f"{place} has reached its limit of {limit} {noun}.")


def parse_address(text: str) -> IPv4Address | None:
    """An IPv4 literal in dotted form, else None."""
    try:
        return IPv4Address(text)
    except AddressValueError:
        return None


def unfit_peer(address: IPv4Address, own: str, provider: str = "") -> str:
    """Why no peer can have this address, as the end of a sentence; empty if a peer can.

    `own` is the gateway's public address, empty while it has none; `provider` the network of public
    addresses.
    """
    if address == parse_address(own):
        return "the gateway's own public address"
    for network, kind in _UNFIT:
        if address in network:
            return kind
    return _reserved_by_provider(address, IPv4Network(provider)) if provider else ""


def _reserved_by_provider(address: IPv4Address, network: IPv4Network) -> str:
    """The network address, the provider's router and the broadcast address of the public network."""
    reserved = {
        network.network_address: "the network address",
        network.network_address + 1: "the router",
        network.broadcast_address: "the broadcast address",
    }
    return f"{reserved[address]} of the provider's network {network}" if address in reserved else ""


def is_no_host(address: IPv4Address) -> bool:
    """Whether this address cannot identify an IKE peer: charon reads 0.0.0.0 as any identity."""
    inside = (network for network, _ in _UNFIT if address in network)
    return any(not (network.is_loopback or network.is_link_local) for network in inside)
