"""Whether a process that runs does anything: what the supervisor judges hanging by."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread


class PulseWatch:
    """How long one process has shown no sign of life, by the supervisor's own clock.

    `began` says whether there was one at all; `asked_at` is when it was asked to end for want of it.
    """

    def __init__(self) -> None:
        self._last: object = None
        self._changed: float | None = None
        self.began = False
        self.asked_at: float | None = None

    def silence(self, pulse: object, now: float) -> float:
        """Seconds; `pulse` is None where there is nothing to go by."""
        if self._changed is None:
            self._last, self._changed = pulse, now
        elif pulse is not None and pulse != self._last:
            self._last, self._changed, self.began = pulse, now, True
        return now - self._changed

    def forgive(self, now: float) -> None:
        """What was not seen for a while counts from now on."""
        self._changed = now


class Prober:
    """Asks beside the supervisor, who waits for nobody; each answer counts as a sign of life."""

    def __init__(self, answers: Callable[[], bool], every: float = 1.0) -> None:
        self._answers = answers
        self._every = every
        self._count = 0
        self._thread: Thread | None = None

    def count(self) -> int:
        if self._thread is None:
            self._thread = Thread(target=self._ask, daemon=True)
            self._thread.start()
        return self._count

    def _ask(self) -> None:
        while True:
            if self._answers():
                self._count += 1
            time.sleep(self._every)


def is_stopped(pid: int) -> bool:
    """Whether a signal has stopped it (SIGSTOP): its children may still answer for it."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] == "T"
