"""The listener writes down within moments what the data plane says; the sweep without it."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest
from django.db import OperationalError, connection
from django.db import connections as databases
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.vpn.scene import Scene, make_scene, settle
from tests.waiting import wait_for
from vpn.domain.state import EventKind, Reason, TunnelEvent
from vpn.drivers.base import DriverConfig
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Connection, Gateway, Node
from vpn.reconcile import controller, listener, networks, sweep
from vpn.reconcile.controller import reconcile
from vpn.reconcile.desired import load_gateway, spec_for
from vpn.reconcile.event_filter import is_redundant
from vpn.reconcile.lease import lease
from vpn.reconcile.record import record_state
from vpn.services import networks as vpc_networks
from vpn.services import subnets

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatedDriver:
    driver = SimulatedDriver(DriverConfig(tmp_path / "driver", "test", "198.18.0.0/16"))
    for module in (controller, networks, sweep, listener):
        monkeypatch.setattr(module, "load_driver", lambda: driver)
    return driver


@pytest.fixture
def scene(settings) -> Scene:
    settings.NODE = "here"
    return make_scene()


@pytest.fixture
def listening(driver: SimulatedDriver, settings):
    """A running listener; it ends, with its database connections, before the database is emptied."""
    stop = Event()

    def run() -> None:
        listener.run(stop)
        databases.close_all()

    thread = Thread(target=run, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(timeout=10)
    assert not thread.is_alive()


def up(connection: Connection) -> bool:
    return Connection.objects.get(pk=connection.pk).status == "up"


def connected(scene: Scene) -> tuple[Gateway, Gateway, Connection, Connection]:
    one, two = scene.gateway(scene.left), scene.gateway(scene.right)
    for row in (one, two):
        reconcile(row.id)
    ours, theirs = scene.connect(one, two), scene.connect(two, one)
    for row in (one, two):
        reconcile(row.id)
    return one, two, ours, theirs


def test_what_happens_is_seen_without_a_sweep(scene, driver, listening):
    one, _two, ours, theirs = connected(scene)
    wait_for(lambda: up(ours) and up(theirs))
    driver.kill(one.members.get(role="active").id)
    wait_for(lambda: one.members.filter(role="active", index=1).exists())
    wait_for(lambda: up(ours) and up(theirs))


def test_events_during_an_observation_are_observed_too(scene, driver, monkeypatch):
    """The observation may have been made before the event."""
    gateway, observations = scene.gateway(scene.left), []
    a_listener = listener.Listener("here")
    event = TunnelEvent(EventKind.DOWN, gateway.members.first().id, gateway.id, timezone.now())

    def observe_gateway(ident, *, by_event):
        observations.append(ident)
        if len(observations) == 1:
            a_listener.handle(event)
            a_listener.handle(event)

    monkeypatch.setattr(listener, "observe_gateway", observe_gateway)
    a_listener.handle(event)
    wait_for(lambda: len(observations) == 2)
    a_listener._observations.close()
    assert observations == [gateway.id] * 2


def test_an_observation_that_finds_the_lock_taken_leaves_the_gateway_due(scene, driver):
    """The other observation may have been made before the event that this one is for."""
    gateway = scene.gateway(scene.left)
    reconcile(gateway.id)
    seen = load_gateway(gateway.id)
    spec = spec_for(seen)
    with lease(gateway.id):
        state = controller.observe(driver, spec)
        reconcile(gateway.id)
        record_state(seen, spec, state, applied=True)
    driver.kill(gateway.members.first().id)
    controller.reconcile_if_due(gateway.id)
    assert driver.observe(spec.members)[gateway.members.first().id].running


def test_the_sweep_makes_status_true_without_a_listener(scene, driver):
    _one, _two, ours, theirs = connected(scene)
    sweep.sweep_host("here")
    assert up(ours)
    assert up(theirs)


def test_the_sweep_finds_what_nobody_asked_for(scene, driver):
    gateway = scene.gateway(scene.left)
    sweep.sweep_host("here")
    gateway.refresh_from_db()
    assert gateway.status == "available"
    assert [str(i.address) for i in driver.inventory().instances] == []


def test_a_sweep_says_that_the_host_is_alive(scene, driver):
    sweep.sweep_host("here")
    assert Node.objects.get(name="here").driver
    assert sweep.live_nodes() == {"here"}


def test_a_gateway_is_served_by_the_host_of_its_vpc(scene, driver):
    gateway = scene.gateway(scene.left)
    Gateway.objects.update(node="elsewhere")
    sweep.sweep_host("here")
    gateway.refresh_from_db()
    assert gateway.status == "pending"


def test_one_broken_gateway_does_not_stop_the_others(scene, driver):
    broken, fine = scene.gateway(scene.left), scene.gateway(scene.right)
    connection = scene.connect(broken, "203.0.113.9")
    Connection.objects.filter(pk=connection.pk).update(psk_sealed="v1.00000000.AAAA")
    sweep.sweep_host("here")
    fine.refresh_from_db()
    broken.refresh_from_db()
    assert fine.status == "available"
    assert "key" in broken.lifecycle_reasons[0]["message"]


@pytest.mark.parametrize("fault", [OperationalError("database is locked"), ZeroDivisionError("unforeseen")])
def test_a_fault_concerns_one_gateway_and_is_logged(scene, driver, monkeypatch, caplog, fault):
    """Also one that nobody foresaw: the sweep goes on with the others."""
    gateways = [scene.gateway(scene.left), scene.gateway(scene.right)]
    failing = iter([fault])

    def observe_gateway(ident):
        for error in failing:
            raise error
        controller.observe_gateway(ident)

    monkeypatch.setattr(sweep, "observe_gateway", observe_gateway)
    sweep.sweep_host("here")
    assert sorted(Gateway.objects.get(pk=g.pk).status for g in gateways) == ["available", "pending"]
    assert str(fault) in caplog.text


def test_a_sweep_that_is_late_goes_on_where_it_ended(scene, driver):
    """Half of its period is for looking; those that wait longest come first."""
    one, two = scene.gateway(scene.left), scene.gateway(scene.right)
    observed = []
    for _ in range(3):
        moments = iter([0.0, 1e9])
        sweep.sweep_host("here", clock=lambda moments=moments: next(moments))
        seen = {str(g.pk) for g in Gateway.objects.filter(observed_at__isnull=False)}
        observed.append(len(seen))
    assert observed == [1, 2, 2]
    assert {Gateway.objects.get(pk=g.pk).status for g in (one, two)} == {"available"}


def test_no_two_sweeps_at_once(scene, driver, monkeypatch):
    gateway = scene.gateway(scene.left)
    observations = []

    def observe_gateway(ident):
        observations.append(ident)
        sweep.sweep_host("here")

    monkeypatch.setattr(sweep, "observe_gateway", observe_gateway)
    sweep.sweep_host("here")
    sweep.sweep_host("here")
    assert observations == [gateway.pk, gateway.pk]


def test_an_observation_without_changes_writes_one_row(scene, driver):
    gateway = scene.gateway(scene.left)
    settle(driver, gateway)
    with CaptureQueriesContext(connection) as asked:
        controller.observe_gateway(gateway.id, driver=driver)
    written = [q["sql"] for q in asked if q["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]
    assert len(written) == 1, written


def test_a_vpc_deleted_while_the_broker_was_down_is_removed_by_the_sweep(scene, driver):
    subnet = scene.left
    sweep.sweep_host("here")
    assert subnet.vpc_id in driver.networks()
    subnets.delete_subnet(scene.actor, subnet.id)
    vpc_networks.delete_vpc(scene.actor, subnet.vpc_id)
    sweep.sweep_host("here")
    assert driver.networks() == {scene.right.vpc_id}


def test_one_more_failure_of_the_same_kind_is_redundant(scene, driver):
    one = scene.gateway(scene.left)
    reconcile(one.id)
    lost, _other = [scene.connect(one, f"203.0.113.{n}", peer_cidrs=[f"10.{n}.0.0/16"]) for n in (7, 8)]
    reconcile(one.id)
    lost.refresh_from_db()
    shown = lost.status_reasons[0]
    member = one.members.get(role="active")
    peer = next(
        p
        for p in driver.observe(spec_for(load_gateway(one.id)).members)[member.id].failures
        if "_203.0.113.7_" in p
    )

    def event(**changes: object) -> TunnelEvent:
        fields = {"peer": peer, "reason": Reason(shown["code"], shown["message"])} | changes
        return TunnelEvent(EventKind.FAILED, member.id, one.id, timezone.now(), **fields)

    assert is_redundant(event())
    assert not is_redundant(event(reason=Reason(shown["code"], "something else")))
    assert not is_redundant(event(peer="a-stranger"))
    assert not is_redundant(TunnelEvent(EventKind.DOWN, member.id, one.id, timezone.now(), peer=peer))
    Connection.objects.filter(pk=lost.pk).update(status_reasons=[])
    assert not is_redundant(event())
