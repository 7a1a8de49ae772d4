"""Runs and observations that coincide with each other, with a change, or with a faulty gateway."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.vpn.scene import Scene, settle, status_of
from vpn.domain.actions import Action, StopMember
from vpn.domain.spec import MemberSpec
from vpn.drivers.base import DriverError
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Gateway
from vpn.reconcile import controller, networks, sweep
from vpn.reconcile.controller import observe, observe_gateway
from vpn.reconcile.desired import load_gateway, spec_for
from vpn.reconcile.record import record_state
from vpn.reconcile.takeover import take_over
from vpn.services.generations import bump_generation

pytestmark = pytest.mark.django_db


class Watched:
    """The driver, with a callback before each action and each observation."""

    def __init__(self, driver: SimulatedDriver) -> None:
        self._driver = driver
        self.applied: list[Action] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def before(self) -> None:
        """Of each action."""

    def apply(self, member: MemberSpec, action: Action, *, generation: int) -> None:
        self.before()
        self.applied.append(action)
        self._driver.apply(member, action, generation=generation)


def test_only_what_was_seen_counts_as_observed(
    scene: Scene, driver: SimulatedDriver, pair: tuple[Gateway, Gateway]
) -> None:
    """The rows are read again before they are written: by then the desired state may have changed."""
    one, _ = pair
    before = load_gateway(one.pk)
    assert before
    spec = spec_for(before)
    bump_generation(one)
    state, after = observe(driver, spec), load_gateway(one.pk)
    assert after and after.generation == spec.generation + 1
    assert record_state(after, spec, state, applied=True)
    one.refresh_from_db()
    assert one.observed_generation == spec.generation < one.generation


@pytest.mark.parametrize(("by_event", "recorded"), [(True, "down"), (False, "up")])
def test_an_event_is_recorded_before_it_is_repaired(
    scene: Scene, driver: SimulatedDriver, pair: tuple[Gateway, Gateway], by_event: bool, recorded: str
) -> None:
    one, two = pair
    ours = scene.connect(one, two)
    scene.connect(two, one)
    settle(driver, one, two)
    assert status_of(ours) == "up"
    driver.kill(one.members.get(role="active").pk)
    seen: list[str] = []

    class Asking(Watched):
        def before(self) -> None:
            seen.append(status_of(ours))

    observe_gateway(one.pk, driver=Asking(driver), by_event=by_event)
    assert seen[0] == recorded


def test_one_bad_gateway_does_not_stop_the_others(
    scene: Scene, driver: SimulatedDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [scene.gateway(side) for side in (scene.left, scene.right, scene.left)]
    bad = min(row.pk for row in rows)

    class Ill(Watched):
        def observe(self, members: tuple[MemberSpec, ...]) -> Any:
            if members[0].gateway_id == bad:
                raise DriverError("observe a member", "it does not respond")
            return self._driver.observe(members)

    ill = Ill(driver)
    for module in (controller, networks, sweep):
        monkeypatch.setattr(module, "load_driver", lambda: ill)
    sweep.sweep_host(rows[0].node)
    assert {row.pk: row.status for row in Gateway.objects.all()} == {
        row.pk: "pending" if row.pk == bad else "available" for row in rows
    }


@pytest.fixture
def orphan(driver: SimulatedDriver, pair: tuple[Gateway, Gateway]) -> UUID:
    """A gateway whose deletion ended in the midst of a takeover, which made a member of it again."""
    one, two = pair
    settle(driver, one, two)
    row = load_gateway(one.pk)
    assert row
    spec = spec_for(row)
    for member in spec.members:
        driver.kill(member.id)

    class Deleted(Watched):
        def before(self) -> None:
            if not self.applied:
                for member in spec.members:
                    driver.apply(member, StopMember(), generation=spec.generation + 1)
                Gateway.objects.filter(pk=spec.id).delete()

    assert take_over(spec, Deleted(driver))
    assert driver.gateways() == {spec.id, two.pk}
    return spec.id


def test_an_observation_removes_what_has_no_row(driver: SimulatedDriver, orphan: UUID) -> None:
    assert observe_gateway(orphan, driver=driver) is None
    assert orphan not in driver.gateways()


def test_a_sweep_removes_what_has_no_row(
    driver: SimulatedDriver, orphan: UUID, pair: tuple[Gateway, Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (controller, networks, sweep):
        monkeypatch.setattr(module, "load_driver", lambda: driver)
    sweep.sweep_host("elsewhere")
    assert driver.gateways() == {pair[1].pk}, "a gateway of another host has a row, too"
