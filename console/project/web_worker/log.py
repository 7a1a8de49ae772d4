"""The log of requests that the web server refuses, limited to a few lines a minute."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock

log = logging.getLogger("console.http")
_OTHERS = "other addresses"


class RefusalLog:
    """The first refusal of an address with a status is logged at once, those of the next `seconds` as
    one count. Beyond `most` addresses and statuses the rest share a line."""

    def __init__(
        self, *, seconds: float = 60, most: int = 100, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._lock = Lock()
        # When each was logged, and how many followed since.
        self._known: dict[tuple[str, HTTPStatus], tuple[float, int]] = {}

    def add(self, client: str, status: HTTPStatus, trace: str) -> None:
        """`client` is the key of the address, empty for a Unix socket."""
        self.flush()
        with self._lock:
            key = client or "a Unix socket", status
            if key not in self._known and len(self._known) >= self._most:
                key = _OTHERS, status
            if key in self._known:
                since, count = self._known[key]
                self._known[key] = since, count + 1
                return
            self._known[key] = self._clock(), 0
        log.warning("A request from %s was refused: %s, trace %s", key[0], status.phrase, trace)

    def flush(self) -> None:
        """Logs the counts of entries logged long enough ago; called periodically."""
        now = self._clock()
        with self._lock:
            over = {key: count for key, (at, count) in self._known.items() if now - at >= self._seconds}
            for key in over:
                del self._known[key]
        for (client, status), count in over.items():
            if count:
                log.warning(
                    "%d more requests from %s were refused within %d s: %s",
                    count,
                    client,
                    self._seconds,
                    status.phrase,
                )
