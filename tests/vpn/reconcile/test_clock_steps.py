"""The wall clock is stepped by an hour, either way: nothing waits for it, nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.clock import step_clock
from tests.vpn.scene import Scene, settle, status_of
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.drivers.strongswan.member_record import AttemptRecord, MemberRecord
from vpn.models import Gateway, Node
from vpn.reconcile import controller, networks, sweep
from vpn.reconcile.controller import observe_gateway, reconcile, reconcile_if_due
from vpn.reconcile.record import record_failure
from vpn.services.generations import mark_due

pytestmark = pytest.mark.django_db

Step = Callable[[], None]


@pytest.fixture(params=[-1, 1], ids=["back", "forward"])
def step(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Step:
    return lambda: step_clock(monkeypatch, timedelta(hours=request.param))


def test_status_stays_true(
    scene: Scene, driver: SimulatedDriver, pair: tuple[Gateway, Gateway], step: Step
) -> None:
    one, two = pair
    ours = scene.connect(one, two)
    theirs = scene.connect(two, one)
    settle(driver, one, two)
    assert status_of(ours) == "up"
    step()
    driver.kill(two.members.get(role="active").pk)
    driver.kill(two.members.get(role="standby").pk)
    observe_gateway(one.pk, driver=driver)
    assert status_of(theirs) == "up", "nobody has observed the other gateway yet"
    observe_gateway(two.pk, driver=driver)
    settle(driver, two, one)
    assert (status_of(ours), status_of(theirs)) == ("up", "up")
    driver.kill(one.members.get(role="active").pk)
    observe_gateway(one.pk, driver=driver)
    one.refresh_from_db()
    assert one.members.get(role="active").index == 1


def test_an_outage_is_recorded(
    scene: Scene, driver: SimulatedDriver, pair: tuple[Gateway, Gateway], step: Step
) -> None:
    one, two = pair
    ours = scene.connect(one, two)
    scene.connect(two, one)
    settle(driver, one, two)
    step()
    driver.fault(one.members.get(role="standby").pk, "no room")
    driver.kill(one.members.get(role="active").pk)
    observe_gateway(one.pk, driver=driver)
    assert status_of(ours) == "down"


def test_a_requested_run_is_made(scene: Scene, driver: SimulatedDriver, step: Step) -> None:
    gateway = scene.gateway(scene.left)
    settle(driver, gateway)
    step()
    driver.kill(gateway.members.get(role="active").pk)
    mark_due(Gateway.objects.filter(pk=gateway.pk))
    reconcile_if_due(gateway.pk, driver=driver)
    assert all(state.running for state in driver.observe(_members(gateway)).values())


def test_what_is_due_after_a_while_is_not_due_at_once(
    scene: Scene, driver: SimulatedDriver, step: Step
) -> None:
    gateway = scene.gateway(scene.left)
    settle(driver, gateway)
    record_failure(Gateway.objects.get(pk=gateway.pk), "no room", requeue_after=timedelta(minutes=5))
    step()
    driver.kill(gateway.members.get(role="active").pk)
    reconcile_if_due(gateway.pk, driver=driver)
    assert not all(state.running for state in driver.observe(_members(gateway)).values())
    record_failure(Gateway.objects.get(pk=gateway.pk), "no room", requeue_after=timedelta(0))
    reconcile_if_due(gateway.pk, driver=driver)
    assert all(state.running for state in driver.observe(_members(gateway)).values())


def test_a_change_in_another_boot_of_the_host_is_due(scene: Scene, driver: SimulatedDriver) -> None:
    """Its monotonic clock starts from zero: what was due in a week by the old one is due now."""
    gateway = scene.gateway(scene.left)
    settle(driver, gateway)
    Gateway.objects.update(observed_boot="another", observed_ticks=2**62, due_ticks=2**62)
    driver.kill(gateway.members.get(role="active").pk)
    reconcile_if_due(gateway.pk, driver=driver)
    assert all(state.running for state in driver.observe(_members(gateway)).values())
    gateway.refresh_from_db()
    assert gateway.observed_ticks < 2**62


def test_a_silent_peer_is_tried_again(scene: Scene, driver: SimulatedDriver, step: Step) -> None:
    one, two = scene.gateway(scene.left), scene.gateway(scene.right)
    settle(driver, one, two)
    ours = scene.connect(one, two)
    reconcile(one.pk, driver=driver)
    step()
    member = one.members.get(role="active").pk
    before = driver.observe(_members(one))[member].attempts
    (age,) = [controller.timezone.now() - attempt.at for attempt in before.values()]
    assert timedelta(0) <= age < timedelta(minutes=5)
    assert status_of(ours) == "down"


def test_back_off_counts_from_the_last_try(step: Step) -> None:
    """Of both drivers, and so that an earlier wall clock reading is long past."""
    record = MemberRecord("", "", 0, "", "", "")
    record.count_attempt("peer", "child")
    step()
    now = controller.timezone.now()
    assert abs(now - record.attempts["peer"].value.at) < timedelta(minutes=5)
    record.attempts["peer"] = AttemptRecord(now.timestamp(), {"child": 1})
    assert now - record.attempts["peer"].value.at > timedelta(hours=1)


def test_the_sweep_begins_with_the_gateway_that_waits_the_longest(
    scene: Scene, driver: SimulatedDriver, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (controller, networks, sweep):
        monkeypatch.setattr(module, "load_driver", lambda: driver)
    first, second = scene.gateway(scene.left), scene.gateway(scene.right)
    settle(driver, first)
    step()
    settle(driver, second)
    observed: list[object] = []
    monkeypatch.setattr(sweep, "observe_gateway", observed.append)
    sweep.sweep_host(first.node)
    assert observed == [first.pk, second.pk]


def test_a_host_is_there_while_its_heartbeats_come(scene: Scene, step: Step) -> None:
    moments = [0.0]
    hosts = sweep.Liveness(seconds=300, clock=lambda: moments[0])
    assert hosts.live({"one": 1, "two": 7}) == {"one", "two"}
    step()
    moments[0] = 299
    assert hosts.live({"one": 2, "two": 7}) == {"one", "two"}
    moments[0] = 301
    assert hosts.live({"one": 3, "two": 7}) == {"one"}
    assert hosts.live({"one": 3, "two": 8}) == {"one", "two"}


def test_every_sign_of_life_counts(
    scene: Scene, driver: SimulatedDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "load_driver", lambda: driver)
    for _ in range(3):
        sweep.record_heartbeat("here", "listener_seen_at")
    node = Node.objects.get(name="here")
    assert (node.heartbeats, node.sweep_seen_at) == (3, None)
    assert node.listener_seen_at


def _members(gateway: Gateway):
    loaded = controller.load_gateway(gateway.pk)
    assert loaded
    return controller.spec_for(loaded).members
