"""Requirements for ESP in user space and, with `.ci/kernel`, in the kernel."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from threading import Thread

import pytest

from tests.dataplane.capture import capture, marked_pings, provider_wire
from tests.dataplane.gateways import Gateways
from tests.dataplane.world import Side, World, host_namespace, in_namespace, installed, ping
from tests.waiting import PATIENCE, wait_for
from vpn.domain.actions import StartMember
from vpn.domain.spec import Selector
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan import esp, netns
from vpn.drivers.strongswan.driver import StrongSwanDriver
from vpn.drivers.strongswan.member_record import read_record, write_record
from vpn.drivers.strongswan.names import MemberFiles, Names, subnet_bridge

pytestmark = pytest.mark.dataplane

_SILENT = """
table ip silent {
  chain input {
    type filter hook input priority filter; policy accept;
    meta l4proto icmp drop
  }
}
"""


def kill(world: World, side: Side, index: int = 0) -> None:
    """Kills charon and waits until this is detected."""
    pid = world.state(side, index).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not world.state(side, index).running)


def member_namespace(config: DriverConfig, side: Side, index: int = 0) -> str:
    return Names(config.installation).member(side.gateway_id, index)


def test_a_new_charon_begins_without_what_a_dead_one_left(world: World, config: DriverConfig) -> None:
    """The peer goes on sending by the tunnel of a connection that was deleted meanwhile."""
    world.connect()
    side, far = world.left, host_namespace(world.driver, world.right)
    bridge = subnet_bridge(side.subnet_id)
    with capture(Names(config.installation).vpc(side.vpc_id), bridge) as before:
        assert marked_pings(far, side.host, count=10) == 10
    assert before.marked >= 20
    kill(world, side)
    world.do(side.members[0], StartMember())
    with capture(Names(config.installation).vpc(side.vpc_id), bridge) as after:
        assert marked_pings(far, side.host, count=10) == 0
    assert after.marked == 0


def test_a_takeover_back_finds_no_old_tunnels(world: World) -> None:
    """The first member's charon died with a tunnel for narrower CIDRs than today's."""
    gateways = Gateways(world)
    gateways.settle(1)
    kill(world, world.left)
    gateways.settle(1, index=1)
    for name, (old, far) in {"left": (0, 1), "right": (1, 0)}.items():
        spec = getattr(gateways, name)
        (connection,) = spec.connections
        cidrs = [world.left.cidr, "192.168.0.0/20"]
        selectors = (Selector(cidrs[old], cidrs[far]),)
        wider = replace(spec, generation=2, connections=(replace(connection, selectors=selectors),))
        setattr(gateways, name, wider)
    gateways.settle(1, index=1)
    assert ping(world.namespace(world.left), world.right.host, count=10) == 10
    kill(world, world.left, index=1)
    gateways.settle(1)
    assert ping(world.namespace(world.left), world.right.host, count=10) == 10


def test_the_member_itself_is_out_of_the_peers_reach(world: World) -> None:
    """Its private address lies inside the local CIDR."""
    world.connect()
    far = host_namespace(world.driver, world.right)
    assert ping(far, world.left.host, count=3) == 3
    assert ping(far, world.left.members[0].private_address, count=3) == 0


def test_tcp_passes_where_icmp_does_not(world: World) -> None:
    """Only the MSS clamp limits what the ends send through the tunnel."""
    world.connect()
    near, far = (host_namespace(world.driver, side) for side in (world.left, world.right))
    for namespace in (near, far):
        netns.run(["nft", "-f", "-"], what="block ICMP", feed=_SILENT, namespace=namespace)
    with connected(near, far, world.right.host) as (one, other):
        for sender, receiver in ((one, other), (other, one)):
            assert transferred(sender, receiver, 200_000) == 200_000


@contextmanager
def connected(near: str, far: str, address: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A TCP connection between two namespaces: both of its ends."""
    with ExitStack() as kept:
        listener = kept.enter_context(netns.within(far, partial(socket.create_server, (address, 0))))
        listener.settimeout(20 * PATIENCE)
        to, seconds = listener.getsockname(), 20 * PATIENCE
        one = kept.enter_context(netns.within(near, partial(socket.create_connection, to, seconds)))
        other = kept.enter_context(listener.accept()[0])
        other.settimeout(20 * PATIENCE)
        yield one, other


def transferred(sender: socket.socket, receiver: socket.socket, size: int) -> int:
    """How many of `size` bytes arrive before nothing comes for 20 s."""
    thread = Thread(target=partial(sender.sendall, bytes(size)), daemon=True)
    thread.start()
    got = 0
    try:
        while got < size:
            got += len(receiver.recv(65536))
    except TimeoutError:
        pass
    return got


def test_nothing_leaves_when_charon_died_and_all_it_had_is_gone(world: World, config: DriverConfig) -> None:
    world.connect()
    namespace = member_namespace(config, world.left)
    kill(world, world.left)
    # As a new charon finds it, or a fenced one leaves it. Without XFRM in the kernel there is nothing.
    for what in ("state", "policy"):
        in_namespace(namespace, "ip", "xfrm", what, "flush")
    with provider_wire(config.installation) as outside:
        assert marked_pings(world.namespace(world.left), world.right.host, count=5) == 0
    assert outside.marked == 0
    assert not [packet for packet in outside.packets if packet.is_private]


def test_a_charon_of_another_kind_is_replaced(world: World, config: DriverConfig) -> None:
    """One that a release before the tunnel device started, or before ISTHMUS_ESP was changed."""
    gateways = Gateways(world)
    gateways.settle(1)
    before = world.state(world.left).pid
    files = MemberFiles.of(config.directory, world.left.members[0])
    record = read_record(files)
    assert record and record.esp
    record.esp = "kernel"
    write_record(files, record)
    assert not world.state(world.left).running
    settle_anywhere(gateways)
    assert world.state(world.left).pid != before
    for kind in ("userspace", "kernel", "userspace") if esp.probe() else ("userspace",):
        world.driver = StrongSwanDriver(replace(config, esp=kind))
        settle_anywhere(gateways)
        # The far end may be terminating a redundant SA just now.
        wait_for(lambda: ping(world.namespace(world.left), world.right.host, count=3) == 3)


def settle_anywhere(gateways: Gateways) -> None:
    """Whichever member serves."""
    world = gateways.world

    def settled() -> bool:
        taken = gateways.once()
        return taken == 0 and any(installed(world.state(world.left, index)) for index in (0, 1))

    wait_for(settled, 20)
