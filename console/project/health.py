"""Liveness and readiness: two addresses for load balancers and operators."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from redis import Redis
from redis.exceptions import OutOfMemoryError, RedisError, ResponseError

from vpn.models import Node

# Seconds. A listener sends a heartbeat every five: two may be late before it counts as silent.
_LEAST = 15.0


def alive(request: HttpRequest) -> JsonResponse:
    """200 as long as the web process responds at all. Our web server responds without Django's URLs, so
    that requests that wait for a thread do not delay it (console.project.web_worker.worker)."""
    return JsonResponse({"status": "alive"})


def hangs(request: HttpRequest) -> JsonResponse:
    """For a web process whose event loop runs, but whose threads finish no request."""
    return JsonResponse({"status": "hangs"}, status=503)


def ready(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served (the database responds), else 503.

    `degraded` is 200 too: without Redis, sweeps or listeners reads and writes continue, and work waits.
    The response names the component to everyone, and the hosts to superusers only.
    """
    database = _database()
    checks: dict[str, Any] = {"database": database, "redis": redis_state()}
    if database == "ok":
        hosts = _hosts()
        for part in ("sweep", "listener"):
            checks[part] = "ok" if all(host[part] == "ok" for host in hosts) else "silent"
        if getattr(request.user, "is_superuser", False):
            checks["hosts"] = hosts
    all_well = all(state in {"ok", "not configured"} for state in checks.values() if isinstance(state, str))
    status = "not ready" if database != "ok" else "ready" if all_well else "degraded"
    response = JsonResponse({"status": status, "checks": checks}, status=200 if database == "ok" else 503)
    response["Cache-Control"] = "no-store"
    return response


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return type(error).__name__
    return "ok"


def redis_state() -> str:
    """The result of a write and a read: a server that is full responds to a PING, and accepts no task."""
    if not settings.REDIS_URL:
        return "not configured"
    key, value = f"isthmus:{settings.INSTALLATION}:probe", uuid4().hex
    client = Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        client.set(key, value, ex=60)
        # Another process may have written meanwhile; it only matters that writing works.
        return "ok" if client.get(key) else "loses what is written"
    except OutOfMemoryError:
        return "full: it refuses writes"
    except ResponseError:
        return "refuses writes"
    except RedisError as error:
        return type(error).__name__
    finally:
        client.close()


def _hosts() -> list[dict[str, Any]]:
    """Each host of the data plane: its sweep and its listener send heartbeats every few seconds."""
    now = timezone.now()
    nodes = Node.objects.order_by("name")
    return [
        {
            "name": node.name,
            "driver": node.driver,
            "seen_at": node.seen_at,
            "state": "ok" if silent_part(node, now) is None else "silent",
            "sweep": _state(node, "sweep_seen_at", now),
            "listener": _state(node, "listener_seen_at", now),
        }
        for node in nodes
    ]


def silent_part(node: Node, now: datetime) -> str | None:
    """Which of a host's two processes has sent no heartbeat for too long; None if neither."""
    parts = {"sweep": "sweep_seen_at", "listener": "listener_seen_at"}
    return next((part for part, name in parts.items() if _state(node, name, now) != "ok"), None)


def _state(node: Node, name: str, now: datetime) -> str:
    """Silent after half of the time after which a supervisor terminates a hung process."""
    at: datetime | None = getattr(node, name)
    patience = max(_LEAST, settings.HANG_SECONDS / 2, 3 * settings.SWEEP_SECONDS)
    age = (now - at).total_seconds() if at else patience
    return "silent" if _watch.is_silent((node.name, name), at, age, patience) else "ok"


class Watch:
    """Detects silence by whether a heartbeat changes, measured with the monotonic clock.

    For one seen for the first time, or after a long while, only its age is known; a time in the
    future is as suspicious as one in the past.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[Hashable, tuple[object, float, float, bool]] = {}

    def is_silent(self, key: Hashable, value: object, age: float, patience: float) -> bool:
        """`age` by the wall clock and `patience` are seconds."""
        now = self._clock()
        known, changed, asked, was_silent = self._known.get(key, (None, 0.0, -math.inf, False))
        if known != value:
            # Written since the last request to this process, whenever that was: by its age, each of the web
            # processes comes to the same moment, and calls it silent at the same moment.
            changed = max(asked, now - age) if 0 <= age < patience else now
            silent = now - asked >= patience and abs(age) >= patience
        else:
            silent = was_silent or now - changed >= patience
        self._known[key] = value, changed, now, silent
        return silent


_watch = Watch()
