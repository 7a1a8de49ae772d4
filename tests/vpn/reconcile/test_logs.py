"""The way of a tunnel's log from the host that has it to a page that asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from console.core.errors import NotFound
from tests.clock import step_clock
from tests.vpn.scene import PSK, Scene, make_scene, settle
from vpn.domain.log import LogLine
from vpn.domain.spec import MemberSpec
from vpn.drivers.base import DriverError
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Connection, Gateway, Node
from vpn.reconcile.log import keep_log
from vpn.services import logs
from vpn.services.connections import update_connection
from vpn.services.logs import read_log
from vpn.triggers import READ_LOG

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[tuple[object, ...]]:
    """What was handed to the broker, in an installation that has one."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(logs, "send", lambda *request: found.append(request))
    settings.REDIS_URL = "redis://somewhere"
    cache.clear()
    return found


@pytest.fixture
def connection(scene: Scene, pair: tuple[Gateway, Gateway], driver: SimulatedDriver) -> Connection:
    one, two = pair
    ours = scene.connect(one, two)
    scene.connect(two, one)
    settle(driver, one, two)
    Node.objects.update_or_create(name=one.node, defaults={"seen_at": timezone.now()})
    return ours


def test_it_is_requested_once_and_then_there(
    scene: Scene, connection: Connection, driver: SimulatedDriver, sent: list[tuple[object, ...]]
) -> None:
    where = scene.actor, connection.gateway_id, connection.pk
    assert read_log(*where).is_pending and read_log(*where).is_pending
    assert sent == [(READ_LOG, connection.pk, connection.gateway.node)]
    keep_log(connection.pk, driver=driver)
    log = read_log(*where)
    assert log.at and not log.fault and [member["index"] for member in log.members] == [0, 1]
    assert "established" in str(log.members[0]["lines"]) and log.members[1]["lines"] == []
    assert len(sent) == 1


def test_a_disabled_connection_has_its_log_too(
    scene: Scene, connection: Connection, driver: SimulatedDriver, sent: list[tuple[object, ...]]
) -> None:
    update_connection(scene.actor, connection.gateway_id, connection.pk, {"admin_state_up": False})
    keep_log(connection.pk, driver=driver)
    assert len(read_log(scene.actor, connection.gateway_id, connection.pk).members) == 2


def test_why_there_is_none(
    scene: Scene,
    connection: Connection,
    sent: list[tuple[object, ...]],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where = scene.actor, connection.gateway_id, connection.pk
    assert read_log(*where).is_pending
    monkeypatch.setattr(logs, "RESPONSE_TIMEOUT", timedelta(0))
    assert "has not responded" in read_log(*where).fault
    Node.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    assert "has not sent a heartbeat" in read_log(*where).fault
    settings.REDIS_URL = ""
    assert "without Redis" in read_log(*where).fault


def test_a_worker_that_does_not_respond_is_reported_as_long_as_it_is_asked(
    scene: Scene, connection: Connection, sent: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = scene.actor, connection.gateway_id, connection.pk
    Node.objects.update(seen_at=timezone.now() + timedelta(hours=1))
    assert read_log(*where).is_pending
    for seconds in (11, 25, 45, 70):
        step_clock(monkeypatch, timedelta(seconds=seconds))
        assert "has not responded" in read_log(*where).fault, seconds


def test_what_the_driver_reports_is_redacted_and_its_refusal_shown(
    scene: Scene, connection: Connection, driver: SimulatedDriver, sent: list[tuple[object, ...]]
) -> None:
    class Chatty(SimulatedDriver):
        def log(self, member: MemberSpec, peer: str, address: str, limit: int) -> tuple[LogLine, ...]:
            return (LogLine(timezone.now(), "IKE", f"the secret is {PSK}"),)

    class Broken(SimulatedDriver):
        def log(self, member: MemberSpec, peer: str, address: str, limit: int) -> tuple[LogLine, ...]:
            raise DriverError("read the log", "no such host")

    where = scene.actor, connection.gateway_id, connection.pk
    for kind in (Chatty, Broken):
        other = kind.__new__(kind)
        other.__dict__.update(driver.__dict__)
        keep_log(connection.pk, driver=other)
        log = read_log(*where)
        assert isinstance(log.at, datetime) and PSK not in str(log)
    assert log.fault == "read the log: no such host"


def test_of_another_account_nothing_is_shown(
    connection: Connection, driver: SimulatedDriver, sent: list[tuple[object, ...]]
) -> None:
    keep_log(connection.pk, driver=driver)
    with pytest.raises(NotFound):
        read_log(make_scene().actor, connection.gateway_id, connection.pk)
    assert sent == []
