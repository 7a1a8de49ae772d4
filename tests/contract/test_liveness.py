"""A peer that dies while dead peer detection is off: detected by traffic, with both drivers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from policies.domain.proposals import AUTO_IKE, IkeVersion
from tests.contract.faults import is_simulated, kill, one_way_flow
from tests.dataplane.gateways import Gateways
from tests.dataplane.watched_events import watched_events
from tests.dataplane.world import World, installed
from tests.waiting import wait_for
from vpn.domain.spec import GatewaySpec
from vpn.domain.state import EventKind, GatewayState
from vpn.domain.status import derive_status

pytestmark = pytest.mark.timeout(180)


def two_gateways(world: World, version: IkeVersion) -> Gateways:
    """Of one member each, connected without dead peer detection; the right one only answers."""
    made = Gateways(world, ike=replace(AUTO_IKE, version=version))
    for side in (world.left, world.right):
        world.driver.apply_network(side.network())

    def alone(spec: GatewaySpec) -> GatewaySpec:
        return replace(spec, members=spec.members[:1])

    made.left, made.right = alone(made.left), alone(made.right)
    (answering,) = made.right.connections
    made.right = replace(made.right, connections=(replace(answering, initiate=False),))
    made.settle(1)
    # A gateway of this product would initiate once after its charon died: this one is another product.
    made.silent = frozenset([made.right.id])
    return made


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_a_peer_that_restarts_and_only_responds_is_detected_and_initiated_again(
    world: World, version: IkeVersion
) -> None:
    gateways = two_gateways(world, version)
    (member,) = gateways.left.members
    before = installed(world.state(world.left))

    shown: set[tuple[str, str]] = set()

    def came_back() -> bool:
        gateways.once()
        state = GatewayState(datetime.now(UTC), {member.id: world.state(world.left)})
        derived = derive_status(gateways.left, state, now=state.at, provisioned=True)
        (status,) = derived.connections.values()
        shown.update((status.status, why.code) for why in status.reasons)
        now = installed(world.state(world.left))
        return now not in ({}, before) and installed(world.state(world.right)) != {}

    with watched_events(world.driver, gateways.left.members) as events, one_way_flow(world):
        kill(world.driver, world.right.members[0])
        wait_for(came_back, 90, every=0.3)
        failed = events.wait(EventKind.FAILED, member)
        assert failed.reason is not None and failed.reason.code == "peer_not_responding"
    # charon keeps the tunnel up until it gives the peer up; the restarted one then answers at once.
    still = "down" if is_simulated(world.driver) else "up"
    assert (still, "peer_not_responding") in shown
