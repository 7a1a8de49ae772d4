"""Signs of life of a process for the supervisor that started it.

A file whose time changes; the supervisor looks only whether it did, by a clock of its own, so that
neither a full disk nor a locked database nor a stepped clock looks like a process that hangs.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

DIRECTORY = "ISTHMUS_HEARTBEAT_DIR"


def beat(name: str) -> None:
    """Say that `name` has just done what it is there for; nothing without a supervisor."""
    if directory := os.environ.get(DIRECTORY):
        with suppress(OSError):
            path = Path(directory, name)
            path.touch(mode=0o600)
            # A second one within the grain of the file system's clock counts as well.
            os.utime(path)


def last_beat(directory: Path, name: str) -> int | None:
    """Changes with every sign of life; None before the first."""
    try:
        return (directory / name).stat().st_mtime_ns
    except OSError:
        return None
