"""A version that changes with everything that a live page shows; every poll computes it, so it is cheap."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Max

from console.core.actor import Actor
from console.core.models import AuditEvent
from vpn.models import Connection, Gateway, StatusChange


def version_with_counters(actor: Actor) -> str:
    """A gateway's `stamp` also changes with its connections and with their traffic counters; the names of its
    VPC and subnet are added here."""
    rows = Gateway.objects.owned_by(actor).order_by("pk")
    return _digest(rows.values_list("pk", "stamp", "vpc__name", "subnet__name"))


def version_without_counters(actor: Actor) -> str:
    """For pages without counters: traffic does not change it."""
    gateways = Gateway.objects.owned_by(actor).order_by("pk")
    wanted = ("pk", "generation", "name", "deleted_at", "vpc__name", "subnet__name")
    seen = ("lifecycle_state", "lifecycle_reasons", "health_state", "health_reasons")
    counted = Connection.objects.owned_by(actor).order_by("gateway_id", "status", "admin_state_up")
    states = counted.values("gateway_id", "status", "admin_state_up")
    states = states.annotate(there=Count("pk"), changed=Max("status_changed_at"))
    history = StatusChange.objects.filter(gateway__account_id=actor.account_id).order_by("-id")
    return _digest(
        gateways.values_list(*wanted, *seen),
        states.values_list("gateway_id", "status", "admin_state_up", "there", "changed"),
        history.values_list("id")[:1],
    )


def overview_version(actor: Actor, now: datetime) -> str:
    """Also changes with audit events, and once a minute for what depends on the time."""
    last = AuditEvent.objects.filter(account_id=actor.account_id).aggregate(last=Max("id"))["last"]
    return _digest([int(now.timestamp()) // 60, last, version_without_counters(actor)])


def _digest(*parts: Iterable[object]) -> str:
    text = " ".join(str(list(part)) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
