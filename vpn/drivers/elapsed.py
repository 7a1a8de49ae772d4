"""When something happened, kept by the monotonic clock and converted to the wall clock of the reader.

What is noted by the wall clock is hours in the future once the clock was set back, and everything
that waits for it stands still for as long.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

# A time that cannot be, because of another boot of the host, is long past.
_LONG_AGO = timedelta(days=1)


def to_monotonic(at: datetime) -> float:
    """What `time.monotonic()` was then: the other way round."""
    return time.monotonic() - (datetime.now(UTC) - at).total_seconds()


def to_wall_clock(at: float) -> datetime:
    """The moment when `time.monotonic()` was `at`."""
    ago = time.monotonic() - at
    return datetime.now(UTC) - (timedelta(seconds=ago) if ago >= 0 else _LONG_AGO)
