"""A restart of one tunnel, while another one's traffic goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.dataplane.test_changes import pinging
from tests.dataplane.world import Side, World, connection, installed
from tests.waiting import PATIENCE, wait_for
from vpn.domain.actions import StartMember
from vpn.domain.peers import child_name
from vpn.domain.plan import plan
from vpn.domain.spec import ConnectionSpec, GatewaySpec
from vpn.domain.state import GatewayState

pytestmark = pytest.mark.dataplane


def run_once(world: World, *wanted: ConnectionSpec) -> None:
    """As reconcile does it: one run over the left side."""
    side, now = world.left, datetime.now(UTC)
    spec = GatewaySpec(side.gateway_id, side.name, world.generation, side.members[:1], wanted)
    for step in plan(spec, GatewayState(now, world.driver.observe(spec.members)), now=now).steps:
        world.do(step.member, step.action)


def test_one_tunnel_gets_new_spis_and_the_other_loses_nothing(world: World) -> None:
    third = Side("third", "192.168.7.0/24", "198.18.0.4")
    world.driver.apply_network(third.network())
    world.do(third.members[0], StartMember())
    mine, other = connection(world.left, third), connection(world.left, world.right)
    world.load(third, connection(third, world.left))
    world.load(world.right, connection(world.right, world.left))
    world.initiate(world.left, *world.load(world.left, mine, other))
    wait_for(lambda: len(installed(world.state(world.left))) == 2)
    before = installed(world.state(world.left))
    ikes = {sa.peer: sa.unique_id for sa in world.state(world.left).sas}
    with pinging(world.namespace(world.left), world.right.host, 150) as running:
        run_once(world, replace(mine, restart_at=datetime.now(UTC)), other)
        wait_for(lambda: installed(world.state(world.left)).keys() == before.keys())
        assert ", 150 received" in running.communicate(timeout=20 * PATIENCE)[0]
    after = installed(world.state(world.left))
    ended, kept = (child_name(one.id, one.selectors[0]) for one in (mine, other))
    assert after[kept] == before[kept] and after[ended] != before[ended]
    # Alone with its peer it got a new IKE SA as well.
    changed = {sa.peer for sa in world.state(world.left).sas if ikes.get(sa.peer) != sa.unique_id}
    assert [peer for peer in changed if third.public_address in peer] and len(changed) == 1
