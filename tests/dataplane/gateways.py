"""Two gateways as specs, created by plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from tests.dataplane.world import Side, World, connection, installed
from tests.waiting import wait_for
from vpn.domain.actions import Initiate
from vpn.domain.plan import plan
from vpn.domain.spec import ConnectionSpec, GatewaySpec
from vpn.domain.state import GatewayState


class Gateways:
    """Both gateways as specs, reconciled in turn."""

    def __init__(self, world: World, **options: object) -> None:
        self.world = world
        # Gateways that only answer, whatever their plan says.
        self.silent: frozenset[UUID] = frozenset()
        self.left = self._gateway(world.left, connection(world.left, world.right, **options))
        self.right = self._gateway(world.right, connection(world.right, world.left))

    @staticmethod
    def _gateway(side: Side, *wanted: ConnectionSpec) -> GatewaySpec:
        return GatewaySpec(side.gateway_id, side.name, 1, side.members, wanted)

    def once(self) -> int:
        """One run over both; returns the number of steps."""
        taken = 0
        for spec in (self.left, self.right):
            now = datetime.now(UTC)
            state = GatewayState(now, self.world.driver.observe(spec.members))
            for step in plan(spec, state, now=now).steps:
                if spec.id in self.silent and isinstance(step.action, Initiate):
                    continue
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
            new = replace(old, **changes)
            setattr(self, name, replace(spec, generation=spec.generation + 1, connections=(new,)))
