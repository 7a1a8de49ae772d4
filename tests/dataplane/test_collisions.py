"""Both ends initiate simultaneously: one tunnel remains, the same at both ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from policies.domain.proposals import AUTO_IKE, IkeVersion
from tests.dataplane.gateways import Gateways
from tests.dataplane.world import Side, World, in_namespace, ping
from tests.waiting import wait_for
from vpn.domain.actions import Initiate, Terminate
from vpn.domain.peers import peers
from vpn.domain.spec import GatewaySpec
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan.names import Names

pytestmark = pytest.mark.dataplane

ENOUGH, MOST = 2, 20


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_two_become_one(world: World, version: IkeVersion) -> None:
    """Nearly every round is a collision, of a random kind."""
    gateways = Gateways(world)
    gateways.change(ike=replace(AUTO_IKE, version=version))
    gateways.settle(1)
    world.generation = gateways.left.generation
    ends = ((world.left, gateways.left), (world.right, gateways.right))
    collided = rounds = 0
    while collided < ENOUGH:
        rounds += 1
        assert rounds <= MOST, "the two ends never opened at once"
        for side, spec in ends:
            world.do(side.members[0], Terminate(peers(spec)[0].name))
        wait_for(lambda: not any(carried(world, side) for side, _ in ends), 10)
        with ThreadPoolExecutor(2) as both:
            list(both.map(lambda end: initiate(world, *end), ends))
        wait_for(lambda: world.up(world.left) and world.up(world.right), 10)
        collided += sum(len(world.state(side).sas) for side, _ in ends) > 2
        wait_for(lambda: gateways.once() == 0 and is_one(world), 20)
        wait_for(lambda: carries_traffic(world), 10)


def initiate(world: World, side: Side, spec: GatewaySpec) -> None:
    (peer,) = peers(spec)
    world.do(side.members[0], Initiate(peer.name, peer.children[0].name, int(peer.ike.version)))


def carried(world: World, side: Side) -> list[str]:
    """The IKE SAs of a side that carry a child, by what both ends call them."""
    return sorted(sa.initiator_spi for sa in world.state(side).sas if any(c.installed for c in sa.children))


def carries_traffic(world: World) -> bool:
    """Without a gap. A packet that was under way while an SA went may be lost, so ask again."""
    both = ((world.left, world.right), (world.right, world.left))
    return all(ping(world.namespace(here), there.host, count=5) == 5 for here, there in both)


def is_one(world: World) -> bool:
    here, there = carried(world, world.left), carried(world, world.right)
    return len(here) == 1 and here == there


def test_a_child_that_both_ends_open_under_one_ike_sa_becomes_one(world: World, config: DriverConfig) -> None:
    """No first request arrives, so each end has asked before it is asked again."""
    gateways = Gateways(world)
    gateways.settle(1)
    world.generation = gateways.left.generation
    ends = ((world.left, gateways.left), (world.right, gateways.right))
    (sa,) = world.state(world.left).sas
    world.do(world.left.members[0], Terminate(sa.peer, sa.children[0].name))
    wait_for(lambda: not any(carried(world, side) for side, _ in ends), 10)
    names = Names(config.installation)
    with deaf([names.member(side.gateway_id, 0) for side, _ in ends]) as has_responded:
        for end in ends:
            initiate(world, *end)
        wait_for(has_responded, 10)
    wait_for(lambda: all(len(spis(world, side)) == 2 for side, _ in ends), 10)
    wait_for(lambda: gateways.once() == 0 and is_one(world) and has_one_child(world), 20)
    wait_for(lambda: carries_traffic(world), 10)


@contextmanager
def deaf(namespaces: list[str]) -> Iterator[Callable[[], bool]]:
    """Gateways that send but receive no IKE; returns whether each of them was contacted."""
    ruleset = "{ chain input { type filter hook input priority 0; udp dport { 500, 4500 } counter drop; }; }"
    for namespace in namespaces:
        done = in_namespace(namespace, "nft", f"add table inet deaf {ruleset}")
        assert not done.returncode, done.stderr

    def has_responded() -> bool:
        kept = (in_namespace(name, "nft", "list table inet deaf").stdout for name in namespaces)
        return all("counter" in rules and "packets 0 " not in rules for rules in kept)

    try:
        yield has_responded
    finally:
        for namespace in namespaces:
            in_namespace(namespace, "nft", "delete table inet deaf")


def spis(world: World, side: Side) -> list[tuple[str, str]]:
    """Of the installed children of a side: what it receives by, and what it sends by."""
    children = [child for sa in world.state(side).sas for child in sa.children if child.installed]
    return [(child.spi_in, child.spi_out) for child in children]


def has_one_child(world: World) -> bool:
    here, there = spis(world, world.left), spis(world, world.right)
    return len(here) == 1 and here == [(incoming, outgoing) for outgoing, incoming in there]
