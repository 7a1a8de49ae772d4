"""Liveness of a running process: how the supervisor detects one that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread


class HeartbeatWatch:
    """How long one process has sent no heartbeat, by the supervisor's own clock.

    `is_seen` says whether there was one at all; `terminated_at` is when it was terminated for lack of one.
    """

    def __init__(self) -> None:
        self._last: object = None
        self._changed: float | None = None
        self.is_seen = False
        self.terminated_at: float | None = None

    def silence(self, heartbeat: object, now: float) -> float:
        """Seconds since the last change; `heartbeat` is None while there is no value."""
        if self._changed is None:
            self._last, self._changed = heartbeat, now
        elif heartbeat is not None and heartbeat != self._last:
            self._last, self._changed, self.is_seen = heartbeat, now, True
        return now - self._changed

    def reset(self, now: float) -> None:
        """Count from now: heartbeats were not observed for a while."""
        self._changed = now


class Prober:
    """Probes in a thread, so that the supervisor never blocks; each success counts as a heartbeat."""

    def __init__(self, responds: Callable[[], bool], every: float = 1.0) -> None:
        self._responds = responds
        self._every = every
        self._count = 0
        self._thread: Thread | None = None

    def count(self) -> int:
        if self._thread is None:
            self._thread = Thread(target=self._probe, daemon=True)
            self._thread.start()
        return self._count

    def _probe(self) -> None:
        while True:
            if self._responds():
                self._count += 1
            time.sleep(self._every)


def is_stopped(pid: int) -> bool:
    """Whether SIGSTOP has stopped it: its children may still respond in its place."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] == "T"
