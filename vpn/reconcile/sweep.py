"""The safety net: observes everything that a host carries, whether or not a request was sent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Case, F, Value, When
from django.utils import timezone

from vpn.drivers.base import DriverError
from vpn.models import Gateway, Node, Vpc
from vpn.reconcile.clock import boot
from vpn.reconcile.controller import observe_gateway, remove_orphan
from vpn.reconcile.driver import load_driver
from vpn.reconcile.networks import reconcile_vpc

log = logging.getLogger(__name__)
# A host has one worker: a sweep that takes too long is not started a second time concurrently.
_sweeping = Lock()
# After so many periods without a sweep the listener substitutes for the worker.
_MISSED = 3


class Liveness:
    """Which hosts are live, by their heartbeats and the monotonic clock.

    Messages to a dead host would only accumulate; its listener sends heartbeats once it is back.
    A host that was never seen before counts as live.
    """

    def __init__(self, *, seconds: float = 300, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._changed: dict[str, tuple[int, float]] = {}

    def live(self, heartbeats: Mapping[str, int]) -> set[str]:
        """`heartbeats` are the present counts of all hosts."""
        now = self._clock()
        for name, count in heartbeats.items():
            known, _ = self._changed.get(name, (None, 0.0))
            if known != count:
                self._changed[name] = count, now
        return {name for name in heartbeats if now - self._changed[name][1] < self._seconds}


_liveness = Liveness()


def live_nodes() -> set[str]:
    """Hosts with a recent heartbeat, and this one."""
    return {settings.NODE} | _liveness.live(dict(Node.objects.values_list("name", "heartbeats")))


class SweepWatch:
    """Whether no sweep of a host has ended for several periods, by the clock of this process."""

    def __init__(self, node: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._node, self._clock = node, clock
        self._last: datetime | None = None
        self._changed = clock()

    def is_missing(self) -> bool:
        """Raises DatabaseError, which does not count as a sweep."""
        patience = _MISSED * settings.SWEEP_SECONDS
        last = Node.objects.filter(name=self._node).values_list("sweep_seen_at", flat=True).first()
        if last != self._last:
            self._last, self._changed = last, self._clock()
        return self._clock() - self._changed >= patience


def sweep_host(node: str, *, substitute: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
    """Networks first, because members are connected to them; one bad gateway does not stop the others.

    One sweep at a time. On a host with very many gateways it takes as many as half of the sweep's period
    allows, those first that were observed the longest ago: the rest of the time is for changes.
    A `substitute` for the worker does not record that the worker's sweep has ended.
    """
    if not _sweeping.acquire(blocking=False):
        return
    try:
        until = clock() + settings.SWEEP_SECONDS / 2
        record_heartbeat(node)
        # What exists without a row was deleted while no request could be sent.
        driver = load_driver()
        networks, gateways = driver.networks(), driver.gateways()
        for vpc_id in networks.union(Vpc.objects.filter(node=node).values_list("id", flat=True)):
            _try("VPC", reconcile_vpc, vpc_id)
        rows = _longest_unobserved(node)
        for gateway_id in gateways.difference(rows):
            _try("gateway", _remove_if_orphan, gateway_id)
        for count, gateway_id in enumerate(rows):
            if count and clock() > until:
                break
            _try("gateway", observe_gateway, gateway_id)
        if not substitute:
            record_heartbeat(node, "sweep_seen_at")
    finally:
        _sweeping.release()


def _remove_if_orphan(gateway_id: UUID) -> None:
    if not Gateway.objects.filter(pk=gateway_id).exists():
        remove_orphan(gateway_id, load_driver())


def _longest_unobserved(node: str) -> list[UUID]:
    in_this_boot = Case(When(observed_boot=boot(), then=F("observed_ticks")), default=Value(0))
    return list(Gateway.objects.filter(node=node).order_by(in_this_boot).values_list("id", flat=True))


def _try(what: str, action: Callable[[UUID], object], ident: UUID) -> None:
    """An unexpected error is logged with its traceback and does not stop the sweep of the others."""
    try:
        action(ident)
    except (DatabaseError, DriverError) as error:
        log.warning("%s %s: %s", what, ident, error)
    except Exception:
        log.exception("%s %s", what, ident)


def record_heartbeat(node: str, column: Literal["sweep_seen_at", "listener_seen_at"] | None = None) -> None:
    """This host is live; `column` says that its sweep has ended, or that its listener's event loop polled."""
    driver = load_driver()
    esp = Node.objects.filter(name=node).values_list("esp", flat=True).first() or driver.inventory().esp
    now = timezone.now()
    seen = {"driver": settings.DRIVER, "esp": esp, "seen_at": now} | ({column: now} if column else {})
    Node.objects.update_or_create(
        name=node,
        defaults=seen | {"heartbeats": F("heartbeats") + 1},
        create_defaults=seen | {"heartbeats": 1},
    )
