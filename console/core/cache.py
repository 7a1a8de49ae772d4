"""The shared cache. It holds rate limits; the service continues without it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis import Redis
from redis.exceptions import RedisError

from console.core.breaker import Breaker

log = logging.getLogger(__name__)
Value = TypeVar("Value")
# Seconds. Every request uses Redis, so one that hangs must not delay them all.
TIMEOUT = 0.5
RETRY_SECONDS = 3.0
# By server: Django makes a cache object for every thread.
_breakers: dict[str, Breaker] = {}


class FailOpenRedisCache(RedisCache):
    """Redis; while it is unavailable every key is missing and nothing is stored."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        timeouts = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
        super().__init__(server, params | {"OPTIONS": timeouts | params.get("OPTIONS", {})})
        self.breaker = _breakers.setdefault(server, Breaker(RETRY_SECONDS))

    @cached_property
    def _client(self) -> Redis:
        """Cached, since creating one costs more than a query; its connections come from a pool."""
        return self._cache.get_client(write=True)

    def _call(self, operation: Callable[[], Value], default: Value) -> Value:
        """The server's response, or `default` while it is unavailable."""
        if not self.breaker.allows():
            return default
        try:
            response = operation()
        except RedisError as error:
            self.breaker.failed()
            log.warning("cache is unavailable: %s", type(error).__name__)
            return default
        self.breaker.worked()
        return response

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._call(lambda: super(FailOpenRedisCache, self).get(key, default, version), default)

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        self._call(lambda: super(FailOpenRedisCache, self).set(key, value, *args, **kwargs), None)

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(
            self._call(lambda: super(FailOpenRedisCache, self).add(key, value, *args, **kwargs), True)
        )

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(self._call(lambda: super(FailOpenRedisCache, self).delete(key, version), False))

    def touch(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call(lambda: super(FailOpenRedisCache, self).touch(key, *args, **kwargs), False))

    def has_key(self, key: str, version: int | None = None) -> bool:
        return bool(self._call(lambda: super(FailOpenRedisCache, self).has_key(key, version), False))

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        return self._call(lambda: super(FailOpenRedisCache, self).get_many(keys, version), {})

    def set_many(self, data: dict[str, Any], *args: Any, **kwargs: Any) -> list[str]:
        """The keys that were not stored."""
        return self._call(lambda: super(FailOpenRedisCache, self).set_many(data, *args, **kwargs), list(data))

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        self._call(lambda: super(FailOpenRedisCache, self).delete_many(keys, version), None)

    def clear(self) -> None:
        self._call(super().clear, None)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        return int(self._call(lambda: super(FailOpenRedisCache, self).incr(key, delta, version), delta))

    def count(self, key: str, seconds: int) -> int:
        """Increments `key`, which expires after `seconds`, and returns the count, in one round trip."""
        name = self.make_and_validate_key(key)

        def counted() -> int:
            pipe = self._client.pipeline(transaction=False)
            pipe.incr(name)
            pipe.expire(name, seconds)
            return int(pipe.execute()[0])

        return self._call(counted, 1)
