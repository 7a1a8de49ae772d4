"""A peer that died unnoticed: what its connection says, on the simulated driver."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.dataplane.gateways import Gateways
from tests.dataplane.world import Side, World
from vpn.domain.actions import ProbePeer
from vpn.domain.plan import plan
from vpn.domain.state import GatewayState
from vpn.domain.status import ConnectionStatus, derive_status
from vpn.drivers.base import DriverConfig
from vpn.drivers.simulated.driver import SimulatedDriver


def test_it_is_probed_and_then_reported_as_not_responding(tmp_path: Path) -> None:
    driver = SimulatedDriver(DriverConfig(tmp_path / "driver", "test", "198.18.0.0/16"))
    world = World(
        driver,
        Side("left", "192.168.100.0/24", "198.18.0.2"),
        Side("right", "192.168.0.0/24", "198.18.0.3"),
    )
    gateways = Gateways(world)
    gateways.settle(1)
    spec = replace(gateways.left, members=gateways.left.members[:1])

    def seen() -> GatewayState:
        return GatewayState(datetime.now(UTC), driver.observe(spec.members))

    def status(state: GatewayState) -> ConnectionStatus:
        derived = derive_status(spec, state, now=state.at, provisioned=True, failures=0, failure="")
        return derived.connections[spec.connections[0].id]

    driver.kill(world.right.members[0].id)
    driver.kill(world.right.members[1].id)
    assert plan(spec, seen(), now=datetime.now(UTC)).steps == () and status(seen()).status == "up"
    # As if packets had gone out for a minute since.
    with driver._store.locked():
        document = driver._store.read(spec.members[0].id)
        assert document is not None
        for sa in document["sas"].values():
            sa["silent_since"] -= 60
            for child in sa["children"].values():
                child["at"] -= 90
        driver._store.write(document)
    (step,) = plan(spec, seen(), now=datetime.now(UTC)).steps
    assert isinstance(step.action, ProbePeer)
    driver.apply(step.member, step.action, generation=spec.generation)
    after = status(seen())
    assert after.status == "down" and [why.code for why in after.reasons] == ["peer_not_responding"]
