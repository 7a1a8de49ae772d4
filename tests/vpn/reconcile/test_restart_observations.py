"""After a start nothing is up before it was observed, and tunnels that stayed up cause no events."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command

from tests.vpn.scene import settle, status_of
from tests.waiting import wait_for
from vpn.models import Connection, Gateway, GatewayMember, StatusChange, TrafficSample, Tunnel
from vpn.reconcile import clock, restart
from vpn.reconcile.restart import forget_observations
from vpn.services.connections import update_connection
from vpn.tasks import forget_old_observations

pytestmark = pytest.mark.django_db


@pytest.fixture
def up(scene, driver, pair):
    one, two = pair
    ours, theirs = scene.connect(one, two), scene.connect(two, one)
    settle(driver, one, two)
    assert (status_of(ours), status_of(theirs)) == ("up", "up")
    return one, two, ours


def test_after_a_start_nothing_is_up_before_it_was_seen(up):
    gateway, _, ours = up
    call_command("reconcile", forget=True)
    row, tunnels = Connection.objects.get(pk=ours.pk), Tunnel.objects.filter(connection=ours)
    assert row.status == "down" and "Not observed yet" in row.status_reasons[0]["message"]
    assert {tunnel.status for tunnel in tunnels} == {"down"}
    assert {pair["state"] for tunnel in tunnels for pair in tunnel.pairs} == {"down"}
    seen = Gateway.objects.get(pk=gateway.pk)
    assert (seen.health_state, seen.observed_at, seen.lifecycle_state) == ("degraded", None, "stable")
    members = GatewayMember.objects.filter(gateway=gateway)
    assert {member.health_state for member in members} == {"degraded"}


def test_what_continues_is_up_again_as_before_and_not_an_event(up, driver):
    one, two, ours = up
    history, changed_at = StatusChange.objects.count(), Connection.objects.get(pk=ours.pk).status_changed_at
    call_command("reconcile", forget=True)
    settle(driver, one, two)
    row = Connection.objects.get(pk=ours.pk)
    assert (row.status, row.status_reasons, row.status_changed_at) == ("up", [], changed_at)
    assert Gateway.objects.get(pk=one.pk).health_state == "ok"
    assert StatusChange.objects.count() == history


def test_what_went_down_meanwhile_is_an_event(scene, up, driver):
    one, two, ours = up
    history = StatusChange.objects.filter(connection=ours).count()
    update_connection(scene.actor, one.id, ours.id, {"admin_state_up": False})
    call_command("reconcile", forget=True)
    settle(driver, one, two)
    assert status_of(ours) == "down"
    assert StatusChange.objects.filter(connection=ours).count() == history + 1


def test_traffic_is_not_counted_twice(up, driver):
    one, two, ours = up
    wait_for(lambda: settle(driver, one, two) or carried(ours) > 0)
    call_command("reconcile", forget=True)
    settle(driver, one, two)
    packets = TrafficSample.objects.filter(connection=ours).values_list("packets_in", flat=True)
    assert sum(packets) == carried(ours)


def carried(connection):
    """What charon has counted so far."""
    tunnels = Tunnel.objects.filter(connection=connection)
    return sum(pair["packets_in"] for tunnel in tunnels for pair in tunnel.pairs)


def test_a_restart_of_one_process_forgets_nothing_that_was_just_observed(up):
    _, _, ours = up
    forget_old_observations()
    assert status_of(ours) == "up"


def test_another_boot_of_the_host_observed_something_else(up, monkeypatch):
    _, _, ours = up
    monkeypatch.setattr(restart, "boot", lambda: "another")
    forget_old_observations()
    assert status_of(ours) == "down"


def test_what_nobody_observed_for_long_is_forgotten_when_a_worker_starts(up, monkeypatch):
    _, _, ours = up
    later = clock.ticks() + clock.as_ticks(restart.UNOBSERVED + timedelta(seconds=1))
    monkeypatch.setattr(restart, "ticks", lambda: later)
    forget_old_observations()
    assert status_of(ours) == "down"


def test_other_hosts_keep_what_they_observed(up):
    _, _, ours = up
    assert forget_observations("elsewhere", older_than=timedelta(0)) == 0
    assert status_of(ours) == "up"
