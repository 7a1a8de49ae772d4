"""Reconciles gateways with their specs: on events, when a plan requests it, and periodically."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from threading import Event, Thread
from uuid import UUID

from tests.waiting import PATIENCE
from vpn.domain.plan import plan
from vpn.domain.spec import GatewaySpec
from vpn.domain.state import EventKind, GatewayState
from vpn.drivers.base import Driver, DriverError

# As the sweep, and as what a failure waits for (`vpn.reconcile.listener`).
SWEEP, FAILED = 5.0, 0.3


class Reconciler:
    """`taken` counts the actions of each gateway by their names."""

    def __init__(self, driver: Driver, specs: Sequence[GatewaySpec]) -> None:
        self._driver, self._specs = driver, specs
        self._stop = Event()
        self._due = dict.fromkeys([spec.id for spec in specs], 0.0)
        self._woken = {spec.id: Event() for spec in specs}
        self.taken: dict[UUID, Counter[str]] = {spec.id: Counter() for spec in specs}

    def _listen(self) -> None:
        members = [member for spec in self._specs for member in spec.members]
        for event in self._driver.watch(lambda: members, self._stop):
            later = FAILED if event.kind is EventKind.FAILED else 0.0
            ident = event.gateway_id
            self._due[ident] = min(self._due[ident], time.monotonic() + later)
            self._woken[ident].set()

    def _keep(self, spec: GatewaySpec) -> None:
        while not self._stop.is_set():
            self._woken[spec.id].wait(max(0.0, self._due[spec.id] - time.monotonic()))
            self._woken[spec.id].clear()
            if time.monotonic() < self._due[spec.id]:
                continue
            self._due[spec.id] = time.monotonic() + SWEEP
            with suppress(DriverError):
                wait = self._once(spec)
                self._due[spec.id] = min(self._due[spec.id], time.monotonic() + wait)

    def _once(self, spec: GatewaySpec) -> float:
        now = datetime.now(UTC)
        state = GatewayState(now, self._driver.observe(spec.members))
        todo = plan(spec, state, now=now)
        with self._driver.together():
            for step in todo.steps:
                self.taken[spec.id][type(step.action).__name__] += 1
                self._driver.apply(step.member, step.action, generation=spec.generation)
        return todo.requeue_after.total_seconds() if todo.requeue_after is not None else SWEEP

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [Thread(target=self._listen)]
        threads += [Thread(target=self._keep, args=(spec,)) for spec in self._specs]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for woken in self._woken.values():
                woken.set()
            for thread in threads:
                thread.join(10 * PATIENCE)
                assert not thread.is_alive()
