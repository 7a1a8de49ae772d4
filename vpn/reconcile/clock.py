"""The order of observations, by the monotonic clock.

All observations of one gateway are made on the host that carries it, by several processes. The
kernel's monotonic clock orders them, and it starts from zero at every boot of the host; the wall
clock orders nothing, since it may be stepped either way at any time.
"""

from __future__ import annotations

import time
from datetime import timedelta
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot() -> str:
    """This boot of the host: `ticks` of another one are not comparable."""
    return _BOOT_ID.read_text().strip()


def ticks() -> int:
    """Nanoseconds of the monotonic clock, the same for all processes of the host."""
    return time.monotonic_ns()


def as_ticks(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1_000_000_000)
