"""Hearing all members at once: one selector, one session per charon, no threads."""

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
from vpn.drivers.strongswan.events import Heard, Interpreter
from vpn.drivers.strongswan.names import MemberFiles, Names, members_directory
from vpn.drivers.strongswan.notes import forget_failures, note_failure, read_notes
from vpn.drivers.strongswan.pulse import Pulse

log = logging.getLogger(__name__)

# Between two looks for charons that do not answer yet, and for `stop`.
TICK = 0.05
# Between two questions for the members; a new member's directory hurries the question.
ASK_AGAIN = 1.0
# Until a charon that has the socket open but says nothing is tried again.
AFTER_HUNG = 5.0
# So long after a member's directory came or went its row may only be on its way to the listener.
HURRY = 0.5


@dataclass(slots=True)
class _Ear:
    """One member, heard or waited for."""

    member: MemberSpec
    files: MemberFiles
    namespace: str
    listener: vici.Listener | None = None
    interpreter: Interpreter = field(default_factory=Interpreter)
    not_before: float = 0.0
    hung_socket: int = 0
    pulse: Pulse | None = None

    def hangs(self, now: float) -> None:
        self.not_before, self.hung_socket = now + AFTER_HUNG, _inode(self.files.socket)

    def still_hangs(self, now: float) -> bool:
        """Not when another charon stands there meanwhile."""
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
        self._ears: dict[UUID, _Ear] = {}
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
                    yield from self._hear(key.data)
                yield from self._feel_pulses()
                yield from self._check_namespaces()
        finally:
            for ear in self._ears.values():
                self._close(ear)
            self._selector.close()

    def _ask(self) -> None:
        """Who is to be heard. At once when a member's directory has come or gone."""
        now = time.monotonic()
        if self._has_changed(members_directory(self._directory)):
            self._hurried_until = now + HURRY
        if now > self._hurried_until and now - self._asked < ASK_AGAIN:
            return
        self._asked = now
        wanted = {member.id: member for member in self._members()}
        for gone in self._ears.keys() - wanted.keys():
            self._close(self._ears.pop(gone))
        for new in wanted.keys() - self._ears.keys():
            member = wanted[new]
            namespace = self._names.member(member.gateway_id, member.index)
            self._ears[new] = _Ear(member, MemberFiles.of(self._directory, member), namespace)

    def _has_changed(self, directory: Path) -> bool:
        """Whether an entry of the directory came or went since the last call."""
        changed_at = 0
        with suppress(FileNotFoundError):
            changed_at = directory.stat().st_mtime_ns
        before, self._changes[directory] = self._changes.get(directory, 0), changed_at
        return changed_at != before

    def _connect(self) -> Iterator[TunnelEvent]:
        for ear in list(self._ears.values()):
            if ear.listener or ear.still_hangs(time.monotonic()):
                continue
            try:
                ear.listener = vici.Listener(ear.files.socket)
            except vici.Hung:
                ear.hangs(time.monotonic())
                yield self._event(ear, EventKind.LOST)
                continue
            except DriverError:
                continue
            ear.interpreter = Interpreter()
            ear.pulse = Pulse.of(ear.listener.pid, time.monotonic())
            self._selector.register(ear.listener, EVENT_READ, ear)
            # Its namespace may have gone before.
            self._changes.pop(netns.RUN, None)
            yield self._event(ear, EventKind.FOUND)
            for event, said in ear.listener.take_early():
                yield from self._understand(ear, event, said)

    def _hear(self, ear: _Ear) -> Iterator[TunnelEvent]:
        if not ear.listener:
            return
        try:
            heard = ear.listener.receive()
        except DriverError:
            self._close(ear)
            yield self._event(ear, EventKind.LOST)
            return
        if ear.pulse:
            ear.pulse.answered()
        if heard:
            yield from self._understand(ear, *heard)

    def _feel_pulses(self) -> Iterator[TunnelEvent]:
        """A charon that hangs keeps its socket open: only that it says nothing tells. It is ended at
        once, so that whoever takes over need not ask it again, and loses no time with it."""
        for ear in self._ears.values():
            if not ear.listener or not ear.pulse:
                continue
            now = time.monotonic()
            why = ear.pulse.hangs(now)
            if not why and ear.pulse.is_due(now):
                ear.pulse.asked(now)
                with suppress(DriverError):
                    ear.listener.send_keepalive()
            if why:
                log.warning("charon of %s hangs: %s; it is ended", ear.files.directory.name, why)
                ear.pulse.end()
                self._close(ear)
                yield self._event(ear, EventKind.LOST)

    def _check_namespaces(self) -> Iterator[TunnelEvent]:
        """A deleted namespace lives on, nameless, while its charon does: nobody can observe or change it,
        nor take the public address from it. So its charon is ended, as one that hangs is."""
        if not self._has_changed(netns.RUN):
            return
        existing = frozenset(netns.names(self._names.prefix))
        for ear in self._ears.values():
            # Without any, the directory is hidden from this process.
            if existing and ear.listener and ear.namespace not in existing:
                log.warning("namespace %s is gone; its charon is ended", ear.namespace)
                if ear.pulse:
                    ear.pulse.end()
                self._close(ear)
                yield self._event(ear, EventKind.LOST)

    def _understand(self, ear: _Ear, event: str, said: vici.Answer) -> Iterator[TunnelEvent]:
        for heard in ear.interpreter.hear(event, said):
            for peer in [heard.peer] if heard.peer else _peers_at(ear.files, heard.remote):
                _remember(ear.files, peer, heard)
                yield self._event(ear, heard.kind, peer, heard)

    def _close(self, ear: _Ear) -> None:
        if ear.listener:
            self._selector.unregister(ear.listener)
            ear.listener.close()
            ear.listener = None
        if ear.pulse:
            ear.pulse.close()
            ear.pulse = None

    @staticmethod
    def _event(ear: _Ear, kind: EventKind, peer: str = "", heard: Heard | None = None) -> TunnelEvent:
        return TunnelEvent(
            kind=kind,
            member_id=ear.member.id,
            gateway_id=ear.member.gateway_id,
            at=datetime.now(UTC),
            peer=peer,
            child=heard.child if heard else "",
            reason=heard.reason if heard else None,
        )


def _inode(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_ino
    return 0


def _peers_at(files: MemberFiles, address: str) -> list[str]:
    """Loaded peers with that address: before it is identified a peer is only an address."""
    notes = read_notes(files) if address else None
    return [name for name, peer in notes.peers.items() if peer.address == address] if notes else []


def _remember(files: MemberFiles, peer: str, heard: Heard) -> None:
    """The last failure of a peer, until it is up: observations report it. On a full disk it is not
    remembered, and events go on."""
    try:
        if heard.kind is EventKind.UP:
            forget_failures(files, peer)
        elif heard.reason:
            note_failure(files, peer, heard.reason, ike_version=heard.ike_version)
    except OSError as error:
        log.warning("%s cannot be written: %s", files.failures, error.strerror)
