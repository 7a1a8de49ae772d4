"""The shared cache: rate limits live there, and the service goes on without it."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
# Seconds. A Redis that hangs is as good as none, and every request asks it.
PATIENCE = 1.0


class FailOpenRedisCache(RedisCache):
    """Redis; while it is away every key is missing and nothing is kept."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        patience = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
        super().__init__(server, params | {"OPTIONS": patience | params.get("OPTIONS", {})})

    @cached_property
    def _client(self) -> Redis:
        """Kept, since making one costs more than asking it; its connections are a pool's."""
        return self._cache.get_client(write=True)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except RedisError:
            return default

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        try:
            super().set(key, value, *args, **kwargs)
        except RedisError as error:
            log.warning("cache is away: %s", type(error).__name__)

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        try:
            return bool(super().add(key, value, *args, **kwargs))
        except RedisError:
            return True

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        try:
            return int(super().incr(key, delta, version))
        except RedisError:
            return delta

    def count(self, key: str, seconds: int) -> int:
        """One more for `key`, forgotten after `seconds`: the number so far, in one round trip."""
        name = self.make_and_validate_key(key)
        try:
            pipe = self._client.pipeline(transaction=False)
            pipe.incr(name)
            pipe.expire(name, seconds)
            return int(pipe.execute()[0])
        except RedisError:
            return 1
