"""Hears every charon of this host and writes down at once what happened.

Events carry no truth: each one makes the gateway be looked at. So an event lost, doubled or
late does no harm, and the sweep would find the same.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock, Thread
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


class Listener:
    """Events of one gateway are served one after the other, those of several side by side.

    Events that come while one waits are covered by its look.
    """

    def __init__(self, node: str) -> None:
        self.node = node
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="look")
        self._guard = Lock()
        self._queued: set[UUID] = set()
        self._known: list[MemberSpec] = []

    def run(self, stop: Event) -> None:
        """Until `stop` is set; what is under way is finished."""
        heartbeat = Thread(target=self._beat, args=(stop,), name="heartbeat", daemon=True)
        heartbeat.start()
        for event in load_driver().watch(self.members, stop):
            self.hear(event)
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
        """Have the gateway looked at, once for all events that wait."""
        level = logging.WARNING if event.kind is EventKind.LOST else logging.INFO
        why = f": {event.reason.message}" if event.reason else ""
        if self._is_told(event):
            return
        log.log(level, "%s gateway %s %s%s", event.kind.value, event.gateway_id, event.peer, why)
        with self._guard:
            if event.gateway_id in self._queued:
                return
            self._queued.add(event.gateway_id)
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
        with self._guard:
            self._queued.discard(gateway_id)
        try:
            look(gateway_id, news=True)
        except (DatabaseError, DriverError) as error:
            log.warning("gateway %s: %s", gateway_id, error)
            close_old_connections()

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
