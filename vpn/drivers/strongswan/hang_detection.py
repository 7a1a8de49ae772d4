"""Whether a charon that does not respond hangs, or only waits for CPU time.

Two kinds of evidence count. A stopped process (state T) does nothing until it is continued. And a VICI
response that is overdue while the process used no CPU time and none of its threads is runnable: it waits
for something that does not come. A charon that works, or would work if it got CPU time, has a much longer
timeout. Time counts only while the observer itself was running: on a busy machine, or after the whole
machine was paused, both were delayed.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

# Seconds: the interval of keepalives, and the timeouts of their responses for an idle and a working charon.
PROBE_INTERVAL, IDLE_TIMEOUT, BUSY_TIMEOUT = 0.4, 0.8, 5.0
# Seconds between two checks of the process state; a process that is stopped at both hangs.
STATE_INTERVAL = 0.15
# The most seconds that one iteration of the observer's loop counts for.
_LONGEST_STEP = 0.1
_EXIT_TIMEOUT = 0.5
_STOPPED, _WANTS_TO_RUN = "T", frozenset("RD")


@dataclass(slots=True)
class HangDetector:
    """Watches one process, from when it was connected to until `close`."""

    pid: int
    _handle: int = -1
    _checked_at: float = 0.0
    _state_read_at: float = 0.0
    _was_stopped: bool = False
    _asked_at: float = 0.0
    _pending: bool = False
    _waited: float = 0.0
    _cpu_time: int = field(default=0)

    @classmethod
    def of(cls, pid: int, now: float) -> HangDetector:
        handle = -1
        with suppress(OSError):
            handle = os.pidfd_open(pid)
        return cls(pid, handle, now, now, _asked_at=now)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def answered(self) -> None:
        self._pending = False

    def is_due(self, now: float) -> bool:
        """Whether the next keepalive is due."""
        return not self._pending and now - self._asked_at >= PROBE_INTERVAL

    def asked(self, now: float) -> None:
        self._asked_at, self._pending, self._waited = now, True, 0.0
        self._cpu_time = _state(self.pid)[1]

    def hangs(self, now: float) -> str:
        """Why the process counts as hung; empty if it does not."""
        elapsed, self._checked_at = now - self._checked_at, now
        self._waited += min(elapsed, _LONGEST_STEP)
        if self._is_stopped(now):
            return "the process is stopped"
        if not self._pending or self._waited < IDLE_TIMEOUT:
            return ""
        if self._waited >= BUSY_TIMEOUT:
            return f"no answer for {self._waited:.1f} s"
        if _state(self.pid)[1] == self._cpu_time and not _wants_to_run(self.pid):
            return f"no answer for {self._waited:.1f} s, and it does nothing"
        return ""

    def _is_stopped(self, now: float) -> bool:
        if now - self._state_read_at < STATE_INTERVAL:
            return False
        self._state_read_at = now
        before, self._was_stopped = self._was_stopped, _state(self.pid)[0] == _STOPPED
        return before and self._was_stopped

    def end(self) -> None:
        """Send SIGKILL to this process and wait until it has exited, so that nothing else connects to it."""
        if self._handle < 0:
            return
        with suppress(OSError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        gone = select.poll()
        gone.register(self._handle, select.POLLIN)
        gone.poll(_EXIT_TIMEOUT * 1000)


def _state(pid: int) -> tuple[str, int]:
    """State and CPU time (proc(5): fields 3, 14 and 15) of a process; "" and 0 if it is gone."""
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], int(fields[11]) + int(fields[12])
    return "", 0


def _wants_to_run(pid: int) -> bool:
    """Whether one of its threads is running, runnable, or waiting for a disk."""
    with suppress(OSError):
        return any(
            task.joinpath("stat").read_text().rpartition(")")[2].split()[0] in _WANTS_TO_RUN
            for task in Path(f"/proc/{pid}/task").iterdir()
        )
    return False
