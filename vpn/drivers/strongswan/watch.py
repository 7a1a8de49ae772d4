"""Watches all members: one selector, one session per charon, no threads."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from threading import Event
from uuid import UUID

from vpn.domain.spec import MemberSpec
from vpn.domain.state import EventKind, TunnelEvent
from vpn.drivers.base import DriverError
from vpn.drivers.strongswan import netns, vici
from vpn.drivers.strongswan.events import Interpreter, ParsedEvent
from vpn.drivers.strongswan.hang_detection import HangDetector
from vpn.drivers.strongswan.member_record import forget_failures, read_record, record_failure
from vpn.drivers.strongswan.names import MemberFiles, Names, members_directory

log = logging.getLogger(__name__)

# Seconds between two checks for charons that do not respond yet, and for `stop`.
TICK = 0.05
# Seconds between two updates of the list of members; a changed directory of members triggers an update.
MEMBERS_INTERVAL = 1.0
# Seconds until a charon that has the socket open but does not respond is tried again.
HUNG_RETRY = 5.0
# Seconds of continuous updates after a member's directory appeared or went: its row may not be visible yet.
HURRY = 0.5


@dataclass(slots=True)
class MemberWatch:
    """One member, connected or waited for."""

    member: MemberSpec
    files: MemberFiles
    namespace: str
    listener: vici.Listener | None = None
    interpreter: Interpreter = field(default_factory=Interpreter)
    not_before: float = 0.0
    hung_socket: int = 0
    detector: HangDetector | None = None

    def hangs(self, now: float) -> None:
        self.not_before, self.hung_socket = now + HUNG_RETRY, _inode(self.files.socket)

    def still_hangs(self, now: float) -> bool:
        """Whether it is too early for a retry; False if another charon has the socket meanwhile."""
        return now < self.not_before and _inode(self.files.socket) == self.hung_socket


class Watcher:
    def __init__(
        self, directory: Path, names: Names, members: Callable[[], Sequence[MemberSpec]], stop: Event
    ) -> None:
        self._directory = directory
        self._names = names
        self._members = members
        self._stop = stop
        self._selector = DefaultSelector()
        self._watches: dict[UUID, MemberWatch] = {}
        self._asked = self._hurried_until = 0.0
        # When entries of directories last changed.
        self._changes: dict[Path, int] = {}

    def events(self) -> Iterator[TunnelEvent]:
        """Until `stop`. Sockets are closed however the caller ends."""
        try:
            while not self._stop.is_set():
                self._ask()
                yield from self._connect()
                for key, _ in self._selector.select(TICK):
                    yield from self._receive(key.data)
                yield from self._check_liveness()
                yield from self._check_namespaces()
        finally:
            for watch in self._watches.values():
                self._close(watch)
            self._selector.close()

    def _ask(self) -> None:
        """Update the members to watch; immediately if a member's directory appeared or went."""
        now = time.monotonic()
        if self._has_changed(members_directory(self._directory)):
            self._hurried_until = now + HURRY
        if now > self._hurried_until and now - self._asked < MEMBERS_INTERVAL:
            return
        self._asked = now
        wanted = {member.id: member for member in self._members()}
        for gone in self._watches.keys() - wanted.keys():
            self._close(self._watches.pop(gone))
        for new in wanted.keys() - self._watches.keys():
            member = wanted[new]
            namespace = self._names.member(member.gateway_id, member.index)
            self._watches[new] = MemberWatch(member, MemberFiles.of(self._directory, member), namespace)

    def _has_changed(self, directory: Path) -> bool:
        """Whether an entry of the directory was added or removed since the last call."""
        changed_at = 0
        with suppress(FileNotFoundError):
            changed_at = directory.stat().st_mtime_ns
        before, self._changes[directory] = self._changes.get(directory, 0), changed_at
        return changed_at != before

    def _connect(self) -> Iterator[TunnelEvent]:
        for watch in list(self._watches.values()):
            if watch.listener or watch.still_hangs(time.monotonic()):
                continue
            try:
                watch.listener = vici.Listener(watch.files.socket)
            except vici.Hung:
                watch.hangs(time.monotonic())
                yield self._event(watch, EventKind.LOST)
                continue
            except DriverError:
                continue
            watch.interpreter = Interpreter()
            watch.detector = HangDetector.of(watch.listener.pid, time.monotonic())
            self._selector.register(watch.listener, EVENT_READ, watch)
            # Its namespace may already be gone.
            self._changes.pop(netns.RUN, None)
            yield self._event(watch, EventKind.FOUND)
            for event, message in watch.listener.take_early():
                yield from self._interpret(watch, event, message)

    def _receive(self, watch: MemberWatch) -> Iterator[TunnelEvent]:
        if not watch.listener:
            return
        try:
            parsed = watch.listener.receive()
        except DriverError:
            self._close(watch)
            yield self._event(watch, EventKind.LOST)
            return
        if watch.detector:
            watch.detector.answered()
        if parsed:
            yield from self._interpret(watch, *parsed)

    def _check_liveness(self) -> Iterator[TunnelEvent]:
        """A charon that hangs keeps its socket open, so only missing responses show it. It is killed
        immediately, so that a takeover does not lose time waiting for it."""
        for watch in self._watches.values():
            if not watch.listener or not watch.detector:
                continue
            now = time.monotonic()
            why = watch.detector.hangs(now)
            if not why and watch.detector.is_due(now):
                watch.detector.asked(now)
                with suppress(DriverError):
                    watch.listener.send_keepalive()
            if why:
                log.warning("charon of %s hangs: %s; it is ended", watch.files.directory.name, why)
                watch.detector.end()
                self._close(watch)
                yield self._event(watch, EventKind.LOST)

    def _check_namespaces(self) -> Iterator[TunnelEvent]:
        """A deleted namespace exists, without a name, as long as its charon does: it can be neither
        observed nor changed, and keeps the public address. So its charon is killed, like one that hangs."""
        if not self._has_changed(netns.RUN):
            return
        existing = frozenset(netns.names(self._names.prefix))
        for watch in self._watches.values():
            # If there are none at all, this process cannot see the directory.
            if existing and watch.listener and watch.namespace not in existing:
                log.warning("namespace %s is gone; its charon is ended", watch.namespace)
                if watch.detector:
                    watch.detector.end()
                self._close(watch)
                yield self._event(watch, EventKind.LOST)

    def _interpret(self, watch: MemberWatch, event: str, message: vici.Answer) -> Iterator[TunnelEvent]:
        for parsed in watch.interpreter.feed(event, message):
            for peer in [parsed.peer] if parsed.peer else _peers_at(watch.files, parsed.remote):
                _record(watch.files, peer, parsed)
                yield self._event(watch, parsed.kind, peer, parsed)

    def _close(self, watch: MemberWatch) -> None:
        if watch.listener:
            self._selector.unregister(watch.listener)
            watch.listener.close()
            watch.listener = None
        if watch.detector:
            watch.detector.close()
            watch.detector = None

    @staticmethod
    def _event(
        watch: MemberWatch, kind: EventKind, peer: str = "", parsed: ParsedEvent | None = None
    ) -> TunnelEvent:
        return TunnelEvent(
            kind=kind,
            member_id=watch.member.id,
            gateway_id=watch.member.gateway_id,
            at=datetime.now(UTC),
            peer=peer,
            child=parsed.child if parsed else "",
            reason=parsed.reason if parsed else None,
        )


def _inode(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_ino
    return 0


def _peers_at(files: MemberFiles, address: str) -> list[str]:
    """The loaded peers with that address: a peer is only known by its address until it is identified."""
    record = read_record(files) if address else None
    return [name for name, peer in record.peers.items() if peer.address == address] if record else []


def _record(files: MemberFiles, peer: str, parsed: ParsedEvent) -> None:
    """Record the last failure of a peer until it is up, for observations to report. On a full disk it is
    not recorded, and events continue."""

    try:
        if parsed.kind is EventKind.UP:
            forget_failures(files, peer)
        elif parsed.reason:
            record_failure(files, peer, parsed.reason, ike_version=parsed.ike_version)
    except OSError as error:
        log.warning("%s cannot be written: %s", files.failures, error.strerror)
