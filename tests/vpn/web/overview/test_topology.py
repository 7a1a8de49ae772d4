"""The coordinates of the topology diagram: pure values in and out."""

from __future__ import annotations

from itertools import combinations
from uuid import UUID

import pytest

from vpn.web.overview.topology import Box, Card, Picture, draw
from vpn.web.overview.topology_lines import (
    MAX_GATEWAYS,
    MAX_PEERS,
    GatewayPosition,
    Link,
    Location,
    count_states,
    shorten,
    worst_state,
)


def ident(kind: int, number: int) -> UUID:
    return UUID(int=(kind << 64) + number)


def world(
    gateways: int, each: int, state: str = "up"
) -> tuple[list[Location], list[GatewayPosition], list[Link]]:
    """Gateways in two subnets of each of two VPCs, with `each` peers of their own."""
    vpcs = [Location(ident(1, n), f"vpc-{n}") for n in range(2)]
    subnets = [Location(ident(2, n), f"subnet-{n}", vpcs[n % 2].id, "192.168.0.0/24") for n in range(4)]
    positions = [
        GatewayPosition(ident(3, n), f"gateway-{n:03}", "available", f"198.18.0.{n}", subnets[n % 4].id)
        for n in range(gateways)
    ]
    links = [
        Link(
            ident(4, n * 1000 + m), f"connection-{n}-{m}", ident(3, n), f"203.{n}.{m // 250}.{m % 250}", state
        )
        for n in range(gateways)
        for m in range(each)
    ]
    return [*vpcs, *subnets], positions, links


def disjoint(one: Box | Card, other: Box | Card) -> bool:
    return (
        one.x + one.width <= other.x
        or other.x + other.width <= one.x
        or one.y + one.height <= other.y
        or other.y + other.height <= one.y
    )


def within(inner: Box | Card, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def check(picture: Picture) -> None:
    """Nothing overlaps, and everything is within its frame and the diagram."""
    whole = Box("", 0, 0, picture.width, picture.height, "")
    cards = [*picture.gateways, *picture.peers]
    assert all(disjoint(one, other) for one, other in combinations(cards, 2))
    vpcs, subnets = ([b for b in picture.boxes if b.kind == kind] for kind in ("vpc", "subnet"))
    assert all(disjoint(one, other) for one, other in combinations(vpcs, 2))
    assert all(any(within(card, box) for box in subnets) for card in picture.gateways)
    assert all(any(within(box, frame) for frame in vpcs) for box in subnets)
    for part in (*picture.boxes, *cards):
        assert within(part, whole), part
    for line in picture.lines:
        assert 0 <= line.x <= picture.width and 0 <= line.y <= picture.height
    kinds = [box.kind for box in picture.boxes]
    assert kinds == sorted(kinds, key=lambda kind: kind != "vpc")


@pytest.mark.parametrize(
    ("gateways", "each"), [(0, 0), (1, 0), (1, 1), (3, 4), (20, 1), (1, 24), (1, 1000), (20, 50), (60, 17)]
)
def test_everything_has_its_place(gateways: int, each: int) -> None:
    picture = draw(*world(gateways, each))
    check(picture)
    assert len(picture.gateways) == min(gateways, MAX_GATEWAYS)
    assert len(picture.peers) <= MAX_PEERS
    drawn = sum(int(line.label.split()[0]) if line.label[0].isdigit() else 1 for line in picture.lines)
    assert drawn == min(gateways, MAX_GATEWAYS) * each
    assert bool(picture.notes) == (gateways > MAX_GATEWAYS or gateways * each > MAX_PEERS)


def test_trouble_is_drawn_by_itself() -> None:
    places, positions, links = world(2, 40)
    links[77] = links[77]._replace(state="down")
    picture = draw(places, positions, links)
    [alone] = [card for card in picture.peers if card.word == "down"]
    assert (alone.name, alone.connection) == (links[77].peer, links[77].id)
    assert any(card.more and card.name == "29 more peers" for card in picture.peers)


def test_gateways_with_trouble_come_first() -> None:
    places, positions, links = world(40, 1)
    links[39] = links[39]._replace(state="down")
    positions[38] = positions[38]._replace(word="failed")
    names = {card.name for card in draw(places, positions, links).gateways}
    assert {"gateway-038", "gateway-039"} <= names
    assert len(names) == MAX_GATEWAYS


def test_two_directions_are_one_line() -> None:
    places, positions, _ = world(2, 0)
    links = [
        Link(ident(4, n), f"to-{1 - n}", positions[n].id, positions[1 - n].address, state)
        for n, state in enumerate(("up", "down"))
    ]
    picture = draw(places, positions, links)
    [line] = picture.lines
    assert (line.source, line.target, line.state) == ("gateway-000", "gateway-001", "partly")
    assert line.label == "1 up, 1 down" and line.connection is None
    assert picture.peers == [] and picture.alone == []
    check(picture)


def test_one_peer_of_several_gateways_is_drawn_once() -> None:
    places, positions, _ = world(3, 0)
    links = [
        Link(ident(4, n), f"c-{n}", position.id, "203.0.113.1", "up") for n, position in enumerate(positions)
    ]
    picture = draw(places, positions, links)
    [peer] = picture.peers
    assert peer.detail == "3 connections, 3 up" and peer.connection is None
    assert len(picture.lines) == 3
    check(picture)


def test_unconnected_gateways_are_listed() -> None:
    places, positions, links = world(2, 1)
    picture = draw(places, positions, links[:1])
    assert [card.name for card in picture.alone] == ["gateway-001"]
    assert picture.alone[0].detail.endswith("no connection")
    notes = [box.name for box in picture.boxes if box.kind == "note"]
    assert notes == ["No gateway in subnet-2", "No gateway in subnet-3"]


def test_words() -> None:
    _, _, links = world(1, 3)
    links[1] = links[1]._replace(state="partly")
    assert count_states(links) == "2 up, 1 up in part"
    assert worst_state(["up", "disabled"]) == "up"
    assert worst_state(["negotiating", "up"]) == "negotiating"
    assert worst_state(["down", "disabled"]) == "down"
    assert shorten("gateway", 7) == "gateway" and shorten("gateways", 7) == "gatewa…"
