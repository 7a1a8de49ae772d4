"""Is the process alive; can it work: two addresses for load balancers and operators."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

_SLOW = timedelta(seconds=30)


def alive(request: HttpRequest) -> JsonResponse:
    """200 as long as the web process answers at all."""
    return JsonResponse({"status": "alive"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served (the database answers), else 503.

    Redis and the hosts are told of, but their absence only delays work: reads and writes go on.
    """
    database = _database()
    checks: dict[str, Any] = {"database": database, "redis": _redis()}
    if database == "ok":
        checks["hosts"] = _hosts()
    return JsonResponse(
        {"status": "ready" if database == "ok" else "not ready", "checks": checks},
        status=200 if database == "ok" else 503,
    )


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return type(error).__name__
    return "ok"


def _redis() -> str:
    if not settings.REDIS_URL:
        return "not configured"
    client = Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        client.ping()
    except RedisError as error:
        return type(error).__name__
    finally:
        client.close()
    return "ok"


def _hosts() -> list[dict[str, Any]]:
    """Each host of the data plane: its sweep and its listener say hello every few seconds."""
    now = timezone.now()
    nodes = apps.get_model("vpn", "Node").objects.order_by("name")
    return [
        {
            "name": node.name,
            "driver": node.driver,
            "seen_at": node.seen_at,
            "state": "ok" if silent_part(node, now) is None else "silent",
            "sweep": _state(node.swept_at, now),
            "listener": _state(node.heard_at, now),
        }
        for node in nodes
    ]


def silent_part(node: Any, now: datetime) -> str | None:
    """Which of a host's two processes has said nothing for too long, if one has."""
    parts = {"sweep": node.swept_at, "listener": node.heard_at}
    return next((name for name, at in parts.items() if _state(at, now) != "ok"), None)


def _state(at: datetime | None, now: datetime) -> str:
    patience = max(_SLOW, timedelta(seconds=3 * settings.SWEEP_SECONDS))
    return "ok" if at and now - at < patience else "silent"
