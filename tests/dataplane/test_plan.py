"""The plan against real charons: it settles, and then has nothing more to do."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from policies.domain.proposals import AUTO_IKE, IkeOffer, IkeVersion
from tests.dataplane.gateways import Gateways
from tests.dataplane.world import Side, World, installed, ping
from tests.waiting import wait_for
from vpn.domain.spec import MemberRole, Secret
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
    assert world.driver.standing().members == ()


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
