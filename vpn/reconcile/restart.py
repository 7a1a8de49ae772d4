"""After a start nothing counts as up before it is observed: old observations are discarded.

The rows themselves then say so, and no page or response has to check their age. Only traffic counters
are kept: those of an SA that still exists continue where they were.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from vpn.domain.reasons import not_observed
from vpn.domain.states import HealthState, LifecycleState
from vpn.models import Connection, Gateway, StatusChange, Tunnel
from vpn.reconcile.clock import as_ticks, boot, ticks

# Sweeps come every few seconds; after so long without one an observation is old.
UNOBSERVED = timedelta(minutes=1)


def forget_observations(node: str, *, older_than: timedelta = UNOBSERVED) -> int:
    """Discard the old observations of a host's gateways; returns the number of gateways. Observations from
    another boot of the host are always old. May be called at any time: a concurrent observation wins."""
    latest = ticks() - as_ticks(older_than)
    old = Gateway.objects.filter(~Q(observed_boot=boot()) | Q(observed_ticks__lte=latest), node=node)
    observed = old.exclude(observed_at=None)
    return sum(_forget(gateway) for gateway in observed)


def forgotten_reasons() -> list[dict[str, str]]:
    """The reasons in rows that were not observed since the start."""
    return [not_observed().body()]


def last_recorded(gateway: Gateway, connection: Connection | None, reasons: list[dict[str, str]]) -> Any:
    """The last entry of the history, if `reasons` say that the observation was discarded: the same state
    observed again is not recorded twice. None if it was not discarded, or nothing was recorded."""
    if reasons != forgotten_reasons():
        return None
    return StatusChange.objects.filter(gateway=gateway, connection=connection).first()


def _forget(gateway: Gateway) -> bool:
    same = Gateway.objects.filter(
        pk=gateway.pk, observed_boot=gateway.observed_boot, observed_ticks=gateway.observed_ticks
    )
    fields: dict[str, Any] = {"observed_at": None, "observed_boot": "", "observed_ticks": 0}
    with transaction.atomic():
        if not same.update(**fields, due_ticks=0, stamp=F("stamp") + 1):
            return False
        if gateway.lifecycle_state == LifecycleState.STABLE:
            unknown = {"health_state": HealthState.DEGRADED, "health_reasons": forgotten_reasons()}
            Gateway.objects.filter(pk=gateway.pk).update(**unknown)
            gateway.members.update(**unknown)
        _forget_tunnels(gateway)
    return True


def _forget_tunnels(gateway: Gateway) -> None:
    now = timezone.now()
    wanted = Connection.objects.filter(gateway=gateway, admin_state_up=True)
    wanted.update(status="down", status_reasons=forgotten_reasons(), status_changed_at=now)
    for tunnel in Tunnel.objects.filter(connection__gateway=gateway, status="up"):
        tunnel.status, tunnel.changed_at, tunnel.negotiated = "down", now, {}
        tunnel.pairs = [pair | {"state": "down"} for pair in tunnel.pairs]
        tunnel.save(update_fields=["status", "changed_at", "negotiated", "pairs"])
