"""The specs of a host's gateways as last read from the rows, kept in the listener's memory.

They are read in a thread of their own: callers get the last known specs and never wait for the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event, Lock
from uuid import UUID

from django.db import DatabaseError, close_old_connections

from vpn.domain.spec import GatewaySpec, MemberSpec
from vpn.reconcile.desired import generations_on, load_gateway, members_on, spec_for

log = logging.getLogger(__name__)
# Seconds between two reads of the rows; how long callers wait for the first one.
READ_INTERVAL, FIRST_READ_TIMEOUT = 1.0, 2.0
# Seconds: the least time between two reads, however often callers request one.
_MIN_INTERVAL = 0.05


class SpecCache:
    """Members and specs of one host. `run` keeps them up to date; all other methods are thread-safe."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._lock = Lock()
        self._members: list[MemberSpec] = []
        self._specs: dict[UUID, GatewaySpec] = {}
        self._wanted, self._known = Event(), Event()
        self._began = 0.0

    def members(self) -> list[MemberSpec]:
        """The members of all gateways, as last read; requests another read."""
        self._wanted.set()
        self._known.wait(FIRST_READ_TIMEOUT)
        with self._lock:
            return self._members

    def spec(self, gateway_id: UUID) -> GatewaySpec | None:
        """As last read; None if the gateway is unknown or being deleted."""
        with self._lock:
            return self._specs.get(gateway_id)

    def specs(self) -> list[GatewaySpec]:
        with self._lock:
            return list(self._specs.values())

    def run(self, stop: Event, on_read: Callable[[], None]) -> None:
        """Until `stop` is set. `on_read` is called after each successful read."""
        while not stop.is_set():
            self._began = time.monotonic()
            try:
                self.refresh()
            except DatabaseError as error:
                log.warning("database: %s", error)
                close_old_connections()
            else:
                on_read()
            self._known.set()
            self._wait(stop)

    def _wait(self, stop: Event) -> None:
        """At most a quarter of the time is spent on reading, however often callers ask."""
        now = time.monotonic()
        stop.wait(max(_MIN_INTERVAL, 3 * (now - self._began)))
        while (
            not stop.is_set()
            and time.monotonic() < now + READ_INTERVAL
            and not self._wanted.wait(_MIN_INTERVAL)
        ):
            continue
        self._wanted.clear()

    def refresh(self) -> None:
        """Read what has changed. Raises DatabaseError; the last known specs are kept then."""
        members, generations = members_on(self._node), generations_on(self._node)
        with self._lock:
            self._members = members
            for gone in self._specs.keys() - generations.keys():
                del self._specs[gone]
            known = {ident: spec.generation for ident, spec in self._specs.items()}
        for ident, generation in generations.items():
            if known.get(ident) != generation:
                self._read(ident)

    def _read(self, gateway_id: UUID) -> None:
        gateway = load_gateway(gateway_id)
        if gateway is not None:
            self.remember(spec_for(gateway))

    def remember(self, spec: GatewaySpec) -> None:
        """Store a spec that another thread has just read: a name may resolve to another address within one
        generation."""
        with self._lock:
            known = self._specs.get(spec.id)
            if not spec.deleted and (known is None or known.generation <= spec.generation):
                self._specs[spec.id] = spec
