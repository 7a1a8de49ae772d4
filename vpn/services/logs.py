"""The recent log of a connection's tunnel, requested here and sent by the worker of its host."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from console.core.actor import Actor
from vpn.domain.log import KeptLog, MemberLog, log_key
from vpn.models import Connection, Node
from vpn.services.connections import get_connection
from vpn.triggers import READ_LOG, send

# A log of this age is not requested again; the worker needs far less than the timeout.
FRESH = timedelta(seconds=2)
RESPONSE_TIMEOUT = timedelta(seconds=10)
_HEARTBEAT_TIMEOUT = timedelta(minutes=1)
# Seconds after the last request; longer than RESPONSE_TIMEOUT.
_REQUESTS_KEPT = 30


@dataclass(frozen=True, slots=True)
class TunnelLog:
    """`at` is None while there is no log; `fault` says why."""

    connection: Connection
    at: datetime | None = None
    fault: str = ""
    members: tuple[MemberLog, ...] = ()

    @property
    def is_pending(self) -> bool:
        return self.at is None and not self.fault


def read_log(actor: Actor, gateway_id: UUID, connection_id: UUID) -> TunnelLog:
    """The log as last received; a new one is requested unless it is recent."""
    connection = get_connection(actor, gateway_id, connection_id)
    now = timezone.now()
    kept: KeptLog | None = cache.get(log_key(connection_id))
    at = datetime.fromisoformat(kept["at"]) if kept else None
    if at is None or now - at > FRESH:
        requested = _request(connection, now)
        if kept is None:
            return TunnelLog(connection, fault=_fault(connection, requested, now))
    if kept is None:
        return TunnelLog(connection)
    return TunnelLog(connection, at, kept["fault"], tuple(kept["members"]))


def _request(connection: Connection, now: datetime) -> datetime:
    """Requests the log; returns the time of the first of these requests, which pages repeat every few
    seconds."""
    key = f"{log_key(connection.pk)}:asked"
    first = datetime.fromisoformat(cache.get_or_set(key, now.isoformat(), _REQUESTS_KEPT) or now.isoformat())
    cache.touch(key, _REQUESTS_KEPT)
    if cache.add(f"{key}:lately", "", FRESH.total_seconds()):
        send(READ_LOG, connection.pk, connection.gateway.node)
    return first


def _fault(connection: Connection, requested: datetime, now: datetime) -> str:
    node = connection.gateway.node
    if not settings.REDIS_URL:
        return "This installation runs without Redis, which requests for the log need."
    seen = Node.objects.filter(name=node).values_list("seen_at", flat=True).first()
    if seen is None or now - seen > _HEARTBEAT_TIMEOUT:
        return f"The host {node}, which carries this gateway, has not sent a heartbeat lately."
    if now - requested > RESPONSE_TIMEOUT:
        seconds = RESPONSE_TIMEOUT.seconds
        return f"The host {node} has not responded for {seconds} seconds: its worker may not be running."
    return ""
