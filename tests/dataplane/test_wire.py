"""What leaves a gateway: ciphertext, or nothing."""

from __future__ import annotations

import pytest

from tests.dataplane.capture import capture, marked_pings, provider_wire
from tests.dataplane.world import World, in_namespace, installed
from vpn.domain.actions import ConfigureNetwork, Terminate
from vpn.domain.spec import MemberRole
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan.names import Names, subnet_bridge

pytestmark = pytest.mark.dataplane


def test_pings_cross_as_esp_and_nothing_in_clear(world: World, config: DriverConfig) -> None:
    side, names = world.left, Names(config.installation)
    with provider_wire(config.installation) as outside:
        world.connect()
        with capture(names.vpc(side.vpc_id), subnet_bridge(side.subnet_id)) as inside:
            assert marked_pings(world.namespace(side), world.right.host) == 20
    assert inside.marked >= 40, "the marker can be seen where it is in clear"
    assert outside.marked == 0
    assert not [packet for packet in outside.packets if packet.is_private]
    esp = [packet for packet in outside.packets if packet.is_esp]
    assert len(esp) == 40
    assert [packet for packet in outside.packets if packet.is_ike]
    (spis,) = installed(world.state(side)).values()
    assert {packet.spi for packet in esp} == set(spis)
    for spi in spis:
        sequence = [packet.sequence for packet in esp if packet.spi == spi]
        assert sequence == sorted(set(sequence)) and len(sequence) == 20
    for end in (world.left, world.right):
        (child,) = world.state(end).sas[0].children
        assert (child.packets_in, child.packets_out) == (20, 20)


def leaks(world: World, config: DriverConfig, target: str) -> int:
    with provider_wire(config.installation) as outside:
        marked_pings(world.namespace(world.left), target, count=5)
    return outside.marked


def test_nothing_leaves_before_and_after_a_tunnel(world: World, config: DriverConfig) -> None:
    assert leaks(world, config, world.right.host) == 0
    world.connect()
    world.do(world.left.members[0], Terminate(world.state(world.left).sas[0].peer))
    assert leaks(world, config, world.right.host) == 0


@pytest.mark.parametrize(
    "change",
    [
        "delete table inet isthmus",
        "flush chain inet isthmus input",
        "add table inet isthmus { flags dormant; }",
    ],
)
def test_a_packet_filter_changed_by_hand_is_seen_and_restored(
    world: World, config: DriverConfig, change: str
) -> None:
    member = world.left.members[0]
    namespace = Names(config.installation).member(member.gateway_id, 0)
    assert world.state(world.left).drift == ""
    assert in_namespace(namespace, "nft", change).returncode == 0
    assert world.state(world.left).drift == "packet filter"
    world.do(
        member,
        ConfigureNetwork(MemberRole.ACTIVE, frozenset({world.left.cidr}), frozenset({world.right.cidr})),
    )
    assert world.state(world.left).drift == ""


@pytest.mark.parametrize("everything", ["0.0.0.0/0", "198.18.0.0/16", "198.18.7.0/24", "198.0.0.0/8"])
def test_peer_cidrs_wider_than_the_last_resort_are_closed_too(
    world: World, config: DriverConfig, everything: str
) -> None:
    member = world.left.members[0]
    world.do(
        member, ConfigureNetwork(MemberRole.ACTIVE, frozenset({world.left.cidr}), frozenset({everything}))
    )
    assert world.state(world.left).peer_cidrs == {everything}
    assert leaks(world, config, "198.18.7.7") == 0
    assert leaks(world, config, "198.18.0.3") == 0
