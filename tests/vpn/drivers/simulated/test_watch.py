"""Events of the simulated driver."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue

import pytest

from tests.vpn.domain.values import pair
from tests.vpn.simulation import reconcile
from vpn.domain.reasons import Code
from vpn.domain.spec import GatewaySpec
from vpn.domain.state import EventKind, TunnelEvent
from vpn.drivers.base import DriverConfig
from vpn.drivers.simulated.driver import SimulatedDriver


@pytest.fixture
def driver(tmp_path: Path) -> SimulatedDriver:
    return SimulatedDriver(DriverConfig(tmp_path / "driver", "test", "203.0.113.0/24"))


class Listener:
    """Reads a watch in a thread."""

    def __init__(self, driver: SimulatedDriver, specs: Sequence[GatewaySpec]) -> None:
        self.stop = threading.Event()
        self.events: Queue[TunnelEvent] = Queue()
        self.members = [member for spec in specs for member in spec.members]
        self._driver = driver
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for event in self._driver.watch(lambda: self.members, self.stop):
            self.events.put(event)

    def wait_for(self, condition: Callable[[TunnelEvent], bool], seconds: float = 5) -> TunnelEvent:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                event = self.events.get(timeout=left)
            except Empty:
                break
            if condition(event):
                return event
        raise AssertionError("no such event")

    def close(self) -> None:
        self.stop.set()
        self._thread.join(5)
        assert not self._thread.is_alive()


@pytest.fixture
def listen(driver: SimulatedDriver) -> Iterator[Callable[..., Listener]]:
    opened: list[Listener] = []

    def start(*specs: GatewaySpec) -> Listener:
        opened.append(Listener(driver, specs))
        return opened[-1]

    yield start
    for listener in opened:
        listener.close()


def test_watch_reports_found_up_down_failed_and_lost(
    driver: SimulatedDriver, listen: Callable[..., Listener]
) -> None:
    first, second = pair()
    listener = listen(first, second)
    active = first.members[0]
    reconcile(driver, first)
    found = listener.wait_for(lambda e: e.kind is EventKind.FOUND)
    assert found.gateway_id == first.id
    failed = listener.wait_for(lambda e: e.kind is EventKind.FAILED)
    assert failed.reason is not None and failed.reason.code == Code.PEER_NOT_RESPONDING
    reconcile(driver, second)
    up = listener.wait_for(lambda e: e.kind is EventKind.UP and e.member_id == active.id)
    assert up.child.startswith(str(first.connections[0].id))
    reconcile(driver, replace(second, deleted=True))
    listener.wait_for(lambda e: e.kind is EventKind.DOWN and e.member_id == active.id)
    driver.kill(active.id)
    listener.wait_for(lambda e: e.kind is EventKind.LOST and e.member_id == active.id)


def test_watch_is_prompt(driver: SimulatedDriver, listen: Callable[..., Listener]) -> None:
    first, _ = pair()
    reconcile(driver, first)
    listener = listen(first)
    listener.wait_for(lambda e: e.kind is EventKind.FOUND)
    began = time.monotonic()
    driver.kill(first.members[0].id)
    listener.wait_for(lambda e: e.kind is EventKind.LOST)
    assert time.monotonic() - began < 1


def test_watch_includes_members_that_are_added_later(
    driver: SimulatedDriver, listen: Callable[..., Listener]
) -> None:
    first, second = pair()
    listener = listen(first)
    reconcile(driver, first)
    listener.wait_for(lambda e: e.kind is EventKind.FOUND)
    listener.members = [*first.members, *second.members]
    reconcile(driver, second)
    listener.wait_for(lambda e: e.kind is EventKind.UP and e.gateway_id == second.id)
