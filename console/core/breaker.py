"""A circuit breaker: a server that failed is not called for a while, so that requests do not wait."""

from __future__ import annotations

import time
from collections.abc import Callable


class Breaker:
    """Consulted before each call, updated after it. `rest` is in seconds; safe to share among threads."""

    def __init__(self, rest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest = rest
        self._clock = clock
        self._until: float | None = None

    def allows(self) -> bool:
        """False while the breaker is open; after that one caller tries and the others still skip the call."""
        if self._until is None:
            return True
        if self._clock() < self._until:
            return False
        self.failed()
        return True

    def failed(self) -> None:
        self._until = self._clock() + self._rest

    def worked(self) -> None:
        self._until = None
