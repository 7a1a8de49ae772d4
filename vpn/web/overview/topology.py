"""The topology diagram of an account: coordinates of VPCs, gateways, peers and tunnels; pure. The template
draws them, and lists the same lines in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from vpn.web.overview.topology_lines import (
    Bundle,
    GatewayPosition,
    Link,
    Location,
    bundle_links,
    count_states,
    select_gateways,
    shorten,
    worst_state,
)

MAX_VPCS = 12
_EMPTY_SUBNETS = 3

_BOX_WIDTH, _PEER_LEFT, _PEER_WIDTH = 420, 800, 280
_PAD, _GAP, _TITLE, _CARD = 12, 16, 28, 48
_STEP = _CARD + 10
_NAME, _DETAIL = 34, 44


class Box(NamedTuple):
    """The frame of a VPC or subnet, or a line of text in one (`kind` "note")."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    name: str
    detail: str = ""


class Card(NamedTuple):
    """A gateway, a peer, or several peers of one gateway. `word` is a gateway's status or the
    state of a peer; the link goes to the connection, or else to the gateway."""

    x: int
    y: int
    width: int
    height: int
    name: str
    detail: str
    word: str
    gateway: UUID
    connection: UUID | None = None
    more: bool = False


class Line(NamedTuple):
    """A line from a gateway to a peer; its symbol is at (x, y)."""

    path: str
    x: int
    y: int
    state: str
    source: str
    target: str
    label: str
    gateway: UUID
    connection: UUID | None


@dataclass(slots=True)
class Picture:
    """Sizes in pixels; everything is within `width` and `height`."""

    width: int = _BOX_WIDTH
    height: int = 0
    boxes: list[Box] = field(default_factory=list)
    gateways: list[Card] = field(default_factory=list)
    peers: list[Card] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    alone: list[Card] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def draw(places: Sequence[Location], positions: Sequence[GatewayPosition], links: Sequence[Link]) -> Picture:
    """The picture of one account."""
    picture = Picture()
    chosen = select_gateways(positions, links, picture.notes)
    drawn = {position.id: position for position in chosen}
    bundles = bundle_links(
        [link for link in links if link.gateway in drawn], chosen, positions, picture.notes
    )
    bottom = _stack(picture, places, chosen, links)
    peers = [bundle for bundle in bundles if bundle.other is None]
    addresses = {bundle.peer: bundle for bundle in peers}
    if bundles:
        picture.width = _PEER_LEFT + _PEER_WIDTH if peers else _PEER_LEFT - 120
    picture.height = max(bottom, len(addresses) * _STEP)
    _center_column(picture, (picture.height - bottom) // 2)
    cards = dict(zip([position.id for position in _ordered(places, chosen)], picture.gateways, strict=True))
    targets = _place_peers(picture, peers, cards)
    for bundle in bundles:
        near = cards[bundle.gateway]
        far = cards[bundle.other] if bundle.other else targets[bundle.peer]
        picture.lines.append(_line(bundle, near, far))
    joined = {bundle.gateway for bundle in bundles} | {bundle.other for bundle in bundles}
    picture.alone = [card for ident, card in cards.items() if ident not in joined]
    return picture


def _ordered(places: Sequence[Location], positions: Sequence[GatewayPosition]) -> list[GatewayPosition]:
    """In the order in which `_stack` draws them."""
    subnets = [p for p in places if p.parent is not None]
    rank = {p.id: n for n, p in enumerate(p for p in places if p.parent is None)}
    order = {s.id: (rank.get(s.parent or s.id, 0), n) for n, s in enumerate(subnets)}
    return sorted(
        positions, key=lambda position: (order.get(position.subnet, (0, 0)), position.name, position.id)
    )


def _stack(
    picture: Picture, places: Sequence[Location], positions: Sequence[GatewayPosition], links: Sequence[Link]
) -> int:
    """VPCs below each other, with their subnets and gateways inside; returns the lower edge."""
    used = {position.subnet for position in positions}
    used_vpcs = {p.parent for p in places if p.id in used}
    vpcs = [p for p in places if p.parent is None]
    empty = [vpc for vpc in vpcs if vpc.id not in used_vpcs][max(0, MAX_VPCS - len(used_vpcs)) :]
    if empty:
        picture.notes.append(f"{len(empty)} more VPCs without a gateway are not shown.")
    of = {ident: [link for link in links if link.gateway == ident] for ident in {s.id for s in positions}}
    ordered = _ordered(places, positions)
    y = 0
    for vpc in vpcs:
        if vpc in empty:
            continue
        subnets = [p for p in places if p.parent == vpc.id]
        top, y = y, y + _PAD + _TITLE
        for subnet in (s for s in subnets if s.id in used):
            y = _subnet(picture, subnet, [s for s in ordered if s.subnet == subnet.id], of, y) + _PAD
        idle = [s for s in subnets if s.id not in used]
        y = _idle(picture, idle, y, alone=len(idle) == len(subnets))
        picture.boxes.append(Box("vpc", 0, top, _BOX_WIDTH, y - top, shorten(vpc.name, _NAME)))
        y += _GAP
    return max(0, y - _GAP)


def _subnet(
    picture: Picture,
    subnet: Location,
    positions: Sequence[GatewayPosition],
    of: Mapping[UUID, list[Link]],
    y: int,
) -> int:
    top, y = y, y + _TITLE
    for position in positions:
        label = count_states(of[position.id]) or "no connection"
        detail = shorten(f"{position.address}, {label}", _DETAIL)
        picture.gateways.append(
            Card(2 * _PAD, y, _BOX_WIDTH - 4 * _PAD, _CARD, position.name, detail, position.word, position.id)
        )
        y += _STEP
    picture.boxes.append(
        Box("subnet", _PAD, top, _BOX_WIDTH - 2 * _PAD, y - top, shorten(subnet.name, 28), subnet.cidr)
    )
    return y


def _idle(picture: Picture, subnets: Sequence[Location], y: int, *, alone: bool) -> int:
    """One line about the subnets without a gateway."""
    names = ", ".join(s.name for s in subnets[:_EMPTY_SUBNETS])
    more = f" and {len(subnets) - _EMPTY_SUBNETS} more" if len(subnets) > _EMPTY_SUBNETS else ""
    text = f"No gateway in {names}{more}" if subnets else "No subnet yet" if alone else ""
    if not text:
        return y
    picture.boxes.append(Box("note", _PAD, y, _BOX_WIDTH - 2 * _PAD, _TITLE, shorten(text, 52)))
    return y + _TITLE


def _center_column(picture: Picture, by: int) -> None:
    """Centre the left column vertically, and draw VPCs behind their contents."""
    layers = sorted(picture.boxes, key=lambda box: box.kind != "vpc")
    picture.boxes = [box._replace(y=box.y + by) for box in layers]
    picture.gateways = [card._replace(y=card.y + by) for card in picture.gateways]


def _place_peers(picture: Picture, bundles: Sequence[Bundle], cards: Mapping[UUID, Card]) -> dict[str, Card]:
    """Each peer as near to its gateways as possible, without overlaps."""
    groups: dict[str, list[Bundle]] = {}
    for bundle in bundles:
        groups.setdefault(bundle.peer, []).append(bundle)
    ideal = {peer: sum(cards[b.gateway].y for b in own) / len(own) for peer, own in groups.items()}
    order = sorted(groups, key=lambda peer: (ideal[peer], peer))
    tops: list[float] = []
    for peer in order:
        tops.append(max(ideal[peer], tops[-1] + _STEP if tops else 0))
    floor: float = picture.height - _CARD
    for n in range(len(tops) - 1, -1, -1):
        tops[n] = min(tops[n], floor)
        floor = tops[n] - _STEP
    placed = {peer: _peer(groups[peer], round(top)) for peer, top in zip(order, tops, strict=True)}
    picture.peers = list(placed.values())
    return placed


def _peer(own: Sequence[Bundle], y: int) -> Card:
    links = [link for bundle in own for link in bundle.links]
    only = links[0] if len(links) == 1 else None
    detail = (
        only.name
        if only
        else count_states(links)
        if own[0].more
        else f"{len(links)} connections, {count_states(links)}"
    )
    name = own[0].peer.partition("|")[0]
    word = worst_state(link.state for link in links)
    ident = only.id if only else None
    shown = shorten(detail, _NAME)
    return Card(_PEER_LEFT, y, _PEER_WIDTH, _CARD, name, shown, word, own[0].gateway, ident, more=own[0].more)


def _line(bundle: Bundle, near: Card, far: Card) -> Line:
    x1, y1 = near.x + near.width, near.y + near.height // 2
    y2 = far.y + far.height // 2
    if bundle.other:
        bulge = min(230, 70 + abs(y2 - y1) // 4)
        path = f"M{x1} {y1}C{x1 + bulge} {y1} {x1 + bulge} {y2} {x1} {y2}"
        x, y = x1 + bulge * 3 // 4, (y1 + y2) // 2
    else:
        x2 = far.x
        middle = (x1 + x2) // 2
        path = f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"
        # Two thirds of the way: there the lines of one gateway no longer overlap.
        x, y = round(x1 + (x2 - x1) * 0.63), round(y1 + (y2 - y1) * 0.741)
    only = bundle.links[0].id if len(bundle.links) == 1 else None
    label = bundle.links[0].name if only else count_states(bundle.links)
    return Line(path, x, y, bundle.state, near.name, far.name, label, bundle.gateway, only)
