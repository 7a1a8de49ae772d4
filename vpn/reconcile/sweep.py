"""The safety net: looks at everything a host carries, whoever forgot to ask."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone

from vpn.drivers.base import DriverError
from vpn.models import Gateway, Node, Vpc
from vpn.reconcile.controller import look
from vpn.reconcile.driver import load_driver
from vpn.reconcile.networks import reconcile_vpc

log = logging.getLogger(__name__)
# A host has one worker: what is late in it is not begun a second time beside.
_sweeping = Lock()


def busy_nodes() -> set[str]:
    """Hosts that have said lately that they are there, and this one.

    Messages to a host that is gone would only pile up; its listener says hello when it is back.
    """
    lately = timezone.now() - timedelta(minutes=5)
    return {settings.NODE, *Node.objects.filter(seen_at__gte=lately).values_list("name", flat=True)}


def sweep_host(node: str, *, clock: Callable[[], float] = time.monotonic) -> None:
    """Networks first, since members stand in them; one bad gateway does not stop the others.

    One sweep at a time, and of a host with very many gateways as many as half of the sweep's period
    allows, those first that were looked at the longest ago: the rest of the time is for changes.
    """
    if not _sweeping.acquire(blocking=False):
        return
    try:
        until = clock() + settings.SWEEP_SECONDS / 2
        say_hello(node, "swept_at")
        # What stands without a row was deleted while nobody could be told.
        standing = load_driver().networks()
        for vpc_id in standing.union(Vpc.objects.filter(node=node).values_list("id", flat=True)):
            _try("VPC", reconcile_vpc, vpc_id)
        waiting = Gateway.objects.filter(node=node).order_by(F("observed_at").asc(nulls_first=True))
        for count, gateway_id in enumerate(list(waiting.values_list("id", flat=True))):
            if count and clock() > until:
                break
            _try("gateway", look, gateway_id)
    finally:
        _sweeping.release()


def _try(what: str, action: Callable[[UUID], None], ident: UUID) -> None:
    """A fault that nobody foresaw is one gateway's too: told whole, and the others go on."""
    try:
        action(ident)
    except (DatabaseError, DriverError) as error:
        log.warning("%s %s: %s", what, ident, error)
    except Exception:
        log.exception("%s %s", what, ident)


def say_hello(node: str, who: Literal["swept_at", "heard_at"]) -> None:
    """Placement and health read when a host was last heard of, and by its sweep or its listener."""
    driver = load_driver()
    esp = Node.objects.filter(name=node).values_list("esp", flat=True).first() or driver.standing().esp
    now = timezone.now()
    Node.objects.update_or_create(
        name=node, defaults={"driver": settings.DRIVER, "esp": esp, "seen_at": now, who: now}
    )
