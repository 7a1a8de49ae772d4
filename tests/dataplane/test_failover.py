"""A member dies, the other one takes over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.dataplane.test_changes import pinging
from tests.dataplane.watched_events import watched_events
from tests.dataplane.world import World, installed, ping
from tests.waiting import PATIENCE, wait_for
from vpn.domain.actions import ConfigureNetwork, Initiate, StartMember
from vpn.domain.spec import DeadPeerDetection, DpdAction, MemberRole
from vpn.domain.state import EventKind
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan import charon
from vpn.drivers.strongswan.names import MemberFiles

pytestmark = pytest.mark.dataplane


def test_the_standby_takes_over_when_charon_is_killed(world: World) -> None:
    world.build(members=2)
    there, _ = world.connect()
    (peer,) = world.load(world.left, there, index=1)
    active, standby = world.left.members
    takeover = ConfigureNetwork(
        MemberRole.ACTIVE, frozenset({world.left.cidr}), frozenset({world.right.cidr})
    )
    with watched_events(world.driver, world.left.members) as events:
        for member in world.left.members:
            events.wait(EventKind.FOUND, member)
        with pinging(world.namespace(world.left), world.right.host, 200) as running:
            pid = world.state(world.left).pid
            assert pid
            os.kill(pid, signal.SIGKILL)
            events.wait(EventKind.LOST, active, seconds=0.5)
            world.do(standby, takeover, Initiate(peer.name, peer.children[0].name))
            events.wait(EventKind.UP, standby, seconds=5)
            answer = running.communicate(timeout=20 * PATIENCE)[0]
    assert int(answer.partition(" transmitted, ")[2].split()[0]) >= 150, answer
    assert world.state(world.left, 1).role is MemberRole.ACTIVE
    world.do(
        active, StartMember(), ConfigureNetwork(MemberRole.STANDBY, takeover.local_cidrs, takeover.peer_cidrs)
    )
    state = world.state(world.left)
    assert state.running and state.role is MemberRole.STANDBY and not state.loaded
    assert ping(world.namespace(world.left), world.right.host) == 1


def test_a_hung_charon_is_replaced(
    world: World, config: DriverConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vpn.drivers.strongswan.vici.TIMEOUT", 0.3)
    world.connect()
    before = world.state(world.left)
    assert before.pid
    os.kill(before.pid, signal.SIGSTOP)
    assert not world.state(world.left).running
    world.do(world.left.members[0], StartMember())
    after = world.state(world.left)
    assert after.running and after.pid != before.pid
    files = MemberFiles.of(config.directory, world.left.members[0])
    assert charon.processes(f"STRONGSWAN_CONF={files.config}".encode()) == [after.pid]


def test_a_charon_that_gets_no_processor_is_not_hung(world: World) -> None:
    """It runs only when nobody else wants to, and somebody always does."""
    world.connect()
    member, pid = world.left.members[0], world.state(world.left).pid
    assert pid
    with watched_events(world.driver, [member]) as events, ExitStack() as hogs:
        events.wait(EventKind.FOUND, member)
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(task.name), os.SCHED_IDLE, os.sched_param(0))
        for _ in range(2 * (os.cpu_count() or 1)):
            hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            hogs.callback(hog.wait)
            hogs.callback(hog.kill)
        # The far charon is not affected and reports events all the time.
        assert ping(world.namespace(world.left), world.right.host, "-i", "0.1", count=30) > 0
        assert not events.of(EventKind.LOST, member)
    assert world.state(world.left).pid == pid


def test_a_hung_charon_causes_an_event_and_so_does_its_successor(
    world: World, config: DriverConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.connect()
    member = world.left.members[0]
    with watched_events(world.driver, [member]) as events:
        events.wait(EventKind.FOUND, member)
        pid = world.state(world.left).pid
        assert pid
        os.kill(pid, signal.SIGSTOP)
        events.wait(EventKind.LOST, member, seconds=5)
        # It was ended with that: who takes over asks no question that would not be answered.
        monkeypatch.setattr("vpn.drivers.strongswan.vici.TIMEOUT", 1e9)
        assert not charon.lives(MemberFiles.of(config.directory, member))
        assert not world.state(world.left).running
        world.do(member, StartMember())
        events.wait(EventKind.FOUND, member, seconds=2, count=2)
        assert len(events.of(EventKind.LOST, member)) == 1


def test_a_peer_that_died_silently_is_noticed(world: World) -> None:
    """IKEv2: what is left of the interval, then 4 x 2 s; see the manual."""
    world.connect(dpd=DeadPeerDetection(DpdAction.CLEAR, 1, 4))
    pid = world.state(world.right).pid
    assert pid
    with watched_events(world.driver, [world.left.members[0]]) as events:
        events.wait(EventKind.FOUND, world.left.members[0])
        os.kill(pid, signal.SIGKILL)
        events.wait(EventKind.DOWN, world.left.members[0], seconds=12)
        # charon queues its log lines: the reason may come a moment after the fact.
        events.wait(EventKind.FAILED, world.left.members[0])
        reasons = [e.reason.code for e in events.of(EventKind.FAILED, world.left.members[0]) if e.reason]
        assert reasons == ["peer_not_responding"]
    assert not installed(world.state(world.left))


def test_a_second_charon_on_the_socket_is_not_adopted(world: World, config: DriverConfig) -> None:
    """The socket of the other side's charon, put in the place of ours."""
    here, there = (MemberFiles.of(config.directory, side.members[0]) for side in (world.left, world.right))
    here.socket.unlink()
    here.socket.symlink_to(there.socket)
    assert not world.state(world.left).running
    assert world.state(world.right).running
    world.do(world.left.members[0], StartMember())
    wait_for(lambda: world.state(world.left).running)
    assert world.state(world.left).pid != world.state(world.right).pid
