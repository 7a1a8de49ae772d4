"""Requests per minute and API key; people in the browser are not counted."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.cache import caches
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from console.core.api.authentication import KeyUser
from console.core.cache import FailOpenRedisCache

WINDOW = 60


class KeyRateThrottle(BaseThrottle):
    """Counts in windows of one minute, in one round trip; without Redis nobody is refused."""

    def allow_request(self, request: Request, view: Any) -> bool:
        limit: int = settings.RATE_LIMIT
        user: object = request.user
        if not limit or not isinstance(user, KeyUser):
            return True
        return count_in_window(f"rate:{user.pk}") <= limit

    def wait(self) -> float:
        """Seconds until the next window."""
        return WINDOW - clock() % WINDOW


def clock() -> float:
    """Seconds since 1970: what decides which window it is."""
    return time.time()


def count_in_window(key: str) -> int:
    """One more for `key`; how many there are in the present window of `WINDOW` seconds."""
    return count_hit(f"{key}:{int(clock()) // WINDOW}", 2 * WINDOW)


def count_hit(key: str, seconds: int) -> int:
    """One more for `key`, which is forgotten after `seconds`; how many there are now."""
    backend = caches["default"]
    if isinstance(backend, FailOpenRedisCache):
        return backend.count(key, seconds)
    backend.add(key, 0, seconds)
    return int(backend.incr(key))
