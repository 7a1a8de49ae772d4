"""A server that failed is left alone for a while, so that not every request waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Breaker:
    """Asked before each call, told after it. `rest` is in seconds; safe to share among threads."""

    def __init__(self, rest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest = rest
        self._clock = clock
        self._until: float | None = None

    def allows(self) -> bool:
        """False while the server rests; after that one caller tries while the others still pass by."""
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
