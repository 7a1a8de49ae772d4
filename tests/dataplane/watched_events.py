"""A watch in a thread, and the events that it reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from tests.waiting import PATIENCE, wait_for
from vpn.domain.spec import MemberSpec
from vpn.domain.state import EventKind, TunnelEvent
from vpn.drivers.base import Driver


class WatchedEvents(list[TunnelEvent]):
    def of(self, kind: EventKind, member: MemberSpec) -> list[TunnelEvent]:
        return [event for event in self if event.kind is kind and event.member_id == member.id]

    def wait(self, kind: EventKind, member: MemberSpec, seconds: float = 10, count: int = 1) -> TunnelEvent:
        """The `count`-th such event."""
        return wait_for(lambda: self.of(kind, member)[count - 1 : count], seconds, every=0.002)[0]


@contextmanager
def watched_events(driver: Driver, members: Sequence[MemberSpec]) -> Iterator[WatchedEvents]:
    events, stop = WatchedEvents(), Event()

    def listen() -> None:
        for event in driver.watch(lambda: members, stop):
            events.append(event)

    thread = Thread(target=listen)
    thread.start()
    try:
        yield events
    finally:
        stop.set()
        thread.join(10 * PATIENCE)
        assert not thread.is_alive()
