"""Half-open IKE_SAs: a flood is limited and blocks no peer, and many tunnels can start at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest

from policies.domain.proposals import AUTO_IKE, IkeVersion
from tests.dataplane.isakmp import ike_sa_init, main_mode, send_forged
from tests.dataplane.world import Side, World, connection, installed, passes, ping
from tests.waiting import wait_for
from vpn.domain.peers import PeerSpec
from vpn.domain.spec import ConnectionSpec
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan import netns, vici
from vpn.drivers.strongswan.names import MemberFiles, Names

pytestmark = pytest.mark.dataplane

FLOOD = 600
ONE = ["198.18.7.1"]
_NETWORK = {"left": 1, "right": 2}
MANY = [f"198.18.7.{last}" for last in range(1, 101)]


def half_open(world: World, config: DriverConfig) -> int:
    with vici.session(MemberFiles.of(config.directory, world.left.members[0]).socket) as control:
        return int(control.request("stats")["ikesas"]["half-open"])


class Flood(NamedTuple):
    """So many half-open IKE_SAs are wanted at least, and at most."""

    message: Callable[[], bytes]
    sources: list[str]
    version: IkeVersion
    least: int
    most: int


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(Flood(ike_sa_init, ONE, IkeVersion.V2, 5, 20), id="v2 from one address"),
        pytest.param(Flood(ike_sa_init, MANY, IkeVersion.V2, 20, 45), id="v2 from many addresses"),
        pytest.param(Flood(main_mode, ONE, IkeVersion.V1, 100, 140), id="v1 from one address"),
    ],
)
def test_a_flood_is_bounded_and_another_peer_gets_in(
    world: World, config: DriverConfig, flood: Flood
) -> None:
    """The sources are peers' addresses, forged: those of strangers are refused at once in any case."""
    _, sources, version, least, most = flood
    offer = replace(AUTO_IKE, version=version)
    flooded = [
        connection(world.left, world.right, ike=offer, peer_address=source, remote_id=source)
        for source in sources
    ]
    wanted = connection(world.left, world.right, ike=offer)
    world.load(world.left, wanted, *flooded)
    made = world.load(world.right, connection(world.right, world.left, ike=offer))
    messages = [(sources[count % len(sources)], flood.message()) for count in range(FLOOD)]
    to = world.left.public_address
    netns.within(Names(config.installation).provider, lambda: send_forged(messages, to))
    wait_for(lambda: half_open(world, config) >= least)
    world.initiate(world.right, *made, ike_version=int(version))
    world.wait_up(seconds=20)
    assert least <= half_open(world, config) <= most


def test_a_peer_whose_address_is_forged_gets_in(world: World, config: DriverConfig) -> None:
    """By the cookie, which only the true owner of the address receives."""
    world.load(world.left, connection(world.left, world.right))
    made = world.load(world.right, connection(world.right, world.left))
    source, to = world.right.public_address, world.left.public_address
    flood = [(source, ike_sa_init()) for _ in range(FLOOD)]
    netns.within(Names(config.installation).provider, lambda: send_forged(flood, to))
    wait_for(lambda: half_open(world, config) >= 5)
    world.initiate(world.right, *made)
    world.wait_up(seconds=20)
    assert half_open(world, config) <= 20


def test_replies_to_unused_addresses_delay_no_tunnel(world: World, config: DriverConfig) -> None:
    """What waits for an answer to ARP fills the send buffer that all peers of a member share."""
    world.connect()
    passes(world.namespace(world.left), world.right.host)
    flood = [(source, ike_sa_init()) for source in MANY * 6]
    to = world.left.public_address
    netns.within(Names(config.installation).provider, lambda: send_forged(flood, to))
    assert ping(world.namespace(world.left), world.right.host, count=50) >= 40


def many(here: Side, there: Side, count: int) -> list[ConnectionSpec]:
    """Connections between the same two addresses, distinguished by identities."""
    return [
        connection(
            here,
            there,
            local=[f"10.{_NETWORK[here.name]}.{number}.0/24"],
            remote=[f"10.{_NETWORK[there.name]}.{number}.0/24"],
            local_id=f"{here.name}-{number}.example",
            remote_id=f"{there.name}-{number}.example",
        )
        for number in range(count)
    ]


def load_slowly(world: World, side: Side, wanted: list[ConnectionSpec]) -> tuple[PeerSpec, ...]:
    """A few addresses at a time: a busy charon overlooks some of a hundred that come at once."""
    for upto in range(10, len(wanted), 10):
        world.load(side, *wanted[:upto])
    return world.load(side, *wanted)


def test_a_hundred_tunnels_between_two_gateways_start_together(world: World, config: DriverConfig) -> None:
    """None is sent away for being one too many from its address: it would wait for a retransmission."""
    count = 100
    load_slowly(world, world.right, many(world.right, world.left, count))
    made = load_slowly(world, world.left, many(world.left, world.right, count))
    with vici.session(MemberFiles.of(config.directory, world.left.members[0]).socket) as control:
        for peer in made:
            control.initiate(peer.name, peer.children[0].name)
    for side in (world.left, world.right):
        wait_for(lambda side=side: len(installed(world.state(side))) == count or None, 60)
    text = MemberFiles.of(config.directory, world.right.members[0]).log.read_text()
    assert "ignoring IKE_SA setup" not in text
