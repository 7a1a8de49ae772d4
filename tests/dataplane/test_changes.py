"""A change affects only what it changes, as SPIs, counters and a running ping show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.domain.proposals import AUTO_IKE, IkeOffer, IkeVersion
from tests.dataplane.world import Side, World, connection, host_namespace, installed, ping, pinging
from tests.waiting import PATIENCE, wait_for
from vpn.domain.actions import ConfigureNetwork, DropPeer, Initiate, LoadPeer, StartMember, Terminate
from vpn.domain.peers import child_name
from vpn.domain.spec import InstanceSpec, MemberRole, Selector, SubnetSpec
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan.driver import StrongSwanDriver

pytestmark = pytest.mark.dataplane


def test_a_change_leaves_every_other_tunnel_alone(world: World) -> None:
    third = Side("third", "192.168.7.0/24", "198.18.0.4")
    world.driver.apply_network(third.network())
    world.do(third.members[0], StartMember())
    left = world.left.members[0]
    kept, other = connection(world.left, world.right), connection(world.left, third)
    world.load(world.right, connection(world.right, world.left, local=["192.168.0.0/24", "10.8.0.0/16"]))
    world.load(third, connection(third, world.left))
    world.initiate(world.left, *world.load(world.left, kept, other))
    wait_for(lambda: len(installed(world.state(world.left))) == 2)
    before = installed(world.state(world.left))
    name = child_name(kept.id, kept.selectors[0])
    with pinging(world.namespace(world.left), world.right.host, 300) as running:
        wider = replace(kept, selectors=(*kept.selectors, Selector(world.left.cidr, "10.8.0.0/16")))
        added = child_name(kept.id, wider.selectors[1])
        made = world.load(world.left, wider, other)
        world.do(left, Initiate(made[0].name, added))
        wait_for(lambda: added in installed(world.state(world.left)))
        world.do(left, Terminate(made[0].name, added))
        world.load(world.left, kept, other)
        wait_for(lambda: added not in installed(world.state(world.left)))
        offer = IkeOffer(IkeVersion.V2, AUTO_IKE.proposal, 900)
        changed = replace(other, ike=offer)
        world.do(left, DropPeer(made[1].name))
        made = world.load(world.left, kept, changed)
        world.initiate(world.left, made[1])
        wait_for(lambda: len(installed(world.state(world.left))) == 2)
        answer = running.communicate(timeout=20 * PATIENCE)[0]
    assert ", 300 received" in answer
    after = installed(world.state(world.left))
    assert after[name] == before[name]
    assert after.keys() == before.keys() and after != before


def test_a_new_driver_adopts_what_runs(world: World, config: DriverConfig) -> None:
    world.connect()
    before = world.state(world.left)
    with pinging(world.namespace(world.left), world.right.host, 100) as running:
        world.driver = StrongSwanDriver(config)
        for side in (world.left, world.right):
            world.do(side.members[0], StartMember())
            world.load(side, *world.connections[side.name])
        assert ", 100 received" in running.communicate(timeout=20 * PATIENCE)[0]
    after = world.state(world.left)
    assert (after.boot_id, after.pid, after.loaded) == (before.boot_id, before.pid, before.loaded)
    assert installed(after) == installed(before)


def second_subnet(world: World, side: Side, cidr: str) -> Side:
    """Another subnet with an instance in the side's VPC."""
    more = Side(f"{side.name}-2", cidr, side.public_address, vpc_id=side.vpc_id)
    network = side.network()
    world.driver.apply_network(
        replace(
            network,
            subnets=(*network.subnets, SubnetSpec(more.subnet_id, cidr, more.address(1))),
            instances=(
                *network.instances,
                InstanceSpec(more.instance_id, f"vsi-{more.name}", more.subnet_id, more.host),
            ),
        )
    )
    return more


def test_a_vpcs_own_subnet_wins_over_a_peer_that_claims_it(world: World) -> None:
    """The rules refuse such a peer CIDR; even if it existed, the subnet would stay reachable."""
    near, local = second_subnet(world, world.left, "10.9.1.0/24"), frozenset({world.left.cidr})
    for claimed in (near.cidr, world.right.cidr):
        world.do(world.left.members[0], ConfigureNetwork(MemberRole.ACTIVE, local, frozenset({claimed})))
        assert ping(world.namespace(world.left), near.host, count=3) == 3


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_several_cidrs_on_both_sides(world: World, version: IkeVersion) -> None:
    left = (world.left, second_subnet(world, world.left, "10.9.1.0/24"))
    right = (world.right, second_subnet(world, world.right, "10.8.1.0/24"))
    world.connect(
        ike=IkeOffer(version, AUTO_IKE.proposal, 600),
        local=[world.left.cidr, "10.9.0.0/16"],
        remote=[world.right.cidr, "10.8.0.0/16"],
    )
    assert len(installed(world.state(world.left))) == 4
    for near in left:
        for far in right:
            assert ping(host_namespace(world.driver, near), far.host) == 1, (near.name, far.name)


def test_two_connections_to_one_peer_share_its_ike_sa(world: World) -> None:
    second_subnet(world, world.right, "10.8.1.0/24")
    ends = [
        [connection(here, there, local=[local], remote=[remote]) for local, remote in pairs]
        for here, there, pairs in (
            (world.left, world.right, [(world.left.cidr, c) for c in (world.right.cidr, "10.8.0.0/16")]),
            (world.right, world.left, [(c, world.left.cidr) for c in (world.right.cidr, "10.8.0.0/16")]),
        )
    ]
    world.load(world.right, *ends[1])
    (peer,) = world.load(world.left, *ends[0])
    world.initiate(world.left, peer)
    world.wait_up(2)
    assert len(world.state(world.left).sas) == 1
    for target in (world.right.host, "10.8.1.10"):
        assert ping(world.namespace(world.left), target) == 1
    before = installed(world.state(world.left))
    (one, other) = (child.name for child in peer.children)
    world.do(world.left.members[0], Terminate(peer.name, one))
    wait_for(lambda: one not in installed(world.state(world.left)))
    assert installed(world.state(world.left)) == {other: before[other]}


def test_a_single_address_as_local_cidr(world: World) -> None:
    """Its anchor address is the instance's own: the gateway must neither answer ARP for it nor drop it."""
    host = f"{world.left.host}/32"
    world.connect(local=[host])
    assert ping(world.namespace(world.left), world.right.host, count=3) == 3
    assert ping(host_namespace(world.driver, world.right), world.left.host, count=3) == 3


def test_lost_network_configuration_is_observed_and_repaired(world: World, config: DriverConfig) -> None:
    world.connect()
    configure_network = ConfigureNetwork(
        MemberRole.ACTIVE, frozenset({world.left.cidr}), frozenset({world.right.cidr})
    )
    world.driver.remove_network(world.left.vpc_id)
    assert world.state(world.left).peer_cidrs == frozenset()
    world.driver.apply_network(world.left.network())
    world.do(world.left.members[0], configure_network)
    assert world.state(world.left).peer_cidrs == configure_network.peer_cidrs
    assert ping(world.namespace(world.left), world.right.host, count=3) >= 1


def test_loading_the_same_again_changes_nothing(world: World) -> None:
    there, _ = world.connect()
    before = installed(world.state(world.left))
    (peer,) = world.load(world.left, there)
    world.do(world.left.members[0], LoadPeer(peer))
    assert installed(world.state(world.left)) == before
