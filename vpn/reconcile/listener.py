"""Hears every charon of this host, moves a gateway at once when it has to, and writes down what happened.

Events carry no truth: each one makes the gateway be looked at. So an event lost, doubled or
late does no harm, and the sweep would find the same. A takeover needs no database: it is done with
the rows of a moment ago, and recorded as soon as they can be written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread, Timer
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from console.core.heartbeat import beat
from vpn.domain.spec import GatewaySpec, MemberSpec
from vpn.domain.state import EventKind, GatewayState, TunnelEvent
from vpn.drivers.base import DriverError, StaleGeneration
from vpn.reconcile.controller import look, record_seen
from vpn.reconcile.driver import load_driver
from vpn.reconcile.event_filter import is_told
from vpn.reconcile.inventory import Inventory
from vpn.reconcile.resolver import Resolver
from vpn.reconcile.sweep import SweepWatch, say_hello, sweep_host
from vpn.reconcile.takeover import repair, take_over
from vpn.reconcile.workqueue import WorkQueue

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 5
WORKERS = 4
# Seconds: status is to be true within one.
PATIENCE = 0.3


class Listener:
    """Takeovers and looks wait in queues of their own: a look may wait for a database."""

    def __init__(self, node: str) -> None:
        self.node = node
        self._inventory = Inventory(node)
        self._takeovers = WorkQueue("takeover", WORKERS, self._take_over)
        self._looks = WorkQueue("look", WORKERS, self._look)
        self._guard = Lock()
        self._failed: dict[UUID, list[TunnelEvent]] = {}
        # What was seen before a takeover; gateways whose last look could not be recorded.
        self._seen: dict[UUID, tuple[GatewaySpec, GatewayState]] = {}
        self._owed: set[UUID] = set()
        self._turned = Event()
        self._stopped = False

    def run(self, stop: Event) -> None:
        """Until `stop` is set; what is under way is finished."""
        helpers = [
            Thread(target=self._inventory.run, args=(stop, self._record_owed), name="inventory", daemon=True),
            Thread(target=Resolver(self.node).run, args=(stop,), name="resolver", daemon=True),
            Thread(target=self._beat, args=(stop,), name="heartbeat", daemon=True),
            Thread(target=self._sweep_if_nobody_does, args=(stop,), name="sweep", daemon=True),
        ]
        for helper in helpers:
            helper.start()
        for event in load_driver().watch(self.members, stop):
            self.hear(event)
        with self._guard:
            self._stopped = True
        self._takeovers.close()
        self._looks.close()
        for helper in helpers:
            helper.join(timeout=HEARTBEAT_SECONDS)

    def members(self) -> list[MemberSpec]:
        """Asked by the event loop at least every second; never waits for a database, but the first time."""
        self._turned.set()
        beat("listener")
        return self._inventory.members()

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
        """Have the gateway looked at, once for all events that wait; moved first if a charon is lost."""
        lost = event.kind is EventKind.LOST
        why = f": {event.reason.message}" if event.reason else ""
        level = logging.WARNING if lost else logging.INFO
        log.log(level, "%s gateway %s %s%s", event.kind.value, event.gateway_id, event.peer, why)
        (self._takeovers if lost else self._looks).add(event.gateway_id)

    @staticmethod
    def _is_told(event: TunnelEvent) -> bool:
        try:
            return is_told(event)
        except DatabaseError as error:
            log.warning("database: %s", error)
            close_old_connections()
            return False

    def _take_over(self, gateway_id: UUID) -> None:
        """Without a database; with one that fails also what a pass would do."""
        owed = gateway_id in self._owed
        before = self._mend(gateway_id, repair if owed else take_over)
        if before:
            self._seen.setdefault(gateway_id, before)
        if not owed:
            self._looks.add(gateway_id)

    def _mend(
        self, gateway_id: UUID, how: Callable[..., GatewayState | None]
    ) -> tuple[GatewaySpec, GatewayState] | None:
        spec = self._inventory.spec(gateway_id)
        if spec is None:
            return None
        try:
            state = how(spec, load_driver())
        except StaleGeneration:
            log.info("gateway %s: a newer generation is applied already", gateway_id)
        except (DriverError, OSError) as error:
            log.warning("gateway %s: %s", gateway_id, error)
        else:
            if state:
                log.warning("gateway %s: mended with generation %d", gateway_id, spec.generation)
                return spec, state
        return None

    def _look(self, gateway_id: UUID) -> None:
        try:
            if before := self._seen.get(gateway_id):
                record_seen(*before)
                self._seen.pop(gateway_id)
            if spec := look(gateway_id, news=True):
                self._inventory.remember(spec)
        except DatabaseError as error:
            log.warning("gateway %s: recorded later: %s", gateway_id, error)
            close_old_connections()
            self._owed.add(gateway_id)
            self._takeovers.add(gateway_id)
        except DriverError as error:
            log.warning("gateway %s: %s", gateway_id, error)
        else:
            self._owed.discard(gateway_id)

    def _record_owed(self) -> None:
        """The rows could be read: perhaps they can be written, too."""
        for gateway_id in list(self._owed):
            self._looks.add(gateway_id)

    def _sweep_if_nobody_does(self, stop: Event) -> None:
        """The worker may hang, or Redis, or beat: its sweep is done here until it comes again."""
        watch = SweepWatch(self.node)
        while not stop.wait(settings.SWEEP_SECONDS):
            try:
                if watch.is_missing():
                    sweep_host(self.node, stands_in=True)
            except (DatabaseError, DriverError) as error:
                log.warning("sweep: %s", error)
                close_old_connections()
                for spec in self._inventory.specs():
                    self._mend(spec.id, repair)
        connection.close()

    def _beat(self, stop: Event) -> None:
        """Says that the event loop turned, and nothing while it does not."""
        while not stop.is_set():
            if self._turned.wait(HEARTBEAT_SECONDS):
                self._turned.clear()
                try:
                    say_hello(self.node, "heard_at")
                except (DatabaseError, DriverError) as error:
                    log.warning("heartbeat: %s", error)
                    close_old_connections()
            stop.wait(HEARTBEAT_SECONDS)
        connection.close()


def run(stop: Event) -> None:
    Listener(settings.NODE).run(stop)
