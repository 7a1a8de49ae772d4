"""What tests do to a member without the driver's knowledge: how, depends on the driver."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from tests.dataplane.world import World, in_namespace
from vpn.domain.spec import MemberSpec
from vpn.drivers.base import Driver
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.drivers.simulated.store import Store
from vpn.drivers.strongswan import vici
from vpn.drivers.strongswan.driver import StrongSwanDriver


def is_simulated(driver: Driver) -> TypeGuard[SimulatedDriver]:
    """Fails for a driver of which this module does not say how to do it."""
    assert isinstance(driver, SimulatedDriver | StrongSwanDriver), f"faults.py lacks the driver {driver.name}"
    return isinstance(driver, SimulatedDriver)


def kill(driver: Driver, member: MemberSpec) -> None:
    """Its charon is killed, without notifying its peers."""
    if is_simulated(driver):
        driver.kill(member.id)
        return
    pid = driver.observe([member])[member.id].pid
    assert pid
    os.kill(pid, signal.SIGKILL)


@contextmanager
def one_way_flow(world: World) -> Iterator[None]:
    """Datagrams from left to right that nobody answers. The simulated driver's tunnels carry packets
    by themselves."""
    if is_simulated(world.driver):
        yield
        return
    rules = "add table ip mute; add chain ip mute input { type filter hook input priority 0; policy drop; }"
    assert in_namespace(world.namespace(world.right), "nft", rules).returncode == 0
    script = f"while :; do echo line > /dev/udp/{world.right.host}/514; sleep 0.2; done"
    command = ["ip", "netns", "exec", world.namespace(world.left), "bash", "-c", script]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


@dataclass
class Hand:
    """Manual changes in the left side's first charon, bypassing the product. `directory`: the driver's."""

    world: World
    directory: Path

    def change(self, charon: Callable[[vici.Charon], object], document: Callable[[Any], object]) -> None:
        ident = self.world.left.members[0].id
        if is_simulated(self.world.driver):
            store = Store(self.directory)
            with store.locked():
                found = store.read(ident)
                assert found
                document(found)
                store.write(found)
            return
        members = self.world.driver.inventory().members
        (path,) = (member.vici_socket for member in members if member.member_id == ident)
        with vici.session(Path(path)) as control:
            charon(control)
