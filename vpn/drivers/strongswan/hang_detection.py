"""Whether a charon that does not answer is hung, or only waits for a processor like everybody else.

Two kinds of evidence count. A process that is stopped (state T) does nothing until somebody lets it
go on. And an answer over VICI that has been missing for so long, while the process used no processor
time and none of its threads wants any: it waits for something that does not come. A charon that works,
or would work if the machine let it, has much longer. Time counts only as far as the observer itself
was running: on a busy machine, or after a pause of all of it, both were kept waiting.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

# Seconds. How often a charon is asked for a sign of life, and how long an idle and a working one may
# owe it.
PROBE_INTERVAL, IDLE_TIMEOUT, BUSY_TIMEOUT = 0.4, 0.8, 5.0
# Seconds between two looks at the state of the process; stopped at both, it is hung.
STATE_INTERVAL = 0.15
# The most that one turn of the observer's loop counts for.
_TURN = 0.1
_DEATH = 0.5
_STOPPED, _WANTS_TO_RUN = "T", frozenset("RD")


@dataclass(slots=True)
class HangDetector:
    """Of one process, from when somebody connected to it until `close`."""

    pid: int
    _handle: int = -1
    _turned: float = 0.0
    _glanced: float = 0.0
    _was_stopped: bool = False
    _asked_at: float = 0.0
    _owes: bool = False
    _waited: float = 0.0
    _worked: int = field(default=0)

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
        self._owes = False

    def is_due(self, now: float) -> bool:
        """Whether it is to be asked again."""
        return not self._owes and now - self._asked_at >= PROBE_INTERVAL

    def asked(self, now: float) -> None:
        self._asked_at, self._owes, self._waited = now, True, 0.0
        self._worked = _state(self.pid)[1]

    def hangs(self, now: float) -> str:
        """Why it is taken for hung, in words; empty while it is not."""
        elapsed, self._turned = now - self._turned, now
        self._waited += min(elapsed, _TURN)
        if self._is_stopped(now):
            return "the process is stopped"
        if not self._owes or self._waited < IDLE_TIMEOUT:
            return ""
        if self._waited >= BUSY_TIMEOUT:
            return f"no answer for {self._waited:.1f} s"
        if _state(self.pid)[1] == self._worked and not _wants_to_run(self.pid):
            return f"no answer for {self._waited:.1f} s, and it does nothing"
        return ""

    def _is_stopped(self, now: float) -> bool:
        if now - self._glanced < STATE_INTERVAL:
            return False
        self._glanced = now
        before, self._was_stopped = self._was_stopped, _state(self.pid)[0] == _STOPPED
        return before and self._was_stopped

    def end(self) -> None:
        """SIGKILL to this very process, and wait until it is gone: nobody asks it anything any more."""
        if self._handle < 0:
            return
        with suppress(OSError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        gone = select.poll()
        gone.register(self._handle, select.POLLIN)
        gone.poll(_DEATH * 1000)


def _state(pid: int) -> tuple[str, int]:
    """State and used processor time (proc(5): fields 3, 14 and 15) of a process; "" and 0 if it is gone."""
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], int(fields[11]) + int(fields[12])
    return "", 0


def _wants_to_run(pid: int) -> bool:
    """Whether a thread of it is running, waits for a processor, or for a disk."""
    with suppress(OSError):
        return any(
            task.joinpath("stat").read_text().rpartition(")")[2].split()[0] in _WANTS_TO_RUN
            for task in Path(f"/proc/{pid}/task").iterdir()
        )
    return False
