"""Which routing table a member's packets use; underlay and overlay have no table in common.

- The underlay, the routes to the peers, has its own table. Only the member's own charon uses it: its
  sockets set a mark, and packets with the public address as source (ESP from the kernel, echo replies) use
  it as well. Forwarded packets never do.
- The overlay, the traffic of tunnels: packets from the subnet's link only use routes into tunnels, packets
  from the tunnel device only routes into the VPC. Neither has a route to the provider's network.
- Packets from the provider are for the public address, or they are dropped.

So no CIDR of a connection, whatever it covers, can break the route to a peer; and flushing the packet
filter opens nothing. Pure: values, and the `ip` commands that lead from one to another.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from vpn.drivers.strongswan.names import PUBLIC_LINK, SUBNET_LINK, TUNNEL_LINK
from vpn.drivers.strongswan.reading import NamespaceState, Route

# On every packet that charon's sockets send.
MARK = "0x4953"
MAIN, DEFAULT, LOCAL = 254, 253, 255
UNDERLAY = 100
# Routes to the tunnel device: made by charon with ESP in user space, else by `esp`.
TUNNELS = 220

# Rules from this preference on belong to charon (220) and the kernel (the last two, which are never reached).
_FOREIGN = 200


def rules(public_address: str) -> frozenset[str]:
    """As `ip rule add` takes them; `public_address` is empty on a standby."""
    wanted = {
        f"pref 3 fwmark {MARK} iif lo lookup {UNDERLAY}",
        # Packets from a tunnel are never for the member itself: those for a /32 local CIDR, whose anchor
        # address is the instance's address, are forwarded to the instance.
        f"pref 5 iif {TUNNEL_LINK} lookup {MAIN}",
        f"pref 6 iif {TUNNEL_LINK} unreachable",
        f"pref 8 iif {PUBLIC_LINK} blackhole",
        f"pref 10 lookup {LOCAL}",
        f"pref 12 iif {SUBNET_LINK} lookup {TUNNELS}",
        f"pref 13 iif {SUBNET_LINK} unreachable",
        # The member's own ICMP errors: the VPC before the tunnels, because a tunnel may be for 0.0.0.0/0.
        f"pref 14 lookup {MAIN}",
        f"pref 15 lookup {TUNNELS}",
        "pref 16 unreachable",
    }
    if public_address:
        wanted.add(f"pref 4 from {public_address} iif lo lookup {UNDERLAY}")
        wanted.add(f"pref 7 to {public_address} iif {PUBLIC_LINK} lookup {LOCAL}")
    return frozenset(wanted)


def underlay(public_address: str, provider_cidr: str, provider_router: str) -> frozenset[Route]:
    """Routes of the active member; a standby has none."""
    if not public_address:
        return frozenset()
    return frozenset(
        {
            Route(UNDERLAY, provider_cidr, "", PUBLIC_LINK),
            Route(UNDERLAY, "0.0.0.0/0", provider_router, PUBLIC_LINK),
        }
    )


def ours(seen: NamespaceState) -> frozenset[str]:
    """The rules that this driver manages."""
    return frozenset(rule for rule in seen.rules if int(rule.split()[1]) < _FOREIGN)


def changes(seen: NamespaceState, wanted: frozenset[str], routes: frozenset[Route], source: str) -> list[str]:
    """`ip` commands. Rules are added before others are removed: a closing rule exists at any time."""
    existing, there = ours(seen), seen.table(UNDERLAY)
    return [
        *(f"rule add {rule}" for rule in _ordered(wanted - existing)),
        *(f"route add {_words(r)} src {source}" for r in sorted(routes - there, key=_direct_first)),
        *(f"route del {_words(r)}" for r in sorted(there - routes)),
        *(f"route del {_words(r)}" for r in sorted(_strays(seen))),
        *(f"rule del {rule}" for rule in _ordered(existing - wanted)),
    ]


def _strays(seen: NamespaceState) -> frozenset[Route]:
    """Routes to the provider in the overlay's table, and unreachable routes of earlier versions."""
    return frozenset(r for r in seen.table(MAIN) if r.link in {PUBLIC_LINK, "*"})


def _ordered(some: Iterable[str]) -> list[str]:
    return sorted(some, key=lambda rule: int(rule.split()[1]))


def _direct_first(route: Route) -> tuple[bool, Route]:
    return bool(route.gateway), route


def _words(route: Route) -> str:
    if route.link == "*":
        return f"unreachable {route.network} table {route.table}"
    via = f"via {route.gateway}" if route.gateway else "scope link"
    return f"{route.network} {via} dev {route.link} table {route.table}"


def anchor(cidr: str) -> str:
    """User-space ESP accepts a policy only if a local address lies in its CIDR: this is the network address,
    which no instance can have."""
    return str(IPv4Network(cidr).network_address)


def anchor_addresses(seen: NamespaceState, local_cidrs: frozenset[str]) -> list[str]:
    """`ip` commands for exactly the anchor addresses of these CIDRs."""
    wanted = {anchor(cidr) for cidr in local_cidrs}
    existing = seen.addresses.get("lo", frozenset()) - {"127.0.0.1"}
    return [f"addr add {address}/32 dev lo" for address in sorted(wanted - existing)] + [
        f"addr del {address}/32 dev lo" for address in sorted(existing - wanted)
    ]
