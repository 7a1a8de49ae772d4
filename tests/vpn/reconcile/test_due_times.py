"""When a gateway is observed again that nobody asks for: sooner while something is awaited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.vpn.scene import make_scene
from vpn.domain.actions import Action
from vpn.domain.spec import MemberSpec
from vpn.drivers.base import DriverError
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Gateway
from vpn.reconcile import record
from vpn.reconcile.clock import as_ticks
from vpn.reconcile.controller import observe_gateway, reconcile

pytestmark = pytest.mark.django_db


def wait_of(gateway: Gateway) -> int:
    """From the last observation to the next one, in nanoseconds."""
    row = Gateway.objects.get(pk=gateway.pk)
    return row.due_ticks - row.observed_ticks


def test_what_the_driver_refuses_is_tried_again_less_and_less_often(
    driver: SimulatedDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = make_scene()
    gateway = scene.gateway(scene.left)

    def refuse(member: MemberSpec, action: Action, *, generation: int) -> None:
        raise DriverError("start", "no room")

    monkeypatch.setattr(driver, "apply", refuse)
    waits = []
    for _ in range(8):
        reconcile(gateway.pk, driver=driver)
        waits.append(wait_of(gateway))
    assert waits == [as_ticks(timedelta(seconds=n)) for n in (1, 2, 4, 8, 16, 30, 30, 30)]


def test_so_is_what_cannot_even_be_observed(driver: SimulatedDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = make_scene()
    gateway = scene.gateway(scene.left)

    def refuse(members: Sequence[MemberSpec]) -> None:
        raise DriverError("observe", "no host")

    monkeypatch.setattr(driver, "observe", refuse)
    monkeypatch.setattr(record, "ticks", lambda: 0)
    waits = []
    for _ in range(7):
        reconcile(gateway.pk, driver=driver)
        waits.append(Gateway.objects.get(pk=gateway.pk).due_ticks)
    assert waits == [as_ticks(timedelta(seconds=n)) for n in (1, 2, 4, 8, 16, 30, 30)]


@pytest.mark.parametrize("again", [reconcile, observe_gateway], ids=lambda one: one.__name__)
def test_a_peer_that_is_down_is_tried_again_without_being_asked_for(
    driver: SimulatedDriver, again: object
) -> None:
    scene = make_scene()
    gateway = scene.gateway(scene.left)
    reconcile(gateway.pk, driver=driver)
    assert wait_of(gateway) == as_ticks(timedelta(hours=1))
    scene.connect(gateway, "203.0.113.7")
    reconcile(gateway.pk, driver=driver)
    assert callable(again)
    again(gateway.pk, driver=driver)
    assert 0 < wait_of(gateway) <= as_ticks(timedelta(seconds=10))
