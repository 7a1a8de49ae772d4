"""Nothing passes unencrypted between the provider's network and a VPC, in either direction."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

import pytest

from tests.dataplane.capture import MARKER, Wire, capture, marked_pings, provider_wire
from tests.dataplane.stranger import ADDRESS, ASKED, ICMP, UDP, Stranger, public_mac, say, send, stranger
from tests.dataplane.test_killed import killed_at
from tests.dataplane.world import World, in_namespace, installed, passes, ping
from tests.waiting import wait_for
from vpn.domain.actions import ConfigureNetwork, Initiate, StartMember, StopMember, Terminate
from vpn.domain.spec import MemberRole, MemberSpec
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan import netns
from vpn.drivers.strongswan.names import INSTANCE_LINK, Names, hardware_address, subnet_bridge

pytestmark = pytest.mark.dataplane

_LAST = b"the last word on a wire"


@dataclass
class Border:
    """The left gateway between the provider's wire and its VPC's."""

    world: World
    names: Names
    stranger: Stranger

    def knock(self, member: MemberSpec) -> int:
        """Marked packets in clear from both sides; how many were sent."""
        here, there = self.world.left, self.world.right
        inside = [here.host, member.private_address, member.public_address, here.cidr.replace(".0/24", ".77")]
        outside = [there.host, there.public_address, ADDRESS, "203.0.113.9"]
        namespace = self.names.member(member.gateway_id, member.index)
        sent, mac = 0, public_mac(namespace)
        if mac:
            sent += self.stranger.send(mac, [ADDRESS, there.host], inside + outside)
        if netns.exists(self.names.host(here.instance_id)):
            sub = hardware_address(member.private_address)
            sources = [here.host, ADDRESS, there.host]
            targets = [*outside, member.private_address, member.public_address]
            sent += send(self.names.host(here.instance_id), INSTANCE_LINK, sub, sources, targets)
        return sent

    @contextmanager
    def watched(self) -> Iterator[tuple[Wire, Wire]]:
        """The provider's wire, and the VPC's."""
        side, instance = self.world.left, self.names.installation
        bridge = subnet_bridge(side.subnet_id)
        with provider_wire(instance) as outer, capture(self.names.vpc(side.vpc_id), bridge) as inner:
            yield outer, inner
            # What was sent before the last word is seen when that is.
            self.stranger.say(_LAST)
            say(self.names.host(side.instance_id), INSTANCE_LINK, _LAST)
            wait_for(lambda: outer.holds(_LAST) and inner.holds(_LAST))

    def check(self, *members: MemberSpec) -> None:
        """Send packets, and check that none is forwarded and that no reply leaves unencrypted."""
        with self.watched() as (outer, inner):
            sent = sum(self.knock(member) for member in members)
        self.judge(outer, inner)
        assert sent

    def judge(self, outer: Wire, inner: Wire) -> None:
        assert self.leaked(outer) == []
        assert self.entered(inner) == []

    def leaked(self, outer: Wire) -> list[str]:
        """On the provider's wire: the marker in frames that the stranger did not send. An answer to
        its own ping of a public address gives back what it sent itself."""
        found = Wire()
        marked = [frame for frame in outer.frames if MARKER in frame]
        found.frames = [f for f in marked if not self.stranger.sent(f) and not _is_answer(f)]
        return [str(p) for p in found.packets]

    def entered(self, inner: Wire) -> list[str]:
        """On the VPC's wire: questions from a stranger or from a peer's host, other than what the
        instance forged itself. Answers to its own come through the tunnel while that is up."""
        here = bytes.fromhex(hardware_address(self.world.left.host).replace(":", ""))
        found = Wire()
        found.frames = [f for f in inner.frames if f[6:12] != here and MARKER in f and _is_question(f)]
        return [str(p) for p in found.packets if p.source in {ADDRESS, self.world.right.host}]


def _is_question(frame: bytes) -> bool:
    """An echo request or a datagram."""
    return frame[23] == UDP or (frame[23] == ICMP and frame[34] == 8)


def _is_answer(frame: bytes) -> bool:
    """An echo reply from a public address to a request of the stranger's."""
    reply = frame[23] == ICMP and frame[34] == 0 and int.from_bytes(frame[38:40]) == ASKED
    return reply and frame[26:29] == b"\xc6\x12\x00"


@pytest.fixture
def border(world: World, config: DriverConfig) -> Iterator[Border]:
    with stranger(config.installation) as outside:
        yield Border(world, Names(config.installation), outside)


def test_markers_are_found_where_they_are(border: Border) -> None:
    """Proves that the measurement detects packets."""
    with border.watched() as (outer, inner):
        sent = border.knock(border.world.left.members[0])
    assert outer.marked + inner.marked >= sent


def test_nothing_passes_before_a_tunnel_while_it_is_up_and_after(border: Border) -> None:
    world, (member, _) = border.world, border.world.left.members
    border.check(member)
    world.connect()
    border.check(member)
    passes(world.namespace(world.left), world.right.host)
    world.do(member, Terminate(world.state(world.left).sas[0].peer))
    border.check(member)


def test_nothing_passes_when_charon_died(border: Border) -> None:
    world = border.world
    world.connect()
    pid = world.state(world.left).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not world.state(world.left).running)
    border.check(world.left.members[0])


def test_nothing_passes_a_standby(border: Border) -> None:
    border.world.build(members=2)
    border.world.connect()
    border.check(*border.world.left.members)


def test_nothing_passes_during_a_failover(border: Border) -> None:
    world = border.world
    world.build(members=2)
    there, _ = world.connect()
    (peer,) = world.load(world.left, there, index=1)
    active, standby = world.left.members
    configure_network = ConfigureNetwork(
        MemberRole.ACTIVE, frozenset({world.left.cidr}), frozenset({world.right.cidr})
    )
    with border.watched() as (outer, inner), repeated(lambda: list(map(border.knock, (active, standby)))):
        pid = world.state(world.left).pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        world.do(standby, configure_network, Initiate(peer.name, peer.children[0].name))
        wait_for(lambda: world.up(world.left, index=1))
        world.do(
            active,
            StartMember(),
            ConfigureNetwork(MemberRole.STANDBY, configure_network.local_cidrs, configure_network.peer_cidrs),
        )
    border.judge(outer, inner)
    passes(world.namespace(world.left), world.right.host)


@contextmanager
def repeated(call: Callable[[], object]) -> Iterator[None]:
    """Again and again, beside the block; at least once."""
    stop, failed = Event(), list[Exception]()

    def run() -> None:
        try:
            while True:
                call()
                if stop.wait(0.005):
                    return
        except OSError as error:
            failed.append(error)

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
    assert not failed


def test_nothing_passes_an_incomplete_member(border: Border, config: DriverConfig) -> None:
    """Killed after every step of a start; each time both sides send packets."""
    world, member, number = border.world, border.world.left.members[0], 1
    world.driver.remove_network(world.left.vpc_id)
    configure_network = ConfigureNetwork(
        MemberRole.ACTIVE, frozenset({world.left.cidr}), frozenset({world.right.cidr})
    )
    more = world.left.members[1]
    world.driver.apply_network(world.left.network())
    while killed_at(config, number, more, StartMember(), configure_network):
        with border.watched() as (outer, inner):
            border.knock(more)
        border.judge(outer, inner)
        world.driver.apply(more, StopMember(), generation=1)
        number += 1
    assert number > 12, "it was killed at every step"
    assert member and installed(world.state(world.left)) == {}


def unfiltered(namespace: str) -> None:
    assert in_namespace(namespace, "nft", "flush", "ruleset").returncode == 0


def unruled(namespace: str) -> None:
    """One table for everything, as in a host that forwards."""
    text = (
        "rule flush\nrule add pref 1 lookup local\nrule add pref 2 lookup 220\nrule add pref 3 lookup main\n"
        "route add 198.18.0.0/16 dev pub0\nroute add default via 198.18.0.1\n"
    )
    netns.run(["ip", "-batch", "-"], what="open the member", feed=text, namespace=namespace)


def test_filter_and_routing_close_a_member_each_by_itself(border: Border) -> None:
    """And without both, the same measurement detects packets in both directions."""
    world, (member, _) = border.world, border.world.left.members
    namespace = border.names.member(member.gateway_id, member.index)
    configure_network = ConfigureNetwork(
        MemberRole.ACTIVE, frozenset({world.left.cidr}), frozenset({world.right.cidr})
    )
    world.connect()
    # With ESP in the kernel and no tunnel device what was decrypted comes in by the public link.
    if world.driver.inventory().esp != "kernel":
        unfiltered(namespace)
        with border.watched() as (outer, inner):
            border.knock(member)
        assert border.entered(inner) == []
        # Nothing is forwarded; what the member itself has to say begins at its public address.
        text = f"Packet(source='{world.left.public_address}'"
        assert [packet for packet in border.leaked(outer) if not packet.startswith(text)] == []
    world.do(member, configure_network)
    unruled(namespace)
    with border.watched() as (outer, inner):
        border.knock(member)
    assert border.entered(inner) == []
    # The routing is what keeps a private address from answering the stranger's own pings.
    text = f"Packet(source='{member.private_address}', destination='{ADDRESS}', protocol=1"
    assert [packet for packet in border.leaked(outer) if not packet.startswith(text)] == []
    unfiltered(namespace)
    with border.watched() as (outer, inner):
        border.knock(member)
    assert border.leaked(outer) and border.entered(inner)
    assert world.state(world.left).drift
    world.do(member, configure_network)
    border.check(member)
    assert world.state(world.left).drift == ""


def test_a_public_address_answers_a_ping_and_nothing_else(border: Border) -> None:
    world = border.world
    assert ping(border.stranger.namespace, world.left.public_address, count=3) == 3
    assert marked_pings(border.stranger.namespace, world.left.members[0].private_address, count=2) == 0
