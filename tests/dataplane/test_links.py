"""Links, bridges and kernel settings that carry a gateway's traffic: a change by hand is seen and undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.dataplane.world import World, in_namespace, installed, passes, ping
from tests.waiting import wait_for
from vpn.domain.actions import StartMember, Terminate
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan import names
from vpn.drivers.strongswan.driver import StrongSwanDriver
from vpn.drivers.strongswan.names import Names

pytestmark = pytest.mark.dataplane


@pytest.fixture
def driver(config: DriverConfig) -> StrongSwanDriver:
    """With ESP in user space, whose routes and device are charon's own."""
    return StrongSwanDriver(replace(config, esp="userspace"))


Place = Callable[[Names, World], str]


def member(known: Names, world: World) -> str:
    return known.member(world.left.gateway_id, 0)


def router(known: Names, world: World) -> str:
    return known.vpc(world.left.vpc_id)


def provider(known: Names, world: World) -> str:
    return known.provider


# {end} is the far end of the member's link, {bridge} the bridge of its subnet.
CHANGES = [
    (member, "ip link set pub0 down", "links"),
    (member, "ip link set sub0 down", "links"),
    (member, "ip link set lo down", "links"),
    (member, "sysctl -qw net.ipv4.ip_forward=0", "kernel settings"),
    (router, "ip link set {end} down", "links"),
    (router, "ip link set {end} nomaster", "links"),
    (router, "ip link set {bridge} down", "links"),
    (router, "sysctl -qw net.ipv4.ip_forward=0", "kernel settings"),
    (provider, "ip link set {end} down", "links"),
    (provider, "ip link set {end} nomaster", "links"),
    (provider, "ip link set br0 down", "links"),
]


@pytest.mark.parametrize(
    ("place", "change", "drift"), CHANGES, ids=[f"{place.__name__}: {change}" for place, change, _ in CHANGES]
)
def test_what_is_changed_by_hand_is_seen_and_undone(
    world: World, config: DriverConfig, place: Place, change: str, drift: str
) -> None:
    here, _ = world.connect()
    end, bridge = names.member_end(world.left.gateway_id, 0), names.subnet_bridge(world.left.subnet_id)
    command = change.format(end=end, bridge=bridge).split()
    done = in_namespace(place(Names(config.installation), world), *command)
    assert done.returncode == 0, done.stderr
    assert world.state(world.left).drift == drift
    (made,) = world.load(world.left, here)
    assert world.state(world.left).drift == ""
    # charon ends SAs whose address it loses.
    world.do(world.left.members[0], Terminate(made.name))
    wait_for(lambda: not installed(world.state(world.left)))
    world.initiate(world.left, made)
    wait_for(lambda: installed(world.state(world.left)))
    passes(world.namespace(world.left), world.right.host)
    passes(world.namespace(world.right), world.left.host)


@pytest.mark.parametrize(
    ("change", "drift"),
    [("ip link set ipsec0 down", "links"), ("ip route flush table 220", "routing")],
)
def test_routes_to_a_tunnel_are_restored_without_ending_it(
    world: World, config: DriverConfig, change: str, drift: str
) -> None:
    here, _ = world.connect()
    before = installed(world.state(world.left))
    assert in_namespace(member(Names(config.installation), world), *change.split()).returncode == 0
    assert ping(world.namespace(world.left), world.right.host) == 0
    assert world.state(world.left).drift == drift
    world.load(world.left, here)
    assert world.state(world.left).drift == ""
    passes(world.namespace(world.left), world.right.host)
    passes(world.namespace(world.right), world.left.host)
    assert installed(world.state(world.left)) == before


def test_a_charon_without_its_tunnel_device_is_replaced(world: World, config: DriverConfig) -> None:
    here, _ = world.connect()
    old = world.state(world.left)
    lost = in_namespace(member(Names(config.installation), world), "ip", "link", "del", "ipsec0")
    assert lost.returncode == 0, lost.stderr
    assert not world.state(world.left).running
    world.do(world.left.members[0], StartMember())
    made = world.load(world.left, here)
    assert world.state(world.left).running and world.state(world.left).boot_id != old.boot_id
    world.initiate(world.left, *made)
    wait_for(lambda: installed(world.state(world.left)))
    passes(world.namespace(world.left), world.right.host)


@pytest.mark.parametrize("change", ["ip link set {end} nomaster", "ip link set {end} down"])
def test_the_port_of_an_instance_is_restored(world: World, config: DriverConfig, change: str) -> None:
    host, side = world.namespace(world.left), world.left
    assert ping(host, side.address(1)) == 1
    command = change.format(end=names.host_end(side.instance_id)).split()
    assert in_namespace(Names(config.installation).vpc(side.vpc_id), *command).returncode == 0
    assert ping(host, side.address(1)) == 0
    world.driver.apply_network(side.network())
    wait_for(lambda: ping(host, side.address(1)) == 1)
