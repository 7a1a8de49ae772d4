"""Observe, plan and apply on the simulated driver, as reconcile does with rows."""

from __future__ import annotations

from datetime import UTC, datetime

from vpn.domain.plan import Plan, plan
from vpn.domain.spec import GatewaySpec
from vpn.domain.state import GatewayState
from vpn.domain.status import derive_status
from vpn.drivers.simulated.driver import SimulatedDriver


def observe(driver: SimulatedDriver, spec: GatewaySpec) -> GatewayState:
    return GatewayState(datetime.now(UTC), driver.observe(spec.members))


def reconcile(driver: SimulatedDriver, *specs: GatewaySpec, runs: int = 1) -> list[Plan]:
    """Plan and apply each gateway in turn; returns the plans."""
    done = []
    for spec in specs * runs:
        todo = plan(spec, observe(driver, spec), now=datetime.now(UTC))
        for step in todo.steps:
            driver.apply(step.member, step.action, generation=spec.generation)
        done.append(todo)
    return done


def words(driver: SimulatedDriver, spec: GatewaySpec) -> list[tuple[str, tuple[str, ...]]]:
    """Status and reason codes of each connection."""
    status = derive_status(spec, observe(driver, spec), now=datetime.now(UTC))
    return [(c.status, tuple(r.code for r in c.reasons)) for c in status.connections.values()]
