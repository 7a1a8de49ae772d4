"""A queue of work by key: calls for one key are serialized, those for different keys run concurrently."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from uuid import UUID

log = logging.getLogger(__name__)


class WorkQueue:
    """Calls `work` once for all waiting requests. A request that comes while it runs causes another call,
    because the current one may have read the state before that request. `work` should not raise: an
    exception is logged, and the request that caused it is not repeated."""

    def __init__(self, name: str, workers: int, work: Callable[[UUID], None]) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._work = work
        self._lock = Lock()
        self._waiting: set[UUID] = set()
        self._running: set[UUID] = set()
        self._closed = False

    def add(self, key: UUID) -> None:
        """Nothing happens after `close`."""
        with self._lock:
            waits = key in self._waiting
            self._waiting.add(key)
            if waits or key in self._running or self._closed:
                return
            self._pool.submit(self._serve, key)

    def close(self) -> None:
        """Wait for work in progress, and for what was requested before."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=True)

    def _serve(self, key: UUID) -> None:
        while self._begins(key):
            try:
                self._work(key)
            except Exception:
                # Not propagated: requests that came meanwhile would wait forever.
                log.exception("unexpected error, key %s", key)
            finally:
                with self._lock:
                    self._running.discard(key)

    def _begins(self, key: UUID) -> bool:
        """Whether a request for `key` waits and no worker serves it."""
        with self._lock:
            if key not in self._waiting or key in self._running:
                return False
            self._waiting.discard(key)
            self._running.add(key)
            return True
