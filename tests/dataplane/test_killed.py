"""A driver killed with -9 at any point: the next one completes or removes what it left."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest

from tests.dataplane.world import Side, World, in_namespace, ping
from vpn.domain.actions import Action, ConfigureNetwork, StartMember, StopMember
from vpn.domain.spec import MemberRole, MemberSpec, NetworkSpec
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan import charon, files, netns
from vpn.drivers.strongswan.driver import StrongSwanDriver
from vpn.drivers.strongswan.launch import launch
from vpn.drivers.strongswan.names import MemberFiles, Names

pytestmark = pytest.mark.dataplane

LEFT = Side("left", "192.168.100.0/24", "198.18.0.2")
CONFIGURE = ConfigureNetwork(MemberRole.ACTIVE, frozenset({LEFT.cidr}), frozenset({"192.168.0.0/24"}))


def killed_at(config: DriverConfig, number: int, member: MemberSpec, *actions: Action) -> bool:
    """Do the actions in a process that dies after its `number`-th step; whether it came so far."""
    child = multiprocessing.get_context("fork").Process(
        target=_do_and_die, args=(config, number, member, actions)
    )
    child.start()
    child.join(30)
    assert child.exitcode in {0, -signal.SIGKILL}
    return child.exitcode != 0


def _do_and_die(config: DriverConfig, number: int, member: MemberSpec, actions: tuple[Action, ...]) -> None:
    left = count(number - 1, -1)

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            answer = call(*args, **options)
            if next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return step

    with (
        patch.object(netns, "run", counted(netns.run)),
        patch.object(netns, "prepare", counted(netns.prepare)),
        patch.object(charon, "launch", counted(launch)),
        patch.object(files, "write_whole", counted(files.write_whole)),
        patch("vpn.drivers.strongswan.member_record.write_whole", counted(files.write_whole)),
    ):
        driver = StrongSwanDriver(config)
        for action in actions:
            driver.apply(member, action, generation=1)


def charons(config: DriverConfig, member: MemberSpec) -> int:
    variable = f"STRONGSWAN_CONF={MemberFiles.of(config.directory, member).config}"
    return len(charon.processes(variable.encode()))


def test_starting_is_repaired_from_every_point(driver: StrongSwanDriver, config: DriverConfig) -> None:
    member, number = LEFT.members[0], 1
    driver.observe([member])
    while killed_at(config, number, member, StartMember(), CONFIGURE):
        for action in (StartMember(), CONFIGURE):
            driver.apply(member, action, generation=1)
        state = driver.observe([member])[member.id]
        assert state.running and state.role is MemberRole.ACTIVE, number
        assert (state.local_cidrs, state.peer_cidrs) == (CONFIGURE.local_cidrs, CONFIGURE.peer_cidrs), number
        assert charons(config, member) == 1, number
        assert ping(Names(config.installation).vpc(LEFT.vpc_id), member.private_address) == 1, number
        driver.remove_all()
        number += 1
    assert number > 12, "it was killed at every step"


def test_whatever_is_half_made_can_be_removed(driver: StrongSwanDriver, config: DriverConfig) -> None:
    member, number = LEFT.members[0], 1
    while killed_at(config, number, member, StartMember(), CONFIGURE):
        driver.apply(member, StopMember(), generation=1)
        assert not driver.observe([member])[member.id].exists
        assert charons(config, member) == 0, number
        assert netns.names(Names(config.installation).member(member.gateway_id, 0)) == []
        links = in_namespace(Names(config.installation).provider, "ip", "-br", "link").stdout
        assert "m0-" not in links
        number += 3
    driver.remove_all()


def test_stopping_is_completed_from_every_point(driver: StrongSwanDriver, config: DriverConfig) -> None:
    member, number = LEFT.members[0], 1
    for action in (StartMember(), CONFIGURE):
        driver.apply(member, action, generation=1)
    while killed_at(config, number, member, StopMember()):
        driver.apply(member, StopMember(), generation=1)
        assert not driver.observe([member])[member.id].exists
        for action in (StartMember(), CONFIGURE):
            driver.apply(member, action, generation=1)
        number += 1
    assert number > 3
    assert charons(config, member) == 0


def test_a_plain_file_in_place_of_a_namespace(driver: StrongSwanDriver, config: DriverConfig) -> None:
    """What `ip netns add` leaves when it dies between its two steps."""
    member = LEFT.members[0]
    driver.apply(member, StartMember(), generation=1)
    driver.apply(member, StopMember(), generation=1)
    netns.path(Names(config.installation).member(member.gateway_id, 0)).touch()
    driver.apply(member, StartMember(), generation=1)
    assert driver.observe([member])[member.id].running


def test_a_vpc_is_completed_from_every_point(world: World, config: DriverConfig) -> None:
    network, number = world.left.network(), 1
    world.driver.remove_network(network.vpc_id)
    namespace = Names(config.installation).host(world.left.instance_id)

    def build() -> None:
        _counted_network(config, network, number)

    while True:
        child = multiprocessing.get_context("fork").Process(target=build)
        child.start()
        child.join(30)
        if child.exitcode == 0:
            break
        world.driver.apply_network(network)
        assert ping(namespace, world.left.address(1)) == 1, number
        world.driver.remove_network(network.vpc_id)
        assert not netns.exists(namespace)
        number += 1
    assert number > 5


def _counted_network(config: DriverConfig, network: NetworkSpec, number: int) -> None:
    left = count(number - 1, -1)
    run = netns.run

    def step(*args: Any, **options: Any) -> str:
        answer = run(*args, **options)
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    with patch.object(netns, "run", step):
        StrongSwanDriver(config).apply_network(network)
