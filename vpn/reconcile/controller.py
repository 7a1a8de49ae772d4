"""The reconcile run: observe, plan, apply, observe, record. See the package's docstring."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from vpn.domain.plan import Plan, plan
from vpn.domain.spec import GatewaySpec, MemberRole
from vpn.domain.state import GatewayState
from vpn.drivers.base import Driver, DriverError, StaleGeneration
from vpn.models import Gateway, SubnetAddress
from vpn.reconcile.clock import boot, ticks
from vpn.reconcile.desired import load_gateway, spec_for
from vpn.reconcile.driver import load_driver
from vpn.reconcile.lease import forget_lease, lease
from vpn.reconcile.peer_names import refresh_names
from vpn.reconcile.record import record_failure, record_state
from vpn.reconcile.steps import apply_steps
from vpn.triggers import RECONCILE_GATEWAY, send

log = logging.getLogger(__name__)
# Until the next attempt while another process holds the gateway: soon, because that process may have read the
# rows before the change that this run is for.
BUSY_RETRY = timedelta(seconds=0.2)
RETRY_SECONDS = (1, 2, 4, 8, 16, 30)
MAX_ITERATIONS = 8
# Seconds. Runs that are due later are left to the sweep; with the minimum, one run serves the timers of many
# peers.
REQUEUE_LIMIT, REQUEUE_MINIMUM = 2.5, 0.25
# How often an observation during a takeover is repeated, and seconds to wait for the end of the takeover.
REPEATS, TAKEOVER_TIMEOUT = 2, 0.5


class Busy(Exception):
    """Another process works on the gateway."""


def observe(driver: Driver, spec: GatewaySpec) -> GatewayState:
    at, began = timezone.now(), ticks()
    return GatewayState(at, driver.observe(spec.members), began)


def observe_settled(driver: Driver, spec: GatewaySpec) -> GatewayState:
    """As `observe`, for callers without the lease. Members are observed one after the other: during a
    takeover that can show no active member, or two. Such a state is observed again once no process holds
    the gateway; one that persists is returned as it is."""
    state = observe(driver, spec)
    for _ in range(REPEATS):
        roles = [member.role for member in state.members.values()]
        if spec.deleted or roles.count(MemberRole.ACTIVE) == 1:
            break
        # Released at once: a process that changes the gateway has precedence.
        with suppress(OSError), lease(spec.id, seconds=TAKEOVER_TIMEOUT):
            pass
        state = observe(driver, spec)
    return state


def observe_gateway(
    gateway_id: UUID, *, driver: Driver | None = None, by_event: bool = False
) -> GatewaySpec | None:
    """Observe and record; a run follows only if there is something to do.

    Cheap while nothing changes: neither a lease nor a step. If `by_event`, or
    if a member's network was changed, the observed state is recorded before it is repaired.
    Returns the spec, or None if the gateway does not exist.
    """
    driver = driver or load_driver()
    gateway = load_gateway(gateway_id)
    if gateway is None:
        remove_orphan(gateway_id, driver)
        return None
    spec = _spec(gateway)
    state = observe_settled(driver, spec)
    todo = plan(spec, state, now=timezone.now())
    if todo.steps or spec.deleted or gateway.observed_generation != gateway.generation:
        # What was changed by hand is repaired before anybody else could see it.
        drifted = any(member.drift for member in state.members.values())
        if (by_event or drifted) and not spec.deleted:
            record_state(gateway, spec, state, applied=False)
        reconcile(gateway_id, driver=driver)
    else:
        record_state(gateway, spec, state, applied=True, requeue_after=todo.requeue_after)
        requeue(gateway, todo.requeue_after)
    return spec


def remove_orphan(gateway_id: UUID, driver: Driver) -> None:
    """Remove what exists of a gateway without a row: a takeover during which a deletion ends creates
    members again that were already removed."""
    driver.remove_gateway(gateway_id)
    forget_lease(gateway_id)


def record_before_repair(spec: GatewaySpec, state: GatewayState) -> None:
    """Record what was observed before a repair made without the database, so that the history shows it."""
    gateway = load_gateway(spec.id)
    if gateway is not None:
        record_state(gateway, spec, state, applied=False)


def reconcile_if_due(gateway_id: UUID, *, driver: Driver | None = None) -> None:
    """Serve a request to reconcile: one run if it is due, so that many requests cost one run."""
    changed = (
        Q(deleted_at__isnull=False)
        | ~Q(observed_generation=F("generation"))
        | ~Q(work_done=F("work_requested"))
    )
    due = ~Q(observed_boot=boot()) | Q(due_ticks__lte=ticks())
    if Gateway.objects.filter(changed | due, pk=gateway_id).exists():
        reconcile(gateway_id, driver=driver)


def reconcile(gateway_id: UUID, *, driver: Driver | None = None) -> None:
    """One run, or several while the rows change. May be called at any time."""
    try:
        _reconcile(gateway_id, driver or load_driver())
    except Busy:
        _stay_due(gateway_id)


def _reconcile(gateway_id: UUID, driver: Driver) -> None:
    for _ in range(MAX_ITERATIONS):
        gateway = load_gateway(gateway_id)
        if gateway is None:
            return
        spec = _spec(gateway)
        try:
            outcome = _run_once(gateway, spec, driver)
        except StaleGeneration:
            continue
        except DriverError as error:
            _handle_driver_error(gateway, spec, driver, error)
            return
        if spec.deleted:
            _finish_deletion(gateway)
            return
        if Gateway.objects.filter(pk=gateway_id, generation=spec.generation).exists():
            requeue(gateway, outcome.requeue_after)
            return


def _spec(gateway: Gateway) -> GatewaySpec:
    """The gateway's spec, with the addresses to which the names of its peers resolve now."""
    refresh_names(gateway)
    return spec_for(gateway)


def _run_once(gateway: Gateway, spec: GatewaySpec, driver: Driver) -> Plan:
    """Raises DriverError, StaleGeneration or Busy. Returns what remains after the last observation.

    The lease is released before rows are written: a process that has to repair the gateway does not wait
    for a database that does not respond.
    """
    with lease(gateway.pk) as held:
        if not held:
            raise Busy(str(gateway.pk))
        state = observe(driver, spec)
        todo = plan(spec, state, now=timezone.now())
        if todo.steps:
            apply_steps(driver, todo.steps, generation=spec.generation)
            state = observe(driver, spec)
    if not spec.deleted:
        record_state(gateway, spec, state, applied=True, requeue_after=todo.requeue_after)
    return todo


def _handle_driver_error(gateway: Gateway, spec: GatewaySpec, driver: Driver, error: DriverError) -> None:
    """Record what exists all the same, and retry later."""
    log.warning("gateway %s: %s", gateway.id, error)
    wait = timedelta(seconds=RETRY_SECONDS[min(gateway.failures, len(RETRY_SECONDS) - 1)])
    record_failure(gateway, str(error), requeue_after=wait)
    fresh = load_gateway(gateway.id)
    if fresh is not None and not spec.deleted:
        try:
            record_state(fresh, spec, observe(driver, spec), applied=False, requeue_after=wait)
        except DriverError as again:
            log.warning("gateway %s: %s", gateway.id, again)
    requeue(gateway, wait)


def _finish_deletion(gateway: Gateway) -> None:
    """Nothing exists any more: delete the rows, and with them the addresses."""
    with transaction.atomic():
        SubnetAddress.objects.filter(owner__in=[m.id for m in gateway.members.all()]).delete()
        Gateway.objects.filter(pk=gateway.pk, deleted_at__isnull=False).delete()
    forget_lease(gateway.pk)


def _stay_due(gateway_id: UUID) -> None:
    """Keep the gateway due: the process that holds it may have observed it before the change that this run is
    for."""
    Gateway.objects.filter(pk=gateway_id).update(work_requested=F("work_requested") + 1)
    node = Gateway.objects.filter(pk=gateway_id).values_list("node", flat=True).first()
    if node is not None:
        send(RECONCILE_GATEWAY, gateway_id, node, seconds=BUSY_RETRY.total_seconds())


def requeue(gateway: Gateway, wait: timedelta | None) -> None:
    """Request a run before the next sweep would make one. The request may be lost without harm.

    Only for short waits: a run may send another such request, and requests with long waits would accumulate.
    """
    if wait is not None and wait.total_seconds() < min(settings.SWEEP_SECONDS, REQUEUE_LIMIT):
        send(RECONCILE_GATEWAY, gateway.id, gateway.node, seconds=max(wait.total_seconds(), REQUEUE_MINIMUM))
