"""Which table a member's packets are looked up in; underlay and overlay share none.

- The underlay, how a member reaches its peers, is a table of its own. Only the member's own charon
  looks there: its sockets carry a mark, and what has the public address as its source (ESP made by
  the kernel, answers to a ping) follows. Nothing that is forwarded does.
- The overlay, what tunnels carry: from the subnet's link only routes into tunnels count, from the
  tunnel device only those into the VPC. Neither has a way to the provider's network.
- What arrives from the provider is for the public address or for nobody.

So no CIDR of a connection, whatever it covers, can take away the way to a peer; and a packet filter
that was flushed opens nothing. Pure: values, and `ip` commands that lead from one to another.
"""

from __future__ import annotations

from collections.abc import Iterable

from vpn.drivers.strongswan.names import PUBLIC_LINK, SUBNET_LINK, TUNNEL_LINK
from vpn.drivers.strongswan.reading import NamespaceState, Route

# On every packet that charon's sockets send.
MARK = "0x4953"
MAIN, DEFAULT, LOCAL = 254, 253, 255
UNDERLAY = 100
# Routes to the tunnel device: charon's own with ESP in user space, else of `esp`.
TUNNELS = 220

# From here on rules are not ours: charon's own (220) and the kernel's last two, which none reaches.
_FOREIGN = 200


def rules(public_address: str) -> frozenset[str]:
    """As `ip rule add` takes them; `public_address` is empty on a standby."""
    wanted = {
        f"pref 3 fwmark {MARK} iif lo lookup {UNDERLAY}",
        # What comes out of a tunnel is never for the member itself: a /32 local CIDR, whose shadow is
        # the instance's address, goes on to the instance.
        f"pref 5 iif {TUNNEL_LINK} lookup {MAIN}",
        f"pref 6 iif {TUNNEL_LINK} unreachable",
        f"pref 8 iif {PUBLIC_LINK} blackhole",
        f"pref 10 lookup {LOCAL}",
        f"pref 12 iif {SUBNET_LINK} lookup {TUNNELS}",
        f"pref 13 iif {SUBNET_LINK} unreachable",
        # The member's own ICMP errors: the VPC before the tunnels, of which one may be for everything.
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
    """Rules that are ours to keep or to remove."""
    return frozenset(rule for rule in seen.rules if int(rule.split()[1]) < _FOREIGN)


def changes(seen: NamespaceState, wanted: frozenset[str], routes: frozenset[Route], source: str) -> list[str]:
    """`ip` commands. Rules are added before others go: never a moment without a rule that closes."""
    existing, there = ours(seen), seen.table(UNDERLAY)
    return [
        *(f"rule add {rule}" for rule in _ordered(wanted - existing)),
        *(f"route add {_words(r)} src {source}" for r in sorted(routes - there, key=_direct_first)),
        *(f"route del {_words(r)}" for r in sorted(there - routes)),
        *(f"route del {_words(r)}" for r in sorted(_strays(seen))),
        *(f"rule del {rule}" for rule in _ordered(existing - wanted)),
    ]


def _strays(seen: NamespaceState) -> frozenset[Route]:
    """Ways to the provider in the overlay's table, and what earlier versions closed peer CIDRs with."""
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
