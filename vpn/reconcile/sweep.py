"""The safety net: looks at everything a host carries, whoever forgot to ask."""

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
from vpn.reconcile.controller import look, remove_orphan
from vpn.reconcile.driver import load_driver
from vpn.reconcile.networks import reconcile_vpc

log = logging.getLogger(__name__)
# A host has one worker: what is late in it is not begun a second time beside.
_sweeping = Lock()
# So many periods without a sweep, and somebody else sweeps.
_MISSED = 3


class Liveness:
    """Which hosts are there, by their heartbeats and a clock that nobody sets.

    Messages to a host that is gone would only pile up; its listener says hello when it is back.
    One that was never seen before is taken to be there.
    """

    def __init__(self, *, seconds: float = 300, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._changed: dict[str, tuple[int, float]] = {}

    def live(self, heartbeats: Mapping[str, int]) -> set[str]:
        """`heartbeats` are the counts of all hosts now."""
        now = self._clock()
        for name, count in heartbeats.items():
            known, _ = self._changed.get(name, (None, 0.0))
            if known != count:
                self._changed[name] = count, now
        return {name for name in heartbeats if now - self._changed[name][1] < self._seconds}


_liveness = Liveness()


def busy_nodes() -> set[str]:
    """Hosts that have said lately that they are there, and this one."""
    return {settings.NODE} | _liveness.live(dict(Node.objects.values_list("name", "heartbeats")))


class SweepWatch:
    """Whether no sweep of a host has ended for some of its periods, by the watcher's own clock."""

    def __init__(self, node: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._node, self._clock = node, clock
        self._last: datetime | None = None
        self._changed = clock()

    def is_missing(self) -> bool:
        """Raises DatabaseError, which is no reason to take one for done."""
        patience = _MISSED * settings.SWEEP_SECONDS
        last = Node.objects.filter(name=self._node).values_list("swept_at", flat=True).first()
        if last != self._last:
            self._last, self._changed = last, self._clock()
        return self._clock() - self._changed >= patience


def sweep_host(node: str, *, stands_in: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
    """Networks first, since members stand in them; one bad gateway does not stop the others.

    One sweep at a time, and of a host with very many gateways as many as half of the sweep's period
    allows, those first that were looked at the longest ago: the rest of the time is for changes.
    With `stands_in` somebody else does the work of the one who should: it is not said that he did.
    """
    if not _sweeping.acquire(blocking=False):
        return
    try:
        until = clock() + settings.SWEEP_SECONDS / 2
        say_hello(node)
        # What stands without a row was deleted while nobody could be told.
        driver = load_driver()
        standing, gateways = driver.networks(), driver.gateways()
        for vpc_id in standing.union(Vpc.objects.filter(node=node).values_list("id", flat=True)):
            _try("VPC", reconcile_vpc, vpc_id)
        rows = _longest_unobserved(node)
        for gateway_id in gateways.difference(rows):
            _try("gateway", _remove_if_orphan, gateway_id)
        for count, gateway_id in enumerate(rows):
            if count and clock() > until:
                break
            _try("gateway", look, gateway_id)
        if not stands_in:
            say_hello(node, "swept_at")
    finally:
        _sweeping.release()


def _remove_if_orphan(gateway_id: UUID) -> None:
    if not Gateway.objects.filter(pk=gateway_id).exists():
        remove_orphan(gateway_id, load_driver())


def _longest_unobserved(node: str) -> list[UUID]:
    in_this_boot = Case(When(observed_boot=boot(), then=F("observed_ticks")), default=Value(0))
    return list(Gateway.objects.filter(node=node).order_by(in_this_boot).values_list("id", flat=True))


def _try(what: str, action: Callable[[UUID], object], ident: UUID) -> None:
    """A fault that nobody foresaw is one gateway's too: told whole, and the others go on."""
    try:
        action(ident)
    except (DatabaseError, DriverError) as error:
        log.warning("%s %s: %s", what, ident, error)
    except Exception:
        log.exception("%s %s", what, ident)


def say_hello(node: str, who: Literal["swept_at", "heard_at"] | None = None) -> None:
    """This host is there; with `who` also that its sweep has ended, or its listener's event loop turned."""
    driver = load_driver()
    esp = Node.objects.filter(name=node).values_list("esp", flat=True).first() or driver.standing().esp
    now = timezone.now()
    seen = {"driver": settings.DRIVER, "esp": esp, "seen_at": now} | ({who: now} if who else {})
    Node.objects.update_or_create(
        name=node,
        defaults=seen | {"heartbeats": F("heartbeats") + 1},
        create_defaults=seen | {"heartbeats": 1},
    )
