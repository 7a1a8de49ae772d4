"""A run makes the host match the rows, however often it is called and wherever it was killed."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from threading import Timer

import pytest

from tests.vpn.scene import settle, status_of
from vpn.domain.actions import LoadPeer, StartMember
from vpn.domain.state import GatewayState
from vpn.drivers.base import DriverError
from vpn.drivers.simulated import observation as simulated_reading
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Gateway, Tunnel
from vpn.reconcile.controller import observe, observe_gateway, reconcile, reconcile_if_due
from vpn.reconcile.desired import load_gateway, spec_for
from vpn.reconcile.lease import lease, lease_file
from vpn.reconcile.record import record_state
from vpn.services import cidrs, connections
from vpn.services.generations import mark_due

pytestmark = pytest.mark.django_db

_HOLD = """
import fcntl, sys, time
handle = open(sys.argv[1], "w")
fcntl.flock(handle, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""


class Breaking:
    """The driver, that dies at the n-th action like a killed worker, or refuses it."""

    def __init__(self, driver: SimulatedDriver, at: int, error: BaseException) -> None:
        self.driver, self.left, self.error = driver, at, error

    def observe(self, members):
        return self.driver.observe(members)

    def together(self):
        return self.driver.together()

    def apply(self, member, action, *, generation):
        if self.left == 0:
            raise self.error
        self.left -= 1
        self.driver.apply(member, action, generation=generation)


class Killed(BaseException):
    """Like a SIGKILL: no code of the run catches it."""


def test_a_new_gateway_becomes_available(scene, driver):
    gateway = scene.gateway(scene.left)
    assert (gateway.status, gateway.observed_generation) == ("pending", 0)
    reconcile(gateway.id, driver=driver)
    gateway.refresh_from_db()
    assert (gateway.status, gateway.health_state) == ("available", "ok")
    assert gateway.observed_generation == gateway.generation
    assert sorted(m.role for m in gateway.members.all()) == ["active", "standby"]


def test_a_second_run_changes_nothing(scene, driver, pair, monkeypatch):
    # Traffic goes on while a busy machine takes its time.
    monkeypatch.setattr(simulated_reading, "PACKETS_PER_SECOND", 0)
    one, two = pair
    scene.connect(one, two), scene.connect(two, one)
    settle(driver, one, two)
    before = Gateway.objects.values_list("stamp", "generation").get(pk=one.pk)
    spis = [p["spi_in"] for t in Tunnel.objects.all() for p in t.pairs]
    settle(driver, one, two)
    assert Gateway.objects.values_list("stamp", "generation").get(pk=one.pk) == before
    assert [p["spi_in"] for t in Tunnel.objects.all() for p in t.pairs] == spis


@pytest.mark.parametrize("at", range(7))
def test_killed_at_any_action_the_next_run_finishes(scene, driver, at):
    gateway = scene.gateway(scene.left)
    scene.connect(gateway, "203.0.113.9")
    with pytest.raises(Killed):
        reconcile(gateway.id, driver=Breaking(driver, at, Killed()))
    reconcile(gateway.id, driver=driver)
    gateway.refresh_from_db()
    assert gateway.status == "available"
    assert len(driver.inventory().members) == 2


def test_a_refusal_is_recorded_and_retried(scene, driver):
    gateway = scene.gateway(scene.left)
    reconcile(gateway.id, driver=Breaking(driver, 0, DriverError("make namespaces", "no room")))
    gateway.refresh_from_db()
    assert (gateway.status, gateway.failures) == ("pending", 1)
    assert gateway.lifecycle_reasons[0]["message"] == "make namespaces: no room"
    assert gateway.observed_generation < gateway.generation
    reconcile(gateway.id, driver=driver)
    gateway.refresh_from_db()
    assert (gateway.status, gateway.failures, gateway.lifecycle_reasons) == ("available", 0, [])


def test_refused_again_and_again_it_fails_and_still_recovers(scene, driver):
    gateway = scene.gateway(scene.left)
    for _ in range(6):
        reconcile(gateway.id, driver=Breaking(driver, 0, DriverError("start charon", "no binary")))
    gateway.refresh_from_db()
    assert gateway.status == "failed"
    reconcile(gateway.id, driver=driver)
    gateway.refresh_from_db()
    assert gateway.status == "available"


def test_a_change_that_is_refused_degrades_a_working_gateway_until_it_is_made(scene, driver):
    gateway = scene.gateway(scene.left)
    reconcile(gateway.id, driver=driver)
    scene.connect(gateway, "203.0.113.9")
    for _ in range(2):
        reconcile(gateway.id, driver=Breaking(driver, 0, DriverError("route the VPC", "no such hop")))
    gateway.refresh_from_db()
    assert (gateway.status, gateway.health_state) == ("available", "degraded")
    assert "route the VPC: no such hop" in gateway.health_reasons[0]["message"]
    reconcile(gateway.id, driver=driver)
    gateway.refresh_from_db()
    assert (gateway.health_state, gateway.health_reasons) == ("ok", [])


def test_only_one_run_at_a_time(scene, driver):
    gateway = scene.gateway(scene.left)
    with lease(gateway.id) as held, lease(gateway.id) as twice:
        assert held and not twice
        reconcile(gateway.id, driver=driver)
        assert driver.inventory().members == ()
    reconcile(gateway.id, driver=driver)
    assert len(driver.inventory().members) == 2


def test_a_dead_holders_lease_is_free_at_once(scene):
    """Whatever the clock says, and without anybody waiting for anything."""
    gateway = scene.gateway(scene.left)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(lease_file(gateway.id))], stdout=subprocess.PIPE
    )
    assert holder.stdout and holder.stdout.readline() == b"held\n"
    with lease(gateway.id) as held:
        assert not held
    holder.kill()
    holder.wait(10)
    with lease(gateway.id) as held:
        assert held


def test_who_waits_for_a_lease_gets_it_when_it_is_given_back(scene):
    gateway = scene.gateway(scene.left)
    with ExitStack() as other:
        other.enter_context(lease(gateway.id))
        Timer(0.05, other.close).start()
        with lease(gateway.id, seconds=10) as held:
            assert held


def test_an_older_observation_does_not_overwrite_a_newer_one(scene, driver, pair):
    one, two = pair
    ours = scene.connect(one, two)
    scene.connect(two, one)
    gateway = load_gateway(one.id)
    spec = spec_for(gateway)
    old = observe(driver, spec)
    settle(driver, one, two)
    assert status_of(ours) == "up"
    assert record_state(gateway, spec, old, applied=True) is None
    assert status_of(ours) == "up"


def test_two_recorders_end_with_the_newer_observation(scene, driver, pair):
    """The second one worked with rows that the first one changed meanwhile."""
    one, two = pair
    ours, theirs = scene.connect(one, two), scene.connect(two, one)
    settle(driver, one, two)
    loaded = load_gateway(one.id)
    spec = spec_for(loaded)
    up = observe(driver, spec)
    quiet = {ident: replace(member, sas=()) for ident, member in up.members.items()}
    down = GatewayState(up.at, quiet, up.ticks + 1)
    assert record_state(load_gateway(one.id), spec, down, applied=True)
    assert status_of(ours) == "down"
    later = GatewayState(up.at, up.members, up.ticks + 2)
    assert record_state(loaded, spec, later, applied=True)
    assert status_of(ours) == "up"
    assert theirs.gateway_id == two.id


def test_a_first_reason_is_the_first_change(scene, driver, pair):
    """It has never been up, yet its state is known since then."""
    one, two = pair
    ours = scene.connect(one, two)
    settle(driver, one)
    ours.refresh_from_db()
    assert (ours.status, bool(ours.status_reasons)) == ("down", True)
    assert ours.status_changed_at == ours.history.get().at


def test_a_connection_deleted_meanwhile_is_not_recorded(scene, driver, pair):
    one, two = pair
    ours = scene.connect(one, two)
    loaded = load_gateway(one.id)
    spec = spec_for(loaded)
    reconcile(one.id, driver=driver)
    Tunnel.objects.all().delete()
    state = observe(driver, spec)
    loaded = load_gateway(one.id)
    connections.delete_connection(scene.actor, one.id, ours.id)
    assert record_state(loaded, spec, state, applied=True)
    assert not Tunnel.objects.exists()


def test_a_change_made_during_a_run_is_not_lost(scene, driver, pair):
    one, two = pair
    ours = scene.connect(one, two)

    class Meddling(Breaking):
        def apply(self, member, action, *, generation):
            if isinstance(action, LoadPeer) and self.left:
                self.left = 0
                cidrs.add_cidr(scene.actor, one.id, ours.id, "peer", "10.9.0.0/16")
            self.driver.apply(member, action, generation=generation)

    reconcile(one.id, driver=Meddling(driver, 1, Killed()))
    one.refresh_from_db()
    assert one.observed_generation == one.generation
    state = driver.observe(spec_for(load_gateway(one.id)).members)
    assert all(len(p.children) == 2 for m in state.values() for p in m.loaded.values())


def test_a_run_needs_a_constant_number_of_queries(scene, driver, pair, django_assert_max_num_queries):
    one, two = pair
    scene.connect(one, two)
    settle(driver, one)
    with django_assert_max_num_queries(14) as few:
        observe_gateway(one.id, driver=driver)
    for n in range(6):
        scene.connect(one, f"203.0.113.{n + 1}", peer_cidrs=[f"10.{n}.0.0/16"])
    settle(driver, one)
    with django_assert_max_num_queries(len(few)):
        observe_gateway(one.id, driver=driver)
    assert Tunnel.objects.filter(connection__gateway=one).count() == 14


def test_many_requests_cost_one_run(scene, driver, pair, django_assert_num_queries):
    one, _ = pair
    reconcile_if_due(one.id, driver=driver)
    with django_assert_num_queries(1):
        reconcile_if_due(one.id, driver=driver)
    mark_due(Gateway.objects.filter(pk=one.pk))
    driver.kill(one.members.get(role="active").id)
    reconcile_if_due(one.id, driver=driver)
    assert all(member.running for member in driver.observe(spec_for(load_gateway(one.id)).members).values())


def test_start_member_is_the_first_thing_asked(scene, driver):
    """Guards the test above: `Breaking` at 0 really hits the making of a member."""
    gateway = scene.gateway(scene.left)
    seen = []

    class Recording(Breaking):
        def apply(self, member, action, *, generation):
            seen.append(type(action))
            self.driver.apply(member, action, generation=generation)

    reconcile(gateway.id, driver=Recording(driver, -1, Killed()))
    assert seen[0] is StartMember
