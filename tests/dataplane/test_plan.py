"""The plan against real charons: it settles, and then has nothing more to do."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from uuid import UUID

import pytest

from policies.domain.proposals import AUTO_IKE, IkeOffer, IkeVersion
from tests.dataplane.gateways import Gateways
from tests.dataplane.world import NO_DPD, Side, World, connection, installed, ping, pinging
from tests.waiting import PATIENCE, wait_for
from vpn.domain.peers import child_name
from vpn.domain.spec import ConnectionSpec, DeadPeerDetection, DpdAction, MemberRole, Secret
from vpn.drivers.strongswan.driver import StrongSwanDriver

pytestmark = pytest.mark.dataplane


@pytest.fixture
def world(driver: StrongSwanDriver) -> World:
    made = World(
        driver,
        Side("left", "192.168.100.0/24", "198.18.0.2"),
        Side("right", "192.168.0.0/24", "198.18.0.3"),
    )
    for side in (made.left, made.right):
        driver.apply_network(side.network())
    return made


def test_a_gateway_from_nothing_to_nothing(world: World) -> None:
    gateways = Gateways(world)
    gateways.settle(1)
    assert ping(world.namespace(world.left), world.right.host) == 1
    gateways.change(psk=Secret("next", "another-long-key"))
    gateways.settle(1)
    gateways.change(ike=IkeOffer(IkeVersion.V2, AUTO_IKE.proposal, 600))
    gateways.settle(1)
    assert ping(world.namespace(world.left), world.right.host) == 1
    gateways.change(enabled=False)
    gateways.settle(0)
    gateways.left, gateways.right = (replace(g, deleted=True) for g in (gateways.left, gateways.right))
    gateways.settle(0)
    assert world.driver.inventory().members == ()


def test_a_peer_that_answers_only_ikev1_is_found(world: World) -> None:
    gateways = Gateways(world)
    (passive,) = gateways.right.connections
    only = IkeOffer(IkeVersion.V1, AUTO_IKE.proposal, 600)
    gateways.right = replace(gateways.right, connections=(replace(passive, ike=only, initiate=False),))
    gateways.settle(1)
    assert world.state(world.left).sas[0].version == 1
    assert ping(world.namespace(world.left), world.right.host) == 1


def test_a_killed_member_is_replaced_and_repaired(world: World) -> None:
    gateways = Gateways(world)
    gateways.settle(1)
    pid = world.state(world.left).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not world.state(world.left).running)
    gateways.settle(1, index=1)
    assert world.state(world.left, 1).role is MemberRole.ACTIVE
    old = world.state(world.left, 0)
    assert old.running and old.role is MemberRole.STANDBY and old.loaded and not installed(old)
    assert ping(world.namespace(world.left), world.right.host) == 1


def _sharing(world: World, *dpds: DeadPeerDetection, far: bool = False) -> tuple[ConnectionSpec, ...]:
    """Connections of one gateway to the other, each with a CIDR of its own behind the right one."""
    here, there = (world.right, world.left) if far else (world.left, world.right)
    made = []
    for number, dpd in enumerate(dpds):
        cidrs = [world.right.cidr] if number == 0 else [f"10.{number}.0.0/16"]
        sides = {"local": cidrs} if far else {"remote": cidrs}
        ident = UUID(int=number + 1, version=4)
        made.append(connection(here, there, dpd=dpd, connection_id=ident, **sides))
    return tuple(made)


def test_connections_to_one_peer_do_not_disturb_each_other(world: World) -> None:
    """Change, create, disable and delete one: the other one's SAs and traffic do not notice."""
    strict = DeadPeerDetection(DpdAction.RESTART, 2, 10)
    gateways = Gateways(world)
    gateways.right = replace(gateways.right, connections=_sharing(world, NO_DPD, NO_DPD, far=True))
    gateways.left = replace(gateways.left, connections=_sharing(world, NO_DPD, NO_DPD))
    # When both ends initiate at once, charon replaces one IKE SA by the other: not what is tested.
    gateways.silent = frozenset({gateways.right.id})
    gateways.settle(2)
    gateways.silent = frozenset()
    kept = child_name(UUID(int=1, version=4), gateways.left.connections[0].selectors[0])
    (before,) = world.state(world.left).sas
    spis = installed(world.state(world.left))[kept]
    with pinging(world.namespace(world.left), world.right.host, 300) as running:
        for number, wanted in enumerate([(NO_DPD, strict), (NO_DPD,), (NO_DPD, strict), (NO_DPD, NO_DPD)], 2):
            connections = _sharing(world, *wanted)
            gateways.left = replace(gateways.left, generation=number, connections=connections)
            gateways.settle(len(wanted))
        off = replace(gateways.left.connections[1], enabled=False)
        connections = (gateways.left.connections[0], off)
        gateways.left = replace(gateways.left, generation=6, connections=connections)
        gateways.settle(1)
        assert ", 300 received" in running.communicate(timeout=30 * PATIENCE)[0]
    (after,) = world.state(world.left).sas
    assert (after.unique_id, installed(world.state(world.left))[kept]) == (before.unique_id, spis)
