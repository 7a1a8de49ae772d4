"""The way to a peer is kept apart from what tunnels carry, whatever CIDRs a connection has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from tests.dataplane.bare import BarePeer, bare_peer
from tests.dataplane.world import KEY, Side, World, connection, in_namespace, installed, passes, ping, pinging
from tests.waiting import wait_for
from vpn.domain.actions import ConfigureNetwork, Initiate, LoadPeer, Terminate
from vpn.domain.peers import PeerSpec
from vpn.domain.spec import MemberRole
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan.driver import StrongSwanDriver
from vpn.drivers.strongswan.names import Names

pytestmark = pytest.mark.dataplane

PEER = "198.18.77.1"
_CAMPUS = """
connections {{
  campus {{
    version = 2
    local_addrs = 198.18.77.7
    remote_addrs = 198.18.0.2
    local {{
      auth = psk
      id = 198.18.77.7
    }}
    remote {{
      auth = psk
      id = 198.18.0.2
    }}
    children {{
      all {{
        local_ts = {cidr}
        remote_ts = 192.168.100.0/24
      }}
    }}
  }}
}}
secrets {{
  ike-campus {{
    secret = "{key}"
  }}
}}
"""


@pytest.fixture
def world(driver: StrongSwanDriver) -> World:
    """As elsewhere, but the right gateway's public address lies in a network that others may name."""
    made = World(
        driver, Side("left", "192.168.100.0/24", "198.18.0.2"), Side("right", "192.168.0.0/24", PEER)
    )
    made.build()
    return made


def reopen(world: World, peer: PeerSpec) -> None:
    """End what is up and open it again: for that charon has to find the way to the peer."""
    world.do(world.left.members[0], Terminate(peer.name))
    names = {child.name for child in peer.children}
    wait_for(lambda: not names & installed(world.state(world.left)).keys())
    world.initiate(world.left, peer)
    wait_for(lambda: names <= installed(world.state(world.left)).keys())


@contextmanager
def unharmed(world: World) -> Iterator[None]:
    """Pings from left to right go on during the block, and none is lost. The last one may wait in
    charon for a next one (ESP in user space, on a busy machine)."""
    with pinging(world.namespace(world.left), world.right.host, 300) as running:
        yield
        answer = running.communicate(timeout=60)[0]
    assert " 300 received" in answer or " 299 received" in answer, answer


def test_a_peer_cidr_that_covers_another_connections_peer(world: World) -> None:
    """Present but not loaded (disabled), then up, then gone: the other tunnel loses nothing, and can
    be opened again at any time."""
    third = Side("third", "198.18.77.0/24", "198.18.0.9")
    world.driver.apply_network(third.network())
    far = World(world.driver, third, world.left)
    far.build()
    here, _ = world.connect()
    there = connection(world.left, third)
    far.load(third, connection(third, world.left))
    member = world.left.members[0]
    with unharmed(world):
        (first, second) = sorted(world.load(world.left, here, there), key=lambda p: p.peer_address != PEER)
        world.do(member, *(Initiate(second.name, child.name) for child in second.children))
        wait_for(lambda: len(installed(world.state(world.left))) == 2)
    target = far.namespace(third)
    # Neighbours that never spoke before have to find each other first.
    wait_for(lambda: ping(target, world.left.host) == 1)
    passes(world.namespace(world.left), third.host)
    passes(target, world.left.host)
    for _ in range(2):
        reopen(world, first)
        passes(world.namespace(world.left), world.right.host)
        passes(world.namespace(world.left), third.host)
        world.do(member, Terminate(second.name))
        wait_for(lambda: len(installed(world.state(world.left))) == 1)
        reopen(world, first)
        world.initiate(world.left, second)
        wait_for(lambda: len(installed(world.state(world.left))) == 2)
    with unharmed(world):
        world.load(world.left, here)


@contextmanager
def connected(world: World, config: DriverConfig, cidr: str, networks: list[str]) -> Iterator[BarePeer]:
    """A peer at 198.18.77.7 that has `cidr` behind it, and opens the tunnel."""
    spec = connection(
        world.left, world.right, remote=[cidr], peer_address="198.18.77.7", remote_id="198.18.77.7"
    )
    with bare_peer(config.installation, "198.18.77.7", networks) as peer:
        (made,) = world.load(world.left, spec)
        peer.load(_CAMPUS.format(cidr=cidr, key=KEY))
        world.initiate(world.left, made)
        wait_for(partial(world.up, world.left), 20)
        reopen(world, made)
        yield peer


@pytest.mark.parametrize(
    ("cidr", "networks", "targets"),
    [
        ("198.18.77.0/24", ["198.18.77.0/24"], ["198.18.77.1", "198.18.77.7"]),
        ("198.18.77.7/32", [], ["198.18.77.7"]),
        ("198.18.0.0/16", ["198.18.77.0/24"], ["198.18.77.1", "198.18.77.7"]),
        ("0.0.0.0/0", ["10.66.0.0/24", "198.18.77.0/24"], ["10.66.0.1", "198.18.77.1", "198.18.77.7"]),
    ],
)
def test_a_peer_inside_its_own_peer_cidr(
    config: DriverConfig, driver: StrongSwanDriver, cidr: str, networks: list[str], targets: list[str]
) -> None:
    """A campus whose VPN box has an address of the campus, up to a peer that is everything."""
    world = World(
        driver, Side("left", "192.168.100.0/24", "198.18.0.2"), Side("right", "192.168.0.0/24", PEER)
    )
    world.build()
    host = world.namespace(world.left)
    with connected(world, config, cidr, networks):
        for target in targets:
            passes(host, target)
        # The VPC itself is not taken away by a peer that is everything.
        passes(host, world.left.address(1))
        passes(host, world.left.members[0].private_address)
        tunnel = in_namespace(host, "ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "1373", targets[0])
        assert "Frag needed" in tunnel.stdout + tunnel.stderr
        assert world.state(world.left).drift == ""


def test_a_local_cidr_that_covers_the_public_network(world: World) -> None:
    """It comes and goes while another tunnel carries traffic, and is itself up with packets."""
    here, _ = world.connect()
    member, cidrs = world.left.members[0], frozenset({world.left.cidr})
    peer = frozenset({world.right.cidr})
    with unharmed(world):
        for _ in range(3):
            world.do(member, ConfigureNetwork(MemberRole.ACTIVE, cidrs | {"198.18.0.0/16"}, peer))
            assert world.state(world.left).local_cidrs == cidrs | {"198.18.0.0/16"}
            world.do(member, ConfigureNetwork(MemberRole.ACTIVE, cidrs, peer))
    wide = ["198.18.0.0/16", world.left.cidr]
    back = connection(world.right, world.left, remote=wide)
    world.load(world.right, back)
    (made,) = world.load(world.left, connection(world.left, world.right, local=wide))
    world.do(world.left.members[0], LoadPeer(made))
    reopen(world, made)
    passes(world.namespace(world.left), world.right.host)
    passes(world.namespace(world.right), world.left.host)
    (made,) = world.load(world.left, here)
    reopen(world, made)
    passes(world.namespace(world.left), world.right.host)


CHANGES = [
    ("ip", "rule", "del", "pref", "3"),
    ("ip", "rule", "del", "pref", "8"),
    ("ip", "rule", "del", "pref", "13"),
    ("ip", "rule", "add", "pref", "2", "lookup", "main"),
    ("ip", "route", "flush", "table", "100"),
    ("ip", "route", "del", "default", "table", "100"),
    ("ip", "route", "add", "default", "via", "198.18.0.1", "dev", "pub0", "onlink"),
]


@pytest.mark.parametrize("change", CHANGES, ids=" ".join)
def test_routing_changed_by_hand_is_seen_and_restored(
    world: World, config: DriverConfig, change: tuple[str, ...]
) -> None:
    here, _ = world.connect()
    namespace = Names(config.installation).member(world.left.gateway_id, 0)
    done = in_namespace(namespace, *change)
    assert done.returncode == 0, done.stderr
    assert world.state(world.left).drift == "routing"
    (made,) = world.load(world.left, here)
    assert world.state(world.left).drift == ""
    reopen(world, made)
    passes(world.namespace(world.left), world.right.host)


def test_a_lost_route_of_the_vpc_to_its_member_is_observed(world: World, config: DriverConfig) -> None:
    here, _ = world.connect()
    router = Names(config.installation).vpc(world.left.vpc_id)
    assert in_namespace(router, "ip", "route", "flush", "table", "default").returncode == 0
    assert world.state(world.left).peer_cidrs == frozenset()
    world.load(world.left, here)
    assert world.state(world.left).peer_cidrs == {world.right.cidr}
    passes(world.namespace(world.left), world.right.host)
