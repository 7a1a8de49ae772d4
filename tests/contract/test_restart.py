"""A restart, as the plan asks for it, on every driver."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tests.dataplane.world import World, connection, installed
from tests.waiting import wait_for
from vpn.domain.peers import child_name
from vpn.domain.plan import plan
from vpn.domain.spec import ConnectionSpec, GatewaySpec
from vpn.domain.state import GatewayState


def apply_plan(world: World, *wanted: ConnectionSpec) -> int:
    """One run over the left side's first member; returns the number of steps."""
    side = world.left
    spec = GatewaySpec(side.gateway_id, side.name, world.generation, side.members[:1], wanted)
    now = datetime.now(UTC)
    todo = plan(spec, GatewayState(now, world.driver.observe(spec.members)), now=now)
    for step in todo.steps:
        world.do(step.member, step.action)
    return len(todo.steps)


def test_a_restart_gives_new_spis(world: World) -> None:
    world.build()
    there, _ = world.connect()
    before = installed(world.state(world.left))
    wanted = replace(there, restart_at=datetime.now(UTC))
    assert apply_plan(world, wanted) > 0
    wait_for(lambda: installed(world.state(world.left)).keys() == before.keys())
    after = installed(world.state(world.left))
    assert all(after[name] != spis for name, spis in before.items())
    assert apply_plan(world, wanted) == 0


def test_a_restart_leaves_the_other_connection_of_the_peer_alone(world: World) -> None:
    world.build()
    cidrs = (world.right.cidr, "10.8.0.0/16")
    back = [connection(world.right, world.left, local=[cidr]) for cidr in cidrs]
    mine, other = (connection(world.left, world.right, remote=[cidr]) for cidr in cidrs)
    world.load(world.right, *back)
    world.initiate(world.left, *world.load(world.left, mine, other))
    world.wait_up(2)
    before = installed(world.state(world.left))
    apply_plan(world, replace(mine, restart_at=datetime.now(UTC)), other)
    wait_for(lambda: installed(world.state(world.left)).keys() == before.keys())
    after = installed(world.state(world.left))
    kept, ended = child_name(other.id, other.selectors[0]), child_name(mine.id, mine.selectors[0])
    assert after[kept] == before[kept] and after[ended] != before[ended]
