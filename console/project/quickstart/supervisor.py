"""One supervisor for all processes: order, readiness, readable logs, restarts, an orderly end.

Single-threaded on purpose: children are born of the main thread, whose death is what
`setpriv --pdeathsig` reports to them.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TextIO

from console.core.processes import Identity, dying_with_parent, remember
from console.project.quickstart.pulses import PulseWatch, is_stopped

_COLOURS = {"redis": 31, "web": 32, "worker": 34, "beat": 35, "listener": 36, "isthmus": 1}
_TICK = 0.1
_LONGEST_PAUSE = 30.0
# A child that lived so long starts again without a pause.
_SETTLED = 30.0
_TRIES_BEFORE_READY = 3
# Patience with all children once somebody asked a second time.
_HASTE = 0.5
# So long after SIGKILL a process that the kernel holds back is left alone.
_UNKILLABLE = 10.0
# How often signs of life are looked at; a gap so much longer was not the children's fault.
_CHECK_EVERY = 1.0
_PAUSED = 5.0
_START_FACTOR = 4  # patience with a first sign of life, in patiences with the later ones


class StartFailed(Exception):
    """A service did not come up; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Service:
    """`ready` is asked until it says yes; `stop_seconds` is the patience before SIGKILL."""

    name: str
    command: list[str]
    ready: Callable[[], bool]
    stop_seconds: float = 10.0
    environment: Mapping[str, str] = field(default_factory=dict)
    # Changes with every sign of life, None before the first; without it nobody can tell that it hangs.
    pulse: Callable[[], object] | None = None


@dataclass(slots=True)
class _Child:
    service: Service
    process: subprocess.Popen[bytes]
    began: float
    deaths: int = 0
    pending: bytes = b""
    again_at: float | None = None
    ready: bool = False
    watch: PulseWatch = field(default_factory=PulseWatch)


class Log:
    """Lines with the name of their process before them; colours only on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._colours = stream.isatty() and not os.environ.get("NO_COLOR")

    def line(self, name: str, text: str) -> None:
        prefix = f"{name:8} |"
        if self._colours:
            prefix = f"\x1b[{_COLOURS.get(name, 0)}m{prefix}\x1b[0m"
        # Whoever read the log may be gone, or its disk full; the product goes on.
        with suppress(OSError):
            self._stream.write(f"{prefix} {text}\n")
            self._stream.flush()


class Supervisor:
    """`note` is the file where the children's identities stand for the next start."""

    def __init__(
        self, log: Log, note: Path, environment: Mapping[str, str], *, hang_seconds: float = 60
    ) -> None:
        self.log = log
        self.signals = 0
        self._note = note
        self._environment = dict(environment)
        self._children: dict[str, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._steady = False
        self._hang_seconds = hang_seconds
        self._next_check = 0.0
        self._note_owed = False

    def catch_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.signals += 1

    @property
    def pids(self) -> dict[str, int]:
        return {name: child.process.pid for name, child in self._children.items()}

    def start(self, *services: Service, seconds: float) -> None:
        """Start all at once and wait until each is ready. Raises StartFailed."""
        for service in services:
            self._spawn(service)
        limit = time.monotonic() + seconds
        waiting = [service.name for service in services]
        while waiting and not self.signals:
            self.turn()
            waiting = [name for name in waiting if not self._is_ready(name)]
            tired = [name for name in waiting if self._children[name].deaths >= _TRIES_BEFORE_READY]
            if tired:
                raise StartFailed(f"{tired[0]} does not stay up; its last lines stand above")
            if waiting and time.monotonic() > limit:
                raise StartFailed(f"{', '.join(waiting)} not ready within {seconds:.0f} s")

    def run(self) -> None:
        """Keep everything up until a signal asks to stop."""
        self._steady = True
        while not self.signals:
            self.turn()

    def dismiss(self, name: str) -> None:
        """Ask one child to end; `stop` waits for it."""
        child = self._children.get(name)
        if child is not None and child.again_at is None:
            _signal_group(child.process.pid, signal.SIGTERM, only_leader=True)

    def stop(self, *, keep: Collection[str] = ()) -> None:
        """Ask all children to end and wait for them together; `keep` names those that stay."""
        self._steady = False
        leaving = {name: child for name, child in self._children.items() if name not in keep}
        self._end([child for child in leaving.values() if child.again_at is None])
        for name in leaving:
            del self._children[name]
        self._write_note()

    def _spawn(self, service: Service, deaths: int = 0) -> None:
        process = subprocess.Popen(
            dying_with_parent(service.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=self._environment | dict(service.environment),
        )
        child = _Child(service, process, time.monotonic(), deaths)
        self._children[service.name] = child
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, child)
        self._write_note()

    def _is_ready(self, name: str) -> bool:
        child = self._children[name]
        if not child.ready and child.again_at is None:
            child.ready = child.service.ready()
        return child.ready

    def turn(self) -> None:
        """One round: pass on lines, notice deaths, start again what is due."""
        self._pump(_TICK)
        for child in list(self._children.values()):
            if child.again_at is not None:
                if time.monotonic() >= child.again_at:
                    self._respawn(child)
            elif child.process.poll() is not None:
                self._mourn(child)
        now = time.monotonic()
        if self._steady and now >= self._next_check:
            # A machine that slept, or that did not let this process run, has not let the others, either.
            paused = now - self._next_check > _PAUSED and self._next_check > 0
            self._next_check = now + _CHECK_EVERY
            if self._note_owed:
                self._write_note()
            for child in self._children.values():
                if paused:
                    child.watch.forgive(now)
                self._end_if_hung(child, now)

    def _end_if_hung(self, child: _Child, now: float) -> None:
        """SIGTERM, SIGKILL after its patience; `turn` starts it again like any other that ended."""
        pulse, pid = child.service.pulse, child.process.pid
        if pulse is None or child.again_at is not None:
            return
        silent = child.watch.silence(None if is_stopped(pid) else pulse(), now)
        if child.watch.asked_at is not None:
            if now - child.watch.asked_at > child.service.stop_seconds:
                _signal_group(pid, signal.SIGKILL, only_leader=False)
        elif silent > self._hang_seconds * (1 if child.watch.began else _START_FACTOR):
            reason = f"hangs: no sign of life for {silent:.0f} s; ending it"
            self.log.line("isthmus", f"{child.service.name} {reason}")
            child.watch.asked_at = now
            _signal_group(pid, signal.SIGTERM, only_leader=True)

    def _respawn(self, child: _Child) -> None:
        try:
            self._spawn(child.service, child.deaths)
        except OSError as error:
            child.again_at = time.monotonic() + _LONGEST_PAUSE
            reason = f"does not start ({error.strerror})"
            self.log.line("isthmus", f"{child.service.name} {reason}; trying again in {_LONGEST_PAUSE:g} s")

    def _pump(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            child: _Child = key.data
            data = os.read(key.fd, 65536)
            if not data:
                self._selector.unregister(key.fileobj)
                continue
            *lines, child.pending = (child.pending + data).split(b"\n")
            for line in lines:
                self.log.line(child.service.name, line.decode(errors="replace").rstrip())

    def _mourn(self, child: _Child) -> None:
        lived = time.monotonic() - child.began
        child.deaths = 1 if lived > _SETTLED else child.deaths + 1
        pause = min(0.25 * 2 ** (child.deaths - 1), _LONGEST_PAUSE)
        child.again_at = time.monotonic() + pause
        # Children that outlive it would hold its port and answer for the next one.
        _signal_group(child.process.pid, signal.SIGKILL, only_leader=False)
        self._drain(child)
        ended = _ending(child.process.returncode)
        self.log.line("isthmus", f"{child.service.name} {ended}; starting it again in {pause:g} s")

    def _drain(self, child: _Child) -> None:
        """Its last lines; a grandchild may still hold the pipe, so nobody waits for its end."""
        self._pump(0)
        if child.pending:
            self.log.line(child.service.name, child.pending.decode(errors="replace"))
            child.pending = b""
        if child.process.stdout is not None and child.process.stdout in self._registered():
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()

    def _registered(self) -> list[object]:
        return [key.fileobj for key in self._selector.get_map().values()]

    def _end(self, children: list[_Child]) -> None:
        """SIGTERM for all, and SIGKILL for each whose patience is over."""
        for child in children:
            _signal_group(child.process.pid, signal.SIGTERM, only_leader=True)
        began = time.monotonic()
        left, killed = children, set[str]()
        while left := [child for child in left if child.process.poll() is None]:
            self._pump(0.05)
            lasted = time.monotonic() - began
            for child in left:
                patience = child.service.stop_seconds if self.signals < 2 else _HASTE
                if lasted > patience + _UNKILLABLE:
                    left = [other for other in left if other is not child]
                elif lasted > patience and child.service.name not in killed:
                    killed.add(child.service.name)
                    _signal_group(child.process.pid, signal.SIGKILL, only_leader=False)
        for child in children:
            self._drain(child)

    def _write_note(self) -> None:
        """Without it the next start finds no children of a killed one: tried again until it is written."""
        found = {name: Identity.of(child.process.pid) for name, child in self._children.items()}
        owed, self._note_owed = self._note_owed, True
        try:
            remember(self._note, {name: identity for name, identity in found.items() if identity})
            self._note_owed = False
        except OSError as error:
            if not owed:
                self.log.line("isthmus", f"{self._note} cannot be written: {error.strerror}")


def _signal_group(pid: int, number: int, *, only_leader: bool) -> None:
    try:
        if only_leader:
            os.kill(pid, number)
        else:
            os.killpg(pid, number)
    except ProcessLookupError:
        return


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f"ended with code {code}"
    return f"was ended by {signal.Signals(-code).name}"


def standard_log() -> Log:
    return Log(sys.stderr)
