"""The routes of ESP in user space: charon adds them with each child, and never again if they are lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vpn.domain.state import SaState
from vpn.drivers.strongswan.names import TUNNEL_LINK
from vpn.drivers.strongswan.reading import NamespaceState
from vpn.drivers.strongswan.routing import TUNNELS, anchor


def lost_routes(sas: Iterable[SaState], seen: NamespaceState) -> dict[str, str]:
    """The remote CIDRs of installed children without a route, and the source address that charon gives it."""
    there = seen.networks(TUNNELS)
    return {
        remote: anchor(child.local[0])
        for sa in sas
        for child in sa.children
        if child.installed and child.local
        for remote in child.remote
        if remote not in there
    }


def restoring(lost: Mapping[str, str]) -> list[str]:
    """`ip` commands, for routes as charon adds them."""
    return [
        f"route replace {cidr} dev {TUNNEL_LINK} proto static src {source} table {TUNNELS}"
        for cidr, source in sorted(lost.items())
    ]
