"""Processes that outlive their parent: identified by pid and start time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from console.core.private_files import write_private


class Identity(NamedTuple):
    """A process, uniquely: `started` is its start in clock ticks since boot, `boot` the boot's id."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """None when there is no such process, or only its zombie."""
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = text.rpartition(")")[2].split()
        return None if fields[0] in {"Z", "X"} else cls(pid, int(fields[19]), _boot())

    @property
    def alive(self) -> bool:
        return Identity.of(self.pid) == self

    def send(self, number: int) -> None:
        """Signal exactly this process, never one that has reused its pid."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive:
                signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return
        finally:
            os.close(handle)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def remember(path: Path, processes: dict[str, Identity]) -> None:
    """Raises OSError."""
    write_private(path, json.dumps(processes, indent=2) + "\n")


def recorded(path: Path) -> dict[str, Identity]:
    """The processes recorded there, whether they still run or not."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {name: Identity(*entry) for name, entry in stored.items()}


def recall(path: Path) -> dict[str, Identity]:
    """The recorded processes that still run."""
    return {name: identity for name, identity in recorded(path).items() if identity.alive}


def end(processes: Iterable[Identity], *, seconds: float = 5) -> None:
    """SIGTERM, and SIGKILL for those that are still there after `seconds`."""
    left = list(processes)
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5.0)):
        for identity in left:
            identity.send(number)
        if wait_until(partial(_all_ended, left), patience):
            return


def _all_ended(processes: Iterable[Identity]) -> bool:
    return not any(identity.alive for identity in processes)


def wait_until(condition: Callable[[], bool], seconds: float, *, every: float = 0.02) -> bool:
    """Polls until the condition holds; False after `seconds`."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(every)
    return True


def dying_with_parent(command: list[str]) -> list[str]:
    """The same command, terminated by the kernel when the supervisor is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--", *command] if setpriv else command
