"""The listener fails a gateway over while nobody else can do anything: no database, no worker, no sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.db import OperationalError
from django.db import connections as databases

from tests.locking import locked_database
from tests.vpn.scene import Scene, make_scene, settle, status_of
from tests.waiting import wait_for
from vpn.domain.spec import MemberRole, MemberSpec
from vpn.domain.state import MemberState
from vpn.drivers.base import DriverConfig, StaleGeneration
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Connection, Gateway, Node, StatusChange
from vpn.reconcile import controller, listener, networks, spec_cache, sweep
from vpn.reconcile.desired import load_gateway, spec_for
from vpn.reconcile.lease import lease
from vpn.reconcile.takeover import repair, take_over
from vpn.services.generations import bump_generation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatedDriver:
    driver = SimulatedDriver(DriverConfig(tmp_path / "driver", "test", "198.18.0.0/16"))
    for module in (controller, networks, sweep, listener):
        monkeypatch.setattr(module, "load_driver", lambda: driver)
    return driver


@pytest.fixture
def scene(settings: LazySettings) -> Scene:
    settings.NODE = "here"
    return make_scene()


@pytest.fixture
def joined(scene: Scene, driver: SimulatedDriver) -> tuple[Gateway, Connection]:
    """A gateway with an up connection, and that connection."""
    one, two = scene.gateway(scene.left), scene.gateway(scene.right)
    settle(driver, one, two)
    ours = scene.connect(one, two)
    scene.connect(two, one)
    settle(driver, one, two)
    assert status_of(ours) == "up"
    return one, ours


@contextmanager
def listening() -> Iterator[listener.Listener]:
    """It ends, with its database connections, before the database is emptied."""
    stop, made = Event(), listener.Listener("here")

    def run() -> None:
        made.run(stop)
        databases.close_all()

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        wait_for(lambda: Node.objects.filter(listener_seen_at__isnull=False).exists())
        wait_for(lambda: len(made._cache.specs()) == Gateway.objects.count())
        yield made
    finally:
        stop.set()
        thread.join(timeout=40)
        assert not thread.is_alive()


def states(driver: SimulatedDriver, gateway: Gateway) -> dict[int, MemberState]:
    members = specs_of(gateway).members
    seen = driver.observe(members)
    return {member.index: seen[member.id] for member in members}


def specs_of(gateway: Gateway) -> Any:
    loaded = load_gateway(gateway.pk)
    assert loaded
    return spec_for(loaded)


def active_and_up(driver: SimulatedDriver, gateway: Gateway, index: int) -> bool:
    seen = states(driver, gateway)[index]
    return seen.role is MemberRole.ACTIVE and any(sa.children for sa in seen.sas)


def test_a_takeover_does_not_wait_for_a_locked_database(
    driver: SimulatedDriver, joined: tuple[Gateway, Connection]
) -> None:
    one, ours = joined
    with listening():
        with locked_database():
            driver.kill(one.members.get(index=0).pk)
            # SQLite waits for 20 s.
            wait_for(lambda: active_and_up(driver, one, 1), 15)
            assert one.members.get(index=0).role == "active", "nobody could write that down yet"
        wait_for(lambda: one.members.get(index=1).role == "active", 60)
        wait_for(lambda: status_of(ours) == "up", 60)
        wait_for(lambda: states(driver, one)[0].running, 60)
    history = StatusChange.objects.filter(connection=ours).order_by("at").values_list("status", flat=True)
    assert list(history)[-2:] == ["down", "up"], "history knows of the outage"


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Whether the database can be neither written nor read by the listener."""
    gone = Event()

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*args: Any, **options: Any) -> Any:
            if gone.is_set():
                raise OperationalError("unable to open database file")
            return call(*args, **options)

        return asked

    for module, names in {
        spec_cache: ("members_on", "generations_on", "load_gateway"),
        listener: ("observe_gateway", "record_before_repair", "record_heartbeat", "is_redundant"),
        sweep: ("record_heartbeat",),
    }.items():
        for name in names:
            monkeypatch.setattr(module, name, counted(getattr(module, name)))
    return lambda wanted: gone.set() if wanted else gone.clear()


def test_without_any_database_a_gateway_fails_over_again_and_again(
    driver: SimulatedDriver, joined: tuple[Gateway, Connection], away: Callable[[bool], None]
) -> None:
    """What died is started again too, so that there is somebody to take over the next time."""
    one, ours = joined
    with listening():
        away(True)
        for dead, alive in ((0, 1), (1, 0), (0, 1)):
            driver.kill(one.members.get(index=dead).pk)
            wait_for(lambda index=alive: active_and_up(driver, one, index))
            wait_for(lambda index=dead: states(driver, one)[index].running)
            wait_for(lambda index=dead: bool(states(driver, one)[index].loaded))
        away(False)
        wait_for(lambda: one.members.get(index=1).role == "active", 20)
        wait_for(lambda: status_of(ours) == "up", 20)


def test_both_dead_without_a_database(
    driver: SimulatedDriver, joined: tuple[Gateway, Connection], away: Callable[[bool], None]
) -> None:
    one, _ours = joined
    with listening():
        away(True)
        for member in one.members.all():
            driver.kill(member.pk)
        wait_for(lambda: all(state.running for state in states(driver, one).values()))
        wait_for(lambda: any(active_and_up(driver, one, index) for index in (0, 1)))
        away(False)


def test_a_newer_spec_is_not_undone(driver: SimulatedDriver, joined: tuple[Gateway, Connection]) -> None:
    one, _ours = joined
    old = specs_of(one)
    bump_generation(one)
    Connection.objects.filter(gateway=one).update(admin_state_up=False)
    settle(driver, one)
    driver.kill(one.members.get(index=0).pk)
    before = states(driver, one)[1]
    for how in (take_over, repair):
        newer = replace(specs_of(one), generation=old.generation + 1)
        assert newer.generation > old.generation
        with pytest.raises(StaleGeneration):
            how(old, driver)
        assert states(driver, one)[1] == before


def test_what_was_deleted_is_not_built_again(
    driver: SimulatedDriver, joined: tuple[Gateway, Connection]
) -> None:
    """Also one of which only a half is gone yet."""
    one, _ours = joined
    spec = specs_of(one)
    deleted = replace(spec, generation=spec.generation + 1, deleted=True)
    first, second = spec.members
    repair(replace(deleted, members=(first,)), driver)
    assert not driver.observe([first])[first.id].exists
    take_over(spec, driver)
    assert not driver.observe([first])[first.id].exists
    repair(deleted, driver)
    for how in (take_over, repair):
        assert how(spec, driver) is None
    assert not any(state.exists for state in driver.observe([first, second]).values())


def test_a_takeover_does_not_wait_for_a_run_that_hangs(
    driver: SimulatedDriver, joined: tuple[Gateway, Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ours = joined
    monkeypatch.setattr("vpn.reconcile.takeover.LEASE_TIMEOUT", 0.1)
    driver.kill(one.members.get(index=0).pk)
    with lease(one.pk):
        assert take_over(specs_of(one), driver)
    assert active_and_up(driver, one, 1)


def test_a_gateway_that_is_well_is_left_alone(
    driver: SimulatedDriver, joined: tuple[Gateway, Connection]
) -> None:
    one, _ours = joined
    assert take_over(specs_of(one), driver) is None
    driver.kill(one.members.get(index=1).pk)
    assert take_over(specs_of(one), driver) is None, "the standby is left to the reconcile run"


def test_the_listener_sweeps_when_nobody_does(
    driver: SimulatedDriver, scene: Scene, settings: LazySettings
) -> None:
    settings.SWEEP_SECONDS = 0.2
    with listening():
        gateway = scene.gateway(scene.left)
        wait_for(lambda: Gateway.objects.get(pk=gateway.pk).status == "available", 20)
    assert Node.objects.get(name="here").sweep_seen_at is None, "the worker's sweep is as silent as it was"


def test_it_stops_sweeping_when_sweeps_come(scene: Scene, settings: LazySettings) -> None:
    settings.SWEEP_SECONDS = 5
    moments = [0.0]
    watch = sweep.SweepWatch("here", clock=lambda: moments[0])
    found = []
    for moment, ended in ((14, False), (15, False), (16, True), (30, False), (31, False), (32, True)):
        moments[0] = moment
        if ended:
            sweep.record_heartbeat("here", "sweep_seen_at")
        found.append(watch.is_missing())
    assert found == [False, True, False, False, True, False]


class Stuck(SimulatedDriver):
    """Its event loop turns once, and then no more."""

    def watch(self, members: Callable[[], list[MemberSpec]], stop: Event) -> Iterator[Any]:
        members()
        stop.wait(60)
        yield from ()


class Counting(Event):
    waits = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.waits += 1
        return super().wait(timeout)


def test_a_heartbeat_says_that_the_event_loop_turned(
    tmp_path: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HEARTBEAT_SECONDS", 0.05)
    beats: list[UUID | str] = []
    monkeypatch.setattr(listener, "record_heartbeat", lambda node, who: beats.append(who))
    for kind, expected in ((Stuck, lambda: len(beats) == 1), (SimulatedDriver, lambda: len(beats) > 3)):
        beats.clear()
        made = kind(DriverConfig(tmp_path / kind.__name__, "test", "198.18.0.0/16"))
        monkeypatch.setattr(listener, "load_driver", lambda made=made: made)
        stop, turned, asked = Event(), listener.Listener("here"), Counting()
        monkeypatch.setattr(turned, "_polled", asked)
        thread = Thread(target=turned.run, args=(stop,), daemon=True)
        thread.start()
        wait_for(expected)
        if kind is Stuck:
            wait_for(lambda asked=asked: asked.waits > 5)
            assert len(beats) == 1
        stop.set()
        thread.join(20)
        databases.close_all()
