"""Times stored by the monotonic clock, and converted to wall clock time when they are read.

A stored wall clock time would be in the future after the clock is set back, and everything that waits
for it would be delayed by as much.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

# A time in the future, from an earlier boot of the host, counts as long past.
_LONG_AGO = timedelta(days=1)


def to_monotonic(at: datetime) -> float:
    """The value of `time.monotonic()` at that wall clock time."""
    return time.monotonic() - (datetime.now(UTC) - at).total_seconds()


def to_wall_clock(at: float) -> datetime:
    """The wall clock time at which `time.monotonic()` was `at`."""
    ago = time.monotonic() - at
    return datetime.now(UTC) - (timedelta(seconds=ago) if ago >= 0 else _LONG_AGO)
