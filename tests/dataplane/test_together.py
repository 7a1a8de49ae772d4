"""Several processes at once: workers, listener and sweep share one host."""

from __future__ import annotations

import multiprocessing

import pytest

from tests.dataplane.world import Side
from vpn.domain.actions import ConfigureNetwork, StartMember, StopMember
from vpn.domain.spec import MemberRole, MemberSpec
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan import charon
from vpn.drivers.strongswan.driver import StrongSwanDriver
from vpn.drivers.strongswan.names import MemberFiles

pytestmark = pytest.mark.dataplane

SIDES = (
    Side("left", "192.168.100.0/24", "198.18.0.2"),
    Side("right", "192.168.0.0/24", "198.18.0.3"),
)


def work(config: DriverConfig, member: MemberSpec) -> None:
    driver = StrongSwanDriver(config)
    role = MemberRole.STANDBY if member.index else MemberRole.ACTIVE
    side = next(side for side in SIDES if side.gateway_id == member.gateway_id)
    driver.apply_network(side.network())
    driver.apply(member, StartMember(), generation=1)
    driver.apply(
        member, ConfigureNetwork(role, frozenset({side.cidr}), frozenset({"10.1.0.0/24"})), generation=1
    )


def together(config: DriverConfig, members: list[MemberSpec]) -> list[int | None]:
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=work, args=(config, member)) for member in members]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    return [worker.exitcode for worker in workers]


def test_many_workers_on_few_members(driver: StrongSwanDriver, config: DriverConfig) -> None:
    members = [member for side in SIDES for member in side.members]
    assert together(config, members * 2) == [0] * 8
    states = driver.observe(members)
    for member in members:
        files = MemberFiles.of(config.directory, member)
        assert len(charon.processes(f"STRONGSWAN_CONF={files.config}".encode())) == 1
        state = states[member.id]
        assert state.running and state.peer_cidrs == {"10.1.0.0/24"}
        assert state.role is (MemberRole.STANDBY if member.index else MemberRole.ACTIVE)
    assert len(driver.inventory().instances) == 2


def test_a_member_stopped_and_started_at_once(driver: StrongSwanDriver, config: DriverConfig) -> None:
    """The last caller decides; there is never half a member."""
    member = SIDES[0].members[0]
    for _ in range(3):
        assert together(config, [member] * 3) == [0] * 3
        driver.apply(member, StopMember(), generation=1)
        assert not driver.observe([member])[member.id].exists
