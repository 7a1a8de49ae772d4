"""The supervisor of all processes: start order, readiness, prefixed logs, restarts, orderly shutdown.

Single-threaded on purpose: `setpriv --pdeathsig` signals the children when the thread that started
them exits, and that must be the main thread.
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
from console.project.quickstart.liveness import HeartbeatWatch, is_stopped

_COLOURS = {"redis": 31, "web": 32, "worker": 34, "beat": 35, "listener": 36, "isthmus": 1}
_POLL_SECONDS = 0.1
_MAX_BACKOFF = 30.0
# A child that ran for this many seconds restarts without backoff.
_STABLE_AFTER = 30.0
_MAX_START_ATTEMPTS = 3
# Seconds before SIGKILL once a second signal asked to stop.
_FAST_STOP_SECONDS = 0.5
# Seconds after SIGKILL before a process that the kernel does not release is abandoned.
_GIVE_UP_SECONDS = 10.0
# Seconds between checks of the heartbeats; a gap longer than _PAUSE_SECONDS is not the children's fault.
_CHECK_EVERY = 1.0
_PAUSE_SECONDS = 5.0
_START_FACTOR = 4  # the first heartbeat may take this many times as long as later ones


class StartFailed(Exception):
    """A service did not become ready; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Service:
    """`ready` is polled until it is true; `stop_seconds` is the time between SIGTERM and SIGKILL."""

    name: str
    command: list[str]
    ready: Callable[[], bool]
    stop_seconds: float = 10.0
    environment: Mapping[str, str] = field(default_factory=dict)
    # Changes with every heartbeat, None before the first; without it a hang goes unnoticed.
    heartbeat: Callable[[], object] | None = None


@dataclass(slots=True)
class _Child:
    service: Service
    process: subprocess.Popen[bytes]
    started_at: float
    restarts: int = 0
    pending: bytes = b""
    restart_at: float | None = None
    ready: bool = False
    heartbeats: HeartbeatWatch = field(default_factory=HeartbeatWatch)


class Log:
    """Log lines prefixed with the name of their process; colours only on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._colours = stream.isatty() and not os.environ.get("NO_COLOR")

    def line(self, name: str, text: str) -> None:
        prefix = f"{name:8} |"
        if self._colours:
            prefix = f"\x1b[{_COLOURS.get(name, 0)}m{prefix}\x1b[0m"
        # The reader of the log may be gone, or its disk full; the product continues.
        with suppress(OSError):
            self._stream.write(f"{prefix} {text}\n")
            self._stream.flush()


class Supervisor:
    """`record_path` is the file that holds the children's identities for the next start."""

    def __init__(
        self, log: Log, record_path: Path, environment: Mapping[str, str], *, hang_seconds: float = 60
    ) -> None:
        self.log = log
        self.signals = 0
        self._record_path = record_path
        self._environment = dict(environment)
        self._children: dict[str, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._is_running = False
        self._hang_seconds = hang_seconds
        self._next_check = 0.0
        self._record_pending = False

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
            self.poll_once()
            waiting = [name for name in waiting if not self._is_ready(name)]
            failed = [name for name in waiting if self._children[name].restarts >= _MAX_START_ATTEMPTS]
            if failed:
                raise StartFailed(f"{failed[0]} does not stay up; see its last lines above")
            if waiting and time.monotonic() > limit:
                raise StartFailed(f"{', '.join(waiting)} not ready within {seconds:.0f} s")

    def run(self) -> None:
        """Keep everything running until a signal asks to stop."""
        self._is_running = True
        while not self.signals:
            self.poll_once()

    def terminate(self, name: str) -> None:
        """Send SIGTERM to one child; `stop` waits for its exit."""
        child = self._children.get(name)
        if child is not None and child.restart_at is None:
            _signal_group(child.process.pid, signal.SIGTERM, only_leader=True)

    def stop(self, *, keep: Collection[str] = ()) -> None:
        """Terminate all children and wait for them together; `keep` names those that stay."""
        self._is_running = False
        leaving = {name: child for name, child in self._children.items() if name not in keep}
        self._terminate_all([child for child in leaving.values() if child.restart_at is None])
        for name in leaving:
            del self._children[name]
        self._write_record()

    def _spawn(self, service: Service, restarts: int = 0) -> None:
        process = subprocess.Popen(
            dying_with_parent(service.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=self._environment | dict(service.environment),
        )
        child = _Child(service, process, time.monotonic(), restarts)
        self._children[service.name] = child
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, child)
        self._write_record()

    def _is_ready(self, name: str) -> bool:
        child = self._children[name]
        if not child.ready and child.restart_at is None:
            child.ready = child.service.ready()
        return child.ready

    def poll_once(self) -> None:
        """One iteration: forward output, handle exits, restart what is due."""
        self._forward_output(_POLL_SECONDS)
        for child in list(self._children.values()):
            if child.restart_at is not None:
                if time.monotonic() >= child.restart_at:
                    self._respawn(child)
            elif child.process.poll() is not None:
                self._handle_exit(child)
        now = time.monotonic()
        if self._is_running and now >= self._next_check:
            # If the machine slept or did not schedule this process, it did not schedule the children either.
            paused = now - self._next_check > _PAUSE_SECONDS and self._next_check > 0
            self._next_check = now + _CHECK_EVERY
            if self._record_pending:
                self._write_record()
            for child in self._children.values():
                if paused:
                    child.heartbeats.reset(now)
                self._check_liveness(child, now)

    def _check_liveness(self, child: _Child, now: float) -> None:
        """SIGTERM to a hung child, SIGKILL after `stop_seconds`; `poll_once` restarts it like any other."""
        heartbeat, pid = child.service.heartbeat, child.process.pid
        if heartbeat is None or child.restart_at is not None:
            return
        silent = child.heartbeats.silence(None if is_stopped(pid) else heartbeat(), now)
        if child.heartbeats.terminated_at is not None:
            if now - child.heartbeats.terminated_at > child.service.stop_seconds:
                _signal_group(pid, signal.SIGKILL, only_leader=False)
        elif silent > self._hang_seconds * (1 if child.heartbeats.is_seen else _START_FACTOR):
            reason = f"hangs: no heartbeat for {silent:.0f} s; terminating it"
            self.log.line("isthmus", f"{child.service.name} {reason}")
            child.heartbeats.terminated_at = now
            _signal_group(pid, signal.SIGTERM, only_leader=True)

    def _respawn(self, child: _Child) -> None:
        try:
            self._spawn(child.service, child.restarts)
        except OSError as error:
            child.restart_at = time.monotonic() + _MAX_BACKOFF
            reason = f"does not start ({error.strerror})"
            self.log.line("isthmus", f"{child.service.name} {reason}; retrying in {_MAX_BACKOFF:g} s")

    def _forward_output(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            child: _Child = key.data
            data = os.read(key.fd, 65536)
            if not data:
                self._selector.unregister(key.fileobj)
                continue
            *lines, child.pending = (child.pending + data).split(b"\n")
            for line in lines:
                self.log.line(child.service.name, line.decode(errors="replace").rstrip())

    def _handle_exit(self, child: _Child) -> None:
        uptime = time.monotonic() - child.started_at
        child.restarts = 1 if uptime > _STABLE_AFTER else child.restarts + 1
        pause = min(0.25 * 2 ** (child.restarts - 1), _MAX_BACKOFF)
        child.restart_at = time.monotonic() + pause
        # Surviving grandchildren would keep its port and answer in place of its successor.
        _signal_group(child.process.pid, signal.SIGKILL, only_leader=False)
        self._close_output(child)
        ended = _describe_exit(child.process.returncode)
        self.log.line("isthmus", f"{child.service.name} {ended}; restarting it in {pause:g} s")

    def _close_output(self, child: _Child) -> None:
        """Forward its last lines; a grandchild may still hold the pipe, so its end is not awaited."""
        self._forward_output(0)
        if child.pending:
            self.log.line(child.service.name, child.pending.decode(errors="replace"))
            child.pending = b""
        if child.process.stdout is not None and child.process.stdout in self._registered():
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()

    def _registered(self) -> list[object]:
        return [key.fileobj for key in self._selector.get_map().values()]

    def _terminate_all(self, children: list[_Child]) -> None:
        """SIGTERM to all, and SIGKILL to each that exceeds its `stop_seconds`."""
        for child in children:
            _signal_group(child.process.pid, signal.SIGTERM, only_leader=True)
        started_at = time.monotonic()
        left, killed = children, set[str]()
        while left := [child for child in left if child.process.poll() is None]:
            self._forward_output(0.05)
            elapsed = time.monotonic() - started_at
            for child in left:
                limit = child.service.stop_seconds if self.signals < 2 else _FAST_STOP_SECONDS
                if elapsed > limit + _GIVE_UP_SECONDS:
                    left = [other for other in left if other is not child]
                elif elapsed > limit and child.service.name not in killed:
                    killed.add(child.service.name)
                    _signal_group(child.process.pid, signal.SIGKILL, only_leader=False)
        for child in children:
            self._close_output(child)

    def _write_record(self) -> None:
        """The next start needs it to find the children of a killed supervisor: retried until written."""
        found = {name: Identity.of(child.process.pid) for name, child in self._children.items()}
        was_pending, self._record_pending = self._record_pending, True
        try:
            remember(self._record_path, {name: identity for name, identity in found.items() if identity})
            self._record_pending = False
        except OSError as error:
            if not was_pending:
                self.log.line("isthmus", f"{self._record_path} cannot be written: {error.strerror}")


def _signal_group(pid: int, number: int, *, only_leader: bool) -> None:
    try:
        if only_leader:
            os.kill(pid, number)
        else:
            os.killpg(pid, number)
    except ProcessLookupError:
        return


def _describe_exit(code: int | None) -> str:
    if code is None or code >= 0:
        return f"ended with code {code}"
    return f"was ended by {signal.Signals(-code).name}"


def standard_log() -> Log:
    return Log(sys.stderr)
