"""Where a request came from: the client's address, as far as it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings

IPAddress = IPv4Address | IPv6Address


def client_address(meta: Mapping[str, Any]) -> str:
    """The client's IP address in its canonical text form; empty for a Unix socket.

    `meta` is `request.META`. X-Forwarded-For is read only when the peer of the connection is one of
    ISTHMUS_TRUSTED_PROXIES, and then from the right: the first address that is not a trusted
    proxy's. Those to the left of it are the client's own claim.
    """
    peer = str(meta.get("REMOTE_ADDR", ""))
    found = parse_address(peer)
    if not _is_trusted(peer, found):
        return peer if found is None else str(found)
    for claim in reversed(str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")):
        address = parse_address(claim)
        if address is None:
            break
        found = address
        if not _is_trusted("", address):
            break
    return "" if found is None else str(found)


def parse_address(text: str) -> IPAddress | None:
    """An address as proxies write it, with or without port, brackets or scope; None if it is not one.

    An IPv4-mapped IPv6 address is the IPv4 address, so that each client has one address.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def client_network(address: str) -> str:
    """The key of an address in rate limits: itself, or its /64 with IPv6, since a client has a whole /64."""
    found = parse_address(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found), 64), strict=False))
    return address if found is None else str(found)


def is_trusted_proxy(peer: str) -> bool:
    """Whether the peer of a connection is one of ISTHMUS_TRUSTED_PROXIES; empty is a Unix socket."""
    return _is_trusted(peer, parse_address(peer))


def _is_trusted(peer: str, address: IPAddress | None) -> bool:
    """Whether a peer is a trusted proxy; the peer of a Unix socket has no address."""
    if address is None:
        return peer == "" and settings.TRUSTED_PROXIES.unix_sockets
    return any(address in network for network in settings.TRUSTED_PROXIES.networks)
