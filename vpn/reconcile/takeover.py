"""Repairs a gateway by its last known spec, while its rows can be neither written nor read.

The driver refuses a spec that is older than the last one applied to a member (StaleGeneration), its
lock of each member serializes two processes, and nothing is created that does not exist. A gateway whose
deletion ends during a repair is created again in part; the observation that follows finds no row, and
removes that. What was done is recorded later, by observation.
"""

from __future__ import annotations

import logging

from django.utils import timezone

from vpn.domain.plan import Step, plan
from vpn.domain.spec import GatewaySpec, MemberRole
from vpn.domain.state import GatewayState
from vpn.drivers.base import Driver
from vpn.reconcile.controller import observe
from vpn.reconcile.lease import lease
from vpn.reconcile.steps import apply_steps

log = logging.getLogger(__name__)
# Seconds. A process that holds the lease for longer hangs; a takeover does not wait for it.
LEASE_TIMEOUT = 1.0


def take_over(spec: GatewaySpec, driver: Driver) -> GatewayState | None:
    """Applies the steps of the new active member, if the public address has to move or its charon to start.

    Returns the state before; None if there was nothing to do. Raises DriverError or StaleGeneration.
    """
    return _apply(spec, driver, everything=False)


def repair(spec: GatewaySpec, driver: Driver) -> GatewayState | None:
    """Applies all steps of a run, without the database. As `take_over` otherwise."""
    return _apply(spec, driver, everything=True)


def _apply(spec: GatewaySpec, driver: Driver, *, everything: bool) -> GatewayState | None:
    with lease(spec.id, seconds=LEASE_TIMEOUT) as held:
        if not held:
            log.warning("gateway %s: its lease was not free within %g s; continuing", spec.id, LEASE_TIMEOUT)
        state = observe(driver, spec)
        todo = plan(spec, state, now=timezone.now())
        steps = [step for step in todo.steps if _exists(step, state)]
        if not everything:
            steps = [step for step in steps if step.member.id == todo.active and _is_new(step, state)]
        if not steps:
            return None
        apply_steps(driver, steps, generation=spec.generation)
    return state


def _exists(step: Step, state: GatewayState) -> bool:
    seen = state.members.get(step.member.id)
    return seen is not None and seen.exists


def _is_new(step: Step, state: GatewayState) -> bool:
    """Whether the member is not the active one yet, or does not run."""
    seen = state.members[step.member.id]
    return not seen.running or seen.role is not MemberRole.ACTIVE
