"""Which gateways and connections the topology diagram shows; pure.

A diagram of a thousand tunnels is unreadable, so its size is limited: gateways with faults come first, the
peers of one gateway are combined into one shape, and notes say what was omitted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

# Worst first.
STATES = ("down", "partly", "negotiating", "up", "disabled")
MAX_GATEWAYS, MAX_PEERS, MAX_ARCS = 20, 24, 60


class Location(NamedTuple):
    """A VPC (`parent` None) or a subnet of one."""

    id: UUID
    name: str
    parent: UUID | None = None
    cidr: str = ""


class GatewayPosition(NamedTuple):
    """A gateway in its subnet; `word` is its status."""

    id: UUID
    name: str
    word: str
    address: str
    subnet: UUID


class Link(NamedTuple):
    """A connection; `state` is one of STATES."""

    id: UUID
    name: str
    gateway: UUID
    peer: str
    state: str


class Bundle(NamedTuple):
    """The connections that one line represents; `peer` is an address, or a count of several."""

    gateway: UUID
    peer: str
    links: list[Link]
    other: UUID | None = None
    more: bool = False

    @property
    def state(self) -> str:
        return worst_state(link.state for link in self.links)


def worst_state(states: Iterable[str]) -> str:
    """The worst of several states; a mix of up and down is `partly`."""
    found = set(states)
    if "down" in found and found & {"up", "partly"}:
        return "partly"
    return min(found, key=STATES.index, default="up")


def count_states(links: Iterable[Link]) -> str:
    """The number of connections in each state: 48 up, 2 down."""
    counts = Counter(link.state for link in links)
    order = ("up", *(state for state in STATES if state != "up"))
    words = {"partly": "up in part"}
    return ", ".join(f"{counts[state]} {words.get(state, state)}" for state in order if counts[state])


def shorten(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def select_gateways(
    positions: Sequence[GatewayPosition], links: Sequence[Link], notes: list[str]
) -> list[GatewayPosition]:
    if len(positions) <= MAX_GATEWAYS:
        return list(positions)
    trouble = Counter(link.gateway for link in links if link.state in STATES[:2])
    ranked = sorted(positions, key=lambda s: (s.word == "available", -trouble[s.id], s.name))
    rest = len(positions) - MAX_GATEWAYS
    notes.append(f"{rest} more gateways are not shown; those with faults are shown first.")
    return ranked[:MAX_GATEWAYS]


def bundle_links(
    links: Sequence[Link],
    chosen: Sequence[GatewayPosition],
    positions: Sequence[GatewayPosition],
    notes: list[str],
) -> list[Bundle]:
    """Lines between own gateways, one for both directions, then lines to other peers."""
    drawn = {position.id for position in chosen}
    own = {position.address: position.id for position in positions}
    inside: dict[frozenset[UUID], list[Link]] = {}
    outside: dict[tuple[UUID, str], list[Link]] = {}
    for link in links:
        other = own.get(link.peer)
        if other in drawn and other is not None:
            inside.setdefault(frozenset((link.gateway, other)), []).append(link)
        else:
            outside.setdefault((link.gateway, link.peer), []).append(link)
    return [*_arcs(inside, notes), *_spokes(outside, notes)]


def _arcs(inside: Mapping[frozenset[UUID], list[Link]], notes: list[str]) -> list[Bundle]:
    found = []
    for pair, links in inside.items():
        near = links[0].gateway
        other = next((ident for ident in pair if ident != near), near)
        found.append(Bundle(near, links[0].peer, links, other))
    found.sort(key=lambda bundle: STATES.index(bundle.state))
    if len(found) > MAX_ARCS:
        rest = count_states(link for bundle in found[MAX_ARCS:] for link in bundle.links)
        notes.append(f"{len(found) - MAX_ARCS} more pairs of gateways are connected: {rest}.")
    return found[:MAX_ARCS]


def _spokes(outside: Mapping[tuple[UUID, str], list[Link]], notes: list[str]) -> list[Bundle]:
    bundles = [Bundle(gateway, peer, links) for (gateway, peer), links in outside.items()]
    if len(bundles) <= MAX_PEERS:
        return bundles
    by_gateway: dict[UUID, list[Bundle]] = {}
    for bundle in sorted(bundles, key=lambda one: STATES.index(one.state)):
        by_gateway.setdefault(bundle.gateway, []).append(bundle)
    each = max(0, MAX_PEERS // len(by_gateway) - 1)
    found = []
    for gateway, own in by_gateway.items():
        shown = each if len(own) > each + 1 else len(own)
        found += own[:shown]
        if rest := own[shown:]:
            links = [link for bundle in rest for link in bundle.links]
            peer = f"{len(rest)} {'more ' if shown else ''}peers"
            # The gateway's id distinguishes shapes with the same text.
            found.append(Bundle(gateway, f"{peer}|{gateway}", links, more=True))
    alone = "; those with faults have their own" if each else ""
    notes.append(f"Many peers of one gateway are combined into one shape{alone}.")
    return found
