"""Heartbeats of a process for the supervisor that started it.

A file whose modification time changes. The supervisor checks only whether it changed, by a clock of
its own, so that neither a full disk nor a locked database nor a stepped clock looks like a hang.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

DIRECTORY = "ISTHMUS_HEARTBEAT_DIR"


def beat(name: str) -> None:
    """Record that `name` has just done its work; does nothing without a supervisor."""
    if directory := os.environ.get(DIRECTORY):
        with suppress(OSError):
            path = Path(directory, name)
            path.touch(mode=0o600)
            # A second one within the resolution of the file system's clock counts as well.
            os.utime(path)


def last_beat(directory: Path, name: str) -> int | None:
    """Changes with every heartbeat; None before the first."""
    try:
        return (directory / name).stat().st_mtime_ns
    except OSError:
        return None
