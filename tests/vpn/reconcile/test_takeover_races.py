"""An observation beside a takeover: its members are read one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as await_futures
from typing import Any, cast
from uuid import UUID

import pytest

from tests.vpn.scene import Scene, settle, status_of
from vpn.domain.spec import GatewaySpec, MemberRole, MemberSpec
from vpn.domain.state import GatewayState, MemberState
from vpn.drivers.base import Driver
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Connection, Gateway, GatewayMember
from vpn.reconcile import controller, listener
from vpn.reconcile.controller import observe, observe_gateway, observe_settled
from vpn.reconcile.desired import load_gateway, spec_for
from vpn.reconcile.lease import lease
from vpn.reconcile.listener import Listener
from vpn.reconcile.takeover import take_over

pytestmark = pytest.mark.django_db


class TakenOver:
    """The driver; between the members of its first observation the gateway is taken over."""

    def __init__(self, driver: SimulatedDriver, spec: GatewaySpec, order: Sequence[int]) -> None:
        self._driver, self._spec, self._order = driver, spec, order
        self.observations = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def observe(self, members: Sequence[MemberSpec]) -> dict[UUID, MemberState]:
        self.observations += 1
        if self.observations > 1:
            return self._driver.observe(members)
        first, second = (members[index] for index in self._order)
        before = self._driver.observe([first])
        assert take_over(self._spec, self._driver)
        return before | self._driver.observe([second])


class Stub:
    """Its first observation shows both members on standby."""

    def __init__(self, spec: GatewaySpec) -> None:
        self._first, self._second = (member.id for member in spec.members)
        self.observations = 0

    def observe(self, _members: Sequence[MemberSpec]) -> dict[UUID, MemberState]:
        self.observations += 1
        role = MemberRole.STANDBY if self.observations == 1 else MemberRole.ACTIVE
        return {
            self._first: MemberState(self._first, role=role),
            self._second: MemberState(self._second, role=MemberRole.STANDBY),
        }


@pytest.fixture
def joined(
    scene: Scene, driver: SimulatedDriver, pair: tuple[Gateway, Gateway]
) -> tuple[Gateway, Connection]:
    """A gateway whose second member is active, and its connection, which is up."""
    one, two = pair
    ours = scene.connect(one, two)
    scene.connect(two, one)
    settle(driver, one, two)
    driver.kill(one.members.get(index=0).pk)
    settle(driver, one, two)
    assert one.members.get(index=1).role == "active"
    assert status_of(ours) == "up"
    return one, ours


def spec_of(gateway: Gateway) -> GatewaySpec:
    row = load_gateway(gateway.pk)
    assert row
    return spec_for(row)


# Member 1 is taken over by member 0: read in this order both are on standby, in the other one active.
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_state_torn_by_a_takeover_is_not_recorded(
    driver: SimulatedDriver,
    joined: tuple[Gateway, Connection],
    order: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, _ours = joined
    driver.kill(one.members.get(index=1).pk)
    torn = TakenOver(driver, spec_of(one), order)
    recorded: list[list[str]] = []
    original = controller.record_state

    def record(*args: Any, **options: Any) -> object:
        try:
            return original(*args, **options)
        finally:
            recorded.append(sorted(GatewayMember.objects.filter(gateway=one).values_list("role", flat=True)))

    monkeypatch.setattr(controller, "record_state", record)
    observe_gateway(one.pk, driver=torn, by_event=True)
    assert recorded
    assert all(roles == ["active", "standby"] for roles in recorded)


def test_it_is_repeated_when_the_takeover_is_over(
    pair: tuple[Gateway, Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controller, "TAKEOVER_TIMEOUT", 60.0)
    spec = spec_of(pair[0])
    stub = Stub(spec)
    with ThreadPoolExecutor(1) as pool:
        with lease(spec.id):
            observed = pool.submit(observe_settled, cast(Driver, stub), spec)
            assert not await_futures([observed], timeout=0.3).done
        assert observed.result().members[spec.members[0].id].role is MemberRole.ACTIVE
    assert stub.observations == 2


def test_a_gateway_without_an_active_member_is_observed_all_the_same(
    pair: tuple[Gateway, Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What holds the lease may hang."""
    monkeypatch.setattr(controller, "TAKEOVER_TIMEOUT", 0.01)
    spec = spec_of(pair[0])

    class Never(Stub):
        def observe(self, members: Sequence[MemberSpec]) -> dict[UUID, MemberState]:
            self.observations = 0
            return super().observe(members)

    with lease(spec.id):
        state = observe_settled(cast(Driver, Never(spec)), spec)
    assert [member.role for member in state.members.values()] == [MemberRole.STANDBY] * 2


def test_a_takeover_while_the_one_before_is_recorded_is_recorded_too(
    scene: Scene, driver: SimulatedDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = scene.gateway(scene.left)
    settle(driver, gateway)
    loaded = load_gateway(gateway.pk)
    assert loaded
    spec = spec_for(loaded)
    earlier, later = (observe(driver, spec) for _ in range(2))
    made, recorded = Listener("here"), []

    def record(spec: GatewaySpec, state: GatewayState) -> None:
        recorded.append(state)
        if state is earlier:
            made._seen.setdefault(spec.id, (spec, later))

    monkeypatch.setattr(listener, "record_before_repair", record)
    monkeypatch.setattr(controller, "load_driver", lambda: driver)
    made._seen[spec.id] = spec, earlier
    made._observe(spec.id)
    made._observe(spec.id)
    assert recorded == [earlier, later]
