"""The contract of drivers: one suite for the simulated and the strongSwan driver."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.domain.proposals import AUTO_IKE, IkeOffer, IkeVersion
from tests.contract.faults import kill
from tests.dataplane.watched_events import watched_events
from tests.dataplane.world import World, connection, installed
from tests.waiting import wait_for
from vpn.domain.actions import (
    ConfigureNetwork,
    DropPeer,
    Initiate,
    LoadPeer,
    StartMember,
    StopMember,
    Terminate,
)
from vpn.domain.spec import MemberRole
from vpn.domain.state import EventKind
from vpn.drivers.base import DriverError, StaleGeneration


def test_a_member_that_does_not_exist_is_observed_as_absent(world: World) -> None:
    state = world.state(world.left)
    assert (state.exists, state.running, state.sas) == (False, False, ())


def test_starting_twice_is_starting_once(world: World) -> None:
    member = world.left.members[0]
    world.do(member, StartMember())
    first = world.state(world.left)
    world.do(member, StartMember())
    assert first.exists and first.running and first.boot_id
    assert world.state(world.left) == first


@pytest.mark.parametrize(
    "action",
    [ConfigureNetwork(MemberRole.ACTIVE, frozenset(), frozenset()), Initiate("x", "y"), DropPeer("x")],
)
def test_nothing_is_done_with_a_member_that_does_not_exist(
    world: World, action: ConfigureNetwork | Initiate | DropPeer
) -> None:
    with pytest.raises(DriverError):
        world.do(world.left.members[0], action)
    assert not world.state(world.left).exists


def test_network_configuration_is_observed_as_requested(world: World) -> None:
    member = world.left.members[0]
    world.do(member, StartMember())
    for role, local, remote in (
        (MemberRole.ACTIVE, {"192.168.100.0/24", "10.9.0.0/16"}, {"10.1.0.0/24"}),
        (MemberRole.ACTIVE, {"192.168.100.0/24"}, {"10.2.0.0/24", "10.1.0.0/24"}),
        (MemberRole.STANDBY, {"192.168.100.0/24"}, {"10.2.0.0/24"}),
        (MemberRole.ACTIVE, set(), set()),
    ):
        world.do(member, ConfigureNetwork(role, frozenset(local), frozenset(remote)))
        state = world.state(world.left)
        assert (state.role, state.local_cidrs, state.peer_cidrs) == (role, local, remote)


def test_only_one_member_is_active(world: World) -> None:
    for member in world.left.members:
        world.do(member, StartMember())
        world.do(member, ConfigureNetwork(MemberRole.ACTIVE, frozenset(), frozenset({world.right.cidr})))
    assert world.state(world.left, 0).role is not MemberRole.ACTIVE
    assert world.state(world.left, 1).role is MemberRole.ACTIVE


def test_an_older_generation_is_refused(world: World) -> None:
    member = world.left.members[0]
    world.driver.apply(member, StartMember(), generation=7)
    with pytest.raises(StaleGeneration):
        world.driver.apply(member, StopMember(), generation=6)
    world.driver.apply(member, StartMember(), generation=7)
    assert world.state(world.left).running


def test_what_is_loaded_is_known_by_fingerprint(world: World) -> None:
    world.build()
    wanted = connection(world.left, world.right)
    (peer,) = world.load(world.left, wanted)
    (loaded,) = world.state(world.left).loaded.values()
    assert loaded == peer.as_loaded() and loaded.fingerprint
    (changed,) = world.load(world.left, replace(wanted, ike=IkeOffer(IkeVersion.V2, AUTO_IKE.proposal, 600)))
    assert world.state(world.left).loaded[peer.name] == changed.as_loaded() != peer.as_loaded()


def test_both_ends_see_one_tunnel(world: World) -> None:
    world.build()
    world.connect()
    near, far = world.state(world.left).sas, world.state(world.right).sas
    assert len(near) == len(far) == 1
    assert near[0].version == 2 and near[0].initiator and not far[0].initiator
    assert near[0].suite == far[0].suite == "aes256-sha256-modp2048"
    (ours,), (theirs,) = near[0].children, far[0].children
    assert (ours.spi_in, ours.spi_out) == (theirs.spi_out, theirs.spi_in)
    assert ours.suite == "aes256-sha256"
    assert (ours.local, ours.remote) == ((world.left.cidr,), (world.right.cidr,))


def test_a_child_that_is_up_is_not_initiated_again(world: World) -> None:
    world.build()
    there, _ = world.connect()
    before = installed(world.state(world.left))
    world.initiate(world.left, *world.load(world.left, there))
    assert installed(world.state(world.left)) == before


def test_ending_a_child_ends_it_at_both_ends(world: World) -> None:
    world.build()
    world.connect()
    ((name, _),) = installed(world.state(world.left)).items()
    world.do(world.left.members[0], Terminate(world.state(world.left).sas[0].peer, name))
    wait_for(lambda: not installed(world.state(world.left)) and not installed(world.state(world.right)))


def test_one_ike_sa_is_ended_by_its_id(world: World) -> None:
    world.build()
    world.connect()
    (sa,) = world.state(world.left).sas
    world.do(world.left.members[0], Terminate(sa.peer, sa=f"{sa.unique_id}0"))
    assert installed(world.state(world.left)) and installed(world.state(world.right))
    world.do(world.left.members[0], Terminate(sa.peer, sa=sa.unique_id))
    wait_for(lambda: not installed(world.state(world.left)) and not installed(world.state(world.right)))


def test_one_child_is_ended_by_its_id(world: World) -> None:
    world.build()
    world.connect()
    (sa,) = world.state(world.left).sas
    (child,) = sa.children
    world.do(world.left.members[0], Terminate(sa.peer, child.name, child_sa=f"{child.unique_id}0"))
    assert installed(world.state(world.left)) and installed(world.state(world.right))
    world.do(world.left.members[0], Terminate(sa.peer, child.name, child_sa=child.unique_id))
    wait_for(lambda: not installed(world.state(world.left)) and not installed(world.state(world.right)))


def test_a_dropped_peer_is_gone_with_its_tunnels(world: World) -> None:
    world.build()
    world.connect()
    (name,) = world.state(world.left).loaded
    world.do(world.left.members[0], DropPeer(name), DropPeer(name))
    assert world.state(world.left).loaded == {}
    wait_for(lambda: not world.state(world.left).sas and not world.state(world.right).sas)


def test_a_stopped_member_is_gone_with_its_tunnels(world: World) -> None:
    world.build()
    world.connect()
    member = world.left.members[0]
    world.do(member, StopMember(), StopMember())
    assert not world.state(world.left).exists
    assert all(existing.member_id != member.id for existing in world.driver.inventory().members)
    wait_for(lambda: not installed(world.state(world.right)))


def test_attempts_are_counted_until_the_peer_is_up(world: World) -> None:
    world.build()
    (peer,) = world.load(world.left, connection(world.left, world.right))
    assert world.state(world.left).attempts == {}
    world.initiate(world.left, peer)
    assert world.state(world.left).attempts[peer.name].count == 1
    wait_for(lambda: not [sa for sa in world.state(world.left).sas if not sa.established])
    world.initiate(world.left, peer)
    assert world.state(world.left).attempts[peer.name].count == 2
    world.connect()
    assert all(attempt.count == 0 for attempt in world.state(world.left).attempts.values())


def test_a_dead_charon_causes_an_event_and_so_does_a_new_one(world: World) -> None:
    world.build()
    world.connect()
    member = world.left.members[0]
    before = world.state(world.left)
    with watched_events(world.driver, [member]) as events:
        events.wait(EventKind.FOUND, member)
        kill(world.driver, member)
        events.wait(EventKind.LOST, member)
        state = world.state(world.left)
        assert state.exists and not state.running and not state.sas
        world.do(member, StartMember())
        events.wait(EventKind.FOUND, member, count=2)
    state = world.state(world.left)
    assert state.running and not state.loaded and state.boot_id != before.boot_id


def test_tunnels_cause_events_at_both_ends(world: World) -> None:
    world.build()
    ends = [world.left.members[0], world.right.members[0]]
    with watched_events(world.driver, ends) as events:
        for end in ends:
            events.wait(EventKind.FOUND, end)
        there, _ = world.connect()
        for end in ends:
            events.wait(EventKind.UP, end)
        peer = world.state(world.left).sas[0].peer
        assert events.of(EventKind.UP, ends[0])[0].peer == peer
        assert events.of(EventKind.UP, ends[0])[0].child.startswith(str(there.id))
        world.do(ends[0], Terminate(peer))
        for end in ends:
            events.wait(EventKind.DOWN, end)


def test_a_failure_causes_an_event_and_is_recorded_until_the_peer_is_up(world: World) -> None:
    world.build()
    member = world.left.members[0]
    (far,) = world.load(world.right, connection(world.right, world.left, key="another-key"))
    (near,) = world.load(world.left, connection(world.left, world.right))
    with watched_events(world.driver, [member]) as events:
        events.wait(EventKind.FOUND, member)
        world.initiate(world.left, near)
        failed = events.wait(EventKind.FAILED, member)
        assert failed.peer == near.name and failed.reason
        assert failed.reason.code == "cannot_authenticate_connection"
        wait_for(lambda: world.state(world.left).failures)
        assert world.state(world.left).failures[near.name].code == "cannot_authenticate_connection"
        world.do(world.right.members[0], DropPeer(far.name))
        world.connect()
        events.wait(EventKind.UP, member)
        assert world.state(world.left).failures == {}


def test_networks_are_made_changed_and_removed(world: World) -> None:
    network = world.left.network()
    world.driver.apply_network(network)
    world.driver.apply_network(network)
    (instance,) = world.driver.inventory().instances
    assert (instance.id, instance.address) == (world.left.instance_id, world.left.host)
    world.driver.apply_network(replace(network, instances=()))
    assert world.driver.inventory().instances == ()
    world.driver.apply_network(network)
    assert network.vpc_id in world.driver.networks()
    world.driver.remove_network(network.vpc_id)
    world.driver.remove_network(network.vpc_id)
    assert network.vpc_id not in world.driver.networks()
    assert world.driver.inventory().instances == ()


def test_a_gateway_is_removed_by_its_id_alone(world: World) -> None:
    world.build(members=2)
    world.connect()
    left, right = world.left.gateway_id, world.right.gateway_id
    assert world.driver.gateways() == {left, right}
    world.generation += 1
    world.driver.remove_gateway(left)
    world.driver.remove_gateway(left)
    assert world.driver.gateways() == {right}
    assert [world.state(world.left, index).exists for index in (0, 1)] == [False, False]
    assert {member.gateway_id for member in world.driver.inventory().members} == {right}
    # Nobody has its public address, and it can be built again.
    world.do(world.left.members[0], StartMember())
    assert world.state(world.left).running


def test_nothing_exists_after_removal(world: World) -> None:
    world.build(members=2)
    world.connect()
    inventory = world.driver.inventory()
    assert {m.role for m in inventory.members} == {"active", "standby"}
    assert sorted(m.tunnels_up for m in inventory.members) == [0, 0, 1, 1]
    world.driver.remove_all()
    world.driver.remove_all()
    inventory = world.driver.inventory()
    assert (inventory.members, inventory.instances) == ((), ())
    assert not world.state(world.left).exists


def test_loading_on_a_dead_charon_is_an_error(world: World) -> None:
    world.build()
    (peer,) = world.load(world.left, connection(world.left, world.right))
    kill(world.driver, world.left.members[0])
    wait_for(lambda: not world.state(world.left).running)
    with pytest.raises(DriverError):
        world.do(world.left.members[0], LoadPeer(peer))
