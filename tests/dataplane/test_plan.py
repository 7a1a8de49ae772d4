"""The plan against real charons: it settles, and then has nothing more to do."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from policies.domain.proposals import AUTO_IKE, IkeOffer, IkeVersion
from tests.dataplane.world import Side, World, connection, installed, ping
from tests.waiting import wait_for
from vpn.domain.plan import plan
from vpn.domain.spec import ConnectionSpec, GatewaySpec, MemberRole, Secret
from vpn.domain.state import GatewayState
from vpn.drivers.strongswan.driver import StrongSwanDriver

pytestmark = pytest.mark.dataplane


class Gateways:
    """Both gateways as specs, reconciled in turn."""

    def __init__(self, world: World, **options: object) -> None:
        self.world = world
        self.left = self._gateway(world.left, connection(world.left, world.right, **options))  # type: ignore[arg-type]
        self.right = self._gateway(world.right, connection(world.right, world.left))

    @staticmethod
    def _gateway(side: Side, *wanted: ConnectionSpec) -> GatewaySpec:
        return GatewaySpec(side.gateway_id, side.name, 1, side.members, wanted)

    def once(self) -> int:
        """One pass over both; how many steps it took."""
        taken = 0
        for spec in (self.left, self.right):
            now = datetime.now(UTC)
            state = GatewayState(now, self.world.driver.observe(spec.members))
            for step in plan(spec, state, now=now).steps:
                self.world.driver.apply(step.member, step.action, generation=spec.generation)
                taken += 1
        return taken

    def settle(self, children: int, index: int = 0) -> None:
        def settled() -> bool:
            taken = self.once()
            return taken == 0 and len(installed(self.world.state(self.world.left, index))) == children

        wait_for(settled, 20)

    def change(self, **changes: object) -> None:
        """The same change to the connection at both ends."""
        for name in ("left", "right"):
            spec: GatewaySpec = getattr(self, name)
            (old,) = spec.connections
            new = replace(old, **changes)  # type: ignore[arg-type]
            setattr(self, name, replace(spec, generation=spec.generation + 1, connections=(new,)))


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
