"""Receives the events of every charon of this host, fails gateways over at once, and records what happened.

An event only triggers an observation of its gateway. So an event that is lost, duplicated or late does no
harm, and the sweep finds the same state. A takeover needs no database: it uses the specs
last read, and is recorded as soon as rows can be written.
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
from vpn.reconcile.controller import observe_gateway, record_before_repair
from vpn.reconcile.driver import load_driver
from vpn.reconcile.event_filter import is_redundant
from vpn.reconcile.resolver import Resolver
from vpn.reconcile.spec_cache import SpecCache
from vpn.reconcile.sweep import SweepWatch, record_heartbeat, sweep_host
from vpn.reconcile.takeover import repair, take_over
from vpn.reconcile.workqueue import WorkQueue

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 5
WORKERS = 4
# Seconds. Short, because a status has to be correct within one second.
FAILURE_DELAY = 0.3


class Listener:
    """Takeovers and observations have separate queues, because an observation may wait for the database."""

    def __init__(self, node: str) -> None:
        self.node = node
        self._cache = SpecCache(node)
        self._takeovers = WorkQueue("takeover", WORKERS, self._take_over)
        self._observations = WorkQueue("observe", WORKERS, self._observe)
        self._lock = Lock()
        self._failed: dict[UUID, list[TunnelEvent]] = {}
        # Observations made before a takeover, to be recorded; gateways whose last one could not be recorded.
        self._seen: dict[UUID, tuple[GatewaySpec, GatewayState]] = {}
        self._unrecorded: set[UUID] = set()
        self._polled = Event()
        self._stopped = False

    def run(self, stop: Event) -> None:
        """Until `stop` is set; work in progress is finished."""
        helpers = [
            Thread(
                target=self._cache.run, args=(stop, self._record_unrecorded), name="spec-cache", daemon=True
            ),
            Thread(target=Resolver(self.node).run, args=(stop,), name="resolver", daemon=True),
            Thread(target=self._beat, args=(stop,), name="heartbeat", daemon=True),
            Thread(target=self._sweep_if_missing, args=(stop,), name="sweep", daemon=True),
        ]
        for helper in helpers:
            helper.start()
        for event in load_driver().watch(self.members, stop):
            self.handle(event)
        with self._lock:
            self._stopped = True
        self._takeovers.close()
        self._observations.close()
        for helper in helpers:
            helper.join(timeout=HEARTBEAT_SECONDS)

    def members(self) -> list[MemberSpec]:
        """Called by the event loop at least every second; waits for the database the first time only."""
        self._polled.set()
        beat("listener")
        return self._cache.members()

    def handle(self, event: TunnelEvent) -> None:
        """An event of the data plane; failures are handled after a short delay."""
        if event.kind is EventKind.FAILED:
            self._handle_later(event)
            return
        self._serve(event)

    def _handle_later(self, event: TunnelEvent) -> None:
        """A failure changes no status, only its reason, and the run that initiated is recording it at
        this moment: a concurrent observation would do the same work twice."""
        with self._lock:
            waiting = self._failed.setdefault(event.gateway_id, [])
            waiting.append(event)
            if len(waiting) > 1:
                return
        timer = Timer(FAILURE_DELAY, self._handle_failures, [event.gateway_id])
        timer.daemon = True
        timer.start()

    def _handle_failures(self, gateway_id: UUID) -> None:
        with self._lock:
            events = [] if self._stopped else self._failed.pop(gateway_id, [])
        event = next((event for event in events if not self._is_redundant(event)), None)
        if event:
            self._serve(event)
        connection.close()

    def _serve(self, event: TunnelEvent) -> None:
        """Queue an observation of the gateway, one for all waiting events; a takeover if a charon is lost."""
        lost = event.kind is EventKind.LOST
        why = f": {event.reason.message}" if event.reason else ""
        level = logging.WARNING if lost else logging.INFO
        log.log(level, "%s gateway %s %s%s", event.kind.value, event.gateway_id, event.peer, why)
        (self._takeovers if lost else self._observations).add(event.gateway_id)

    @staticmethod
    def _is_redundant(event: TunnelEvent) -> bool:
        try:
            return is_redundant(event)
        except DatabaseError as error:
            log.warning("database: %s", error)
            close_old_connections()
            return False

    def _take_over(self, gateway_id: UUID) -> None:
        """Needs no database; does everything that a run would do while observations cannot be recorded."""
        unrecorded = gateway_id in self._unrecorded
        before = self._repair(gateway_id, repair if unrecorded else take_over)
        if before:
            self._seen.setdefault(gateway_id, before)
        if not unrecorded:
            self._observations.add(gateway_id)

    def _repair(
        self, gateway_id: UUID, repair_with: Callable[..., GatewayState | None]
    ) -> tuple[GatewaySpec, GatewayState] | None:
        spec = self._cache.spec(gateway_id)
        if spec is None:
            return None
        try:
            state = repair_with(spec, load_driver())
        except StaleGeneration:
            log.info("gateway %s: a newer generation is applied already", gateway_id)
        except (DriverError, OSError) as error:
            log.warning("gateway %s: %s", gateway_id, error)
        else:
            if state:
                log.warning("gateway %s: repaired with generation %d", gateway_id, spec.generation)
                return spec, state
        return None

    def _observe(self, gateway_id: UUID) -> None:
        before = self._seen.pop(gateway_id, None)
        try:
            if before:
                record_before_repair(*before)
                before = None
            if spec := observe_gateway(gateway_id, by_event=True):
                self._cache.remember(spec)
        except DatabaseError as error:
            log.warning("gateway %s: recorded later: %s", gateway_id, error)
            close_old_connections()
            if before:
                # Of two takeovers the state before the first one is recorded.
                self._seen[gateway_id] = before
            self._unrecorded.add(gateway_id)
            self._takeovers.add(gateway_id)
        except (DriverError, OSError) as error:
            log.warning("gateway %s: %s", gateway_id, error)
        else:
            self._unrecorded.discard(gateway_id)

    def _record_unrecorded(self) -> None:
        """Called after the rows were read: perhaps they can be written again, too."""
        for gateway_id in list(self._unrecorded):
            self._observations.add(gateway_id)

    def _sweep_if_missing(self, stop: Event) -> None:
        """Runs the sweep here while the worker's is missing, because the worker, Redis or beat may hang."""
        watch = SweepWatch(self.node)
        while not stop.wait(settings.SWEEP_SECONDS):
            try:
                if watch.is_missing():
                    sweep_host(self.node, substitute=True)
            except (DatabaseError, DriverError, OSError) as error:
                log.warning("sweep: %s", error)
                close_old_connections()
                for spec in self._cache.specs():
                    self._repair(spec.id, repair)
        connection.close()

    def _beat(self, stop: Event) -> None:
        """Record a heartbeat for each time that the event loop polled; none while it hangs."""
        while not stop.is_set():
            if self._polled.wait(HEARTBEAT_SECONDS):
                self._polled.clear()
                try:
                    record_heartbeat(self.node, "listener_seen_at")
                except (DatabaseError, DriverError, OSError) as error:
                    log.warning("heartbeat: %s", error)
                    close_old_connections()
            stop.wait(HEARTBEAT_SECONDS)
        connection.close()


def run(stop: Event) -> None:
    Listener(settings.NODE).run(stop)
