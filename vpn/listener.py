"""Hears every charon of this host and writes down at once what happened.

Events carry no truth: each one makes the gateway be looked at. So an event lost, doubled or
late does no harm, and the sweep would find the same.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock, Thread, Timer
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from vpn.domain.spec import MemberSpec
from vpn.domain.state import EventKind, TunnelEvent
from vpn.drivers.base import DriverError
from vpn.reconcile.controller import look
from vpn.reconcile.desired import members_on
from vpn.reconcile.driver import load_driver
from vpn.reconcile.news import is_told
from vpn.reconcile.sweep import say_hello

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 5
WORKERS = 4
# Seconds: status is to be true within one.
PATIENCE = 0.3


class Listener:
    """Events of one gateway are served one after the other, those of several side by side.

    Events that come while one waits are covered by its look; one that comes during a look, which may
    have seen what was before, is followed by another look.
    """

    def __init__(self, node: str) -> None:
        self.node = node
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="look")
        self._guard = Lock()
        self._queued: set[UUID] = set()
        self._looking: set[UUID] = set()
        self._known: list[MemberSpec] = []
        self._failed: dict[UUID, list[TunnelEvent]] = {}
        self._stopped = False

    def run(self, stop: Event) -> None:
        """Until `stop` is set; what is under way is finished."""
        heartbeat = Thread(target=self._beat, args=(stop,), name="heartbeat", daemon=True)
        heartbeat.start()
        for event in load_driver().watch(self.members, stop):
            self.hear(event)
        with self._guard:
            self._stopped = True
        self._pool.shutdown(wait=True)
        heartbeat.join(timeout=HEARTBEAT_SECONDS)

    def members(self) -> list[MemberSpec]:
        """Asked every second; while the database is away the last answer serves."""
        try:
            self._known = members_on(self.node)
        except DatabaseError as error:
            log.warning("database: %s", error)
            close_old_connections()
        return self._known

    def hear(self, event: TunnelEvent) -> None:
        """An event of the data plane; failures are looked into a moment later."""
        if event.kind is EventKind.FAILED:
            self._hear_later(event)
            return
        self._serve(event)

    def _hear_later(self, event: TunnelEvent) -> None:
        """A failure changes no status, only its reason, and the pass that tried is writing that down
        right now: a look beside it would do all of its work twice."""
        with self._guard:
            waiting = self._failed.setdefault(event.gateway_id, [])
            waiting.append(event)
            if len(waiting) > 1:
                return
        timer = Timer(PATIENCE, self._hear_failures, [event.gateway_id])
        timer.daemon = True
        timer.start()

    def _hear_failures(self, gateway_id: UUID) -> None:
        with self._guard:
            events = [] if self._stopped else self._failed.pop(gateway_id, [])
        news = next((event for event in events if not self._is_told(event)), None)
        if news:
            self._serve(news)
        connection.close()

    def _serve(self, event: TunnelEvent) -> None:
        """Have the gateway looked at, once for all events that wait."""
        level = logging.WARNING if event.kind is EventKind.LOST else logging.INFO
        why = f": {event.reason.message}" if event.reason else ""
        log.log(level, "%s gateway %s %s%s", event.kind.value, event.gateway_id, event.peer, why)
        with self._guard:
            waits = event.gateway_id in self._queued
            self._queued.add(event.gateway_id)
            if waits or event.gateway_id in self._looking:
                return
        self._pool.submit(self._look, event.gateway_id).add_done_callback(_tell)

    @staticmethod
    def _is_told(event: TunnelEvent) -> bool:
        try:
            return is_told(event)
        except DatabaseError as error:
            log.warning("database: %s", error)
            close_old_connections()
            return False

    def _look(self, gateway_id: UUID) -> None:
        while self._begins(gateway_id):
            try:
                look(gateway_id, news=True)
            except (DatabaseError, DriverError) as error:
                log.warning("gateway %s: %s", gateway_id, error)
                close_old_connections()
            finally:
                with self._guard:
                    self._looking.discard(gateway_id)

    def _begins(self, gateway_id: UUID) -> bool:
        """Whether there is something to look at, and nobody is at it."""
        with self._guard:
            if gateway_id not in self._queued or gateway_id in self._looking:
                return False
            self._queued.discard(gateway_id)
            self._looking.add(gateway_id)
            return True

    def _beat(self, stop: Event) -> None:
        while not stop.is_set():
            try:
                say_hello(self.node, "heard_at")
            except (DatabaseError, DriverError) as error:
                log.warning("heartbeat: %s", error)
                close_old_connections()
            stop.wait(HEARTBEAT_SECONDS)
        connection.close()


def _tell(done: Future[None]) -> None:
    """A look that broke in a way nobody foresaw must not do so in silence."""
    if error := done.exception():
        log.error("a look failed", exc_info=error)


def run(stop: Event) -> None:
    Listener(settings.NODE).run(stop)
