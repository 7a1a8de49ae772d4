from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from policies.domain.proposals import AUTO_IKE, IkeVersion
from tests.vpn.domain.values import (
    NOW,
    actions,
    child,
    connection,
    gateway,
    names,
    nothing,
    sa,
    settled,
    shape,
    tried,
    with_member,
)
from vpn.domain.actions import ConfigureNetwork, Initiate, LoadPeer, StartMember, StopMember, Terminate
from vpn.domain.initiation import BACK_OFF, IN_FLIGHT
from vpn.domain.peers import peers
from vpn.domain.plan import Plan, plan
from vpn.domain.spec import MemberRole
from vpn.domain.state import GatewayState, MemberState


def test_a_new_gateway_is_built_active_member_first() -> None:
    spec = gateway(connection())
    for state in (nothing(spec), GatewayState(NOW, {})):
        todo = plan(spec, state, now=NOW)
        assert shape(todo) == [
            (0, "StartMember"),
            (0, "ConfigureNetwork"),
            (0, "LoadPeer"),
            (0, "Initiate"),
            (1, "StartMember"),
            (1, "ConfigureNetwork"),
            (1, "LoadPeer"),
        ]
        assert todo.active == spec.members[0].id
        assert todo.requeue_after == IN_FLIGHT
    configured = [a for a in actions(todo) if isinstance(a, ConfigureNetwork)]
    assert [p.role for p in configured] == [MemberRole.ACTIVE, MemberRole.STANDBY]
    assert configured[0].local_cidrs == {"10.1.0.0/24"} and configured[0].peer_cidrs == {"10.2.0.0/24"}


def test_nothing_to_do() -> None:
    spec = gateway(connection(), connection("c2", peer="203.0.113.3", remote=["10.3.0.0/24"]))
    assert plan(spec, settled(spec), now=NOW) == Plan((), spec.members[0].id, None)


def test_a_member_whose_network_configuration_drifted_is_configured_again_and_keeps_its_role() -> None:
    spec = gateway(connection())
    for index, role in ((0, MemberRole.ACTIVE), (1, MemberRole.STANDBY)):
        state = with_member(settled(spec), spec.members[index].id, drift="packet filter")
        todo = plan(spec, state, now=NOW)
        assert shape(todo) == [(index, "ConfigureNetwork")]
        (configure_network,) = actions(todo)
        assert isinstance(configure_network, ConfigureNetwork) and configure_network.role is role
        assert configure_network.peer_cidrs == {"10.2.0.0/24"}


def test_deletion_stops_existing_members_only() -> None:
    spec = replace(gateway(connection()), deleted=True)
    assert shape(plan(spec, settled(gateway(connection())), now=NOW)) == [
        (0, "StopMember"),
        (1, "StopMember"),
    ]
    state = GatewayState(NOW, {spec.members[1].id: MemberState(spec.members[1].id, exists=True)})
    assert shape(plan(spec, state, now=NOW)) == [(1, "StopMember")]
    assert plan(spec, nothing(spec), now=NOW).steps == ()
    assert all(a == StopMember() for a in actions(plan(spec, state, now=NOW)))


def test_takeover_comes_before_repair() -> None:
    spec = gateway(connection())
    state = with_member(settled(spec), spec.members[0].id, running=False, sas=())
    todo = plan(spec, state, now=NOW)
    assert shape(todo) == [
        (1, "ConfigureNetwork"),
        (1, "Initiate"),
        (0, "StartMember"),
        (0, "ConfigureNetwork"),
        (0, "LoadPeer"),
    ]
    assert todo.active == spec.members[1].id
    assert [a.role for a in actions(todo) if isinstance(a, ConfigureNetwork)] == [
        MemberRole.ACTIVE,
        MemberRole.STANDBY,
    ]


def test_a_dead_standby_is_repaired_without_touching_the_active_one() -> None:
    spec = gateway(connection())
    state = with_member(settled(spec), spec.members[1].id, running=False)
    assert {step.member.index for step in plan(spec, state, now=NOW).steps} == {1}


def test_a_standby_loads_but_never_initiates_and_terminates_what_is_up() -> None:
    spec = gateway(connection())
    peer = peers(spec)[0]
    state = with_member(settled(spec), spec.members[1].id, sas=(sa(peer.name, names(spec)),), loaded={})
    assert actions(plan(spec, state, now=NOW), 1) == [LoadPeer(peer), Terminate(peer.name)]
    assert actions(plan(spec, state, now=NOW), 0) == []


def test_two_active_members_become_one() -> None:
    spec = gateway(connection())
    state = with_member(settled(spec), spec.members[1].id, role=MemberRole.ACTIVE)
    todo = plan(spec, state, now=NOW)
    assert [a.role for a in actions(todo) if isinstance(a, ConfigureNetwork)] == [
        MemberRole.ACTIVE,
        MemberRole.STANDBY,
    ]
    assert shape(todo) == [(0, "ConfigureNetwork"), (1, "ConfigureNetwork")]


def test_starting_comes_alone_for_a_gateway_without_connections() -> None:
    spec = gateway()
    assert actions(plan(spec, nothing(spec), now=NOW), 0) == [
        StartMember(),
        ConfigureNetwork(MemberRole.ACTIVE, frozenset(), frozenset()),
    ]


def test_only_the_peer_may_start_it() -> None:
    spec = gateway(connection(initiate=False))
    assert not [a for a in actions(plan(spec, nothing(spec), now=NOW)) if isinstance(a, Initiate)]
    assert plan(spec, settled(spec, up=False), now=NOW).steps == ()
    assert plan(spec, settled(spec, up=False), now=NOW).requeue_after is None


@pytest.mark.parametrize(("count", "delay"), [*enumerate(BACK_OFF), (20, 60)])
def test_back_off(count: int, delay: int) -> None:
    spec = gateway(connection())
    due = plan(spec, tried(spec, count, delay), now=NOW)
    assert shape(due) == [(0, "Initiate")]
    if delay:
        early = plan(spec, tried(spec, count, delay - 0.25), now=NOW)
        assert early.steps == ()
        assert early.requeue_after == (timedelta(seconds=0.25) if delay <= 4 else None)


@pytest.mark.parametrize(
    ("version", "used"),
    [
        (IkeVersion.ANY, [2, 2, 1, 2, 1, 2]),
        (IkeVersion.V1, [1] * 6),
        (IkeVersion.V2, [2] * 6),
    ],
)
def test_ike_version_of_each_try(version: IkeVersion, used: list[int]) -> None:
    spec = gateway(connection(ike=replace(AUTO_IKE, version=version)))
    tries = [plan(spec, tried(spec, count, 100), now=NOW) for count in range(6)]
    assert [a.ike_version for todo in tries for a in actions(todo) if isinstance(a, Initiate)] == used


def test_a_second_child_uses_the_ike_version_that_is_up() -> None:
    spec = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    peer = peers(spec)[0]
    up = replace(sa(peer.name, [peer.children[0].name]), version=1)
    state = with_member(settled(spec), spec.members[0].id, sas=(up,))
    assert actions(plan(spec, state, now=NOW)) == [Initiate(peer.name, peer.children[1].name, 1)]


def test_each_try_opens_all_pairs_that_are_down() -> None:
    spec = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24", "10.4.0.0/24"]))
    assert shape(plan(spec, settled(spec, up=False), now=NOW)) == [(0, "Initiate")] * 3
    assert shape(plan(spec, tried(spec, 1, 1), now=NOW)) == [(0, "Initiate")] * 3
    assert plan(spec, tried(spec, 2, 1), now=NOW).requeue_after == timedelta(seconds=1)


def test_a_negotiation_under_way_is_left_alone() -> None:
    spec = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    peer = peers(spec)[0]
    one, two = (c.name for c in peer.children)
    for busy in (sa(peer.name, [], state="CONNECTING"), sa(peer.name, [one, child(two, state="CREATED")])):
        todo = plan(spec, with_member(settled(spec), spec.members[0].id, sas=(busy,)), now=NOW)
        assert (todo.steps, todo.requeue_after) == ((), IN_FLIGHT)


def test_a_rekeyed_child_does_not_hide_the_new_one() -> None:
    spec = gateway(connection())
    peer = peers(spec)[0]
    name = peer.children[0].name
    both = (sa(peer.name, [child(name, state="REKEYED"), name]), sa(peer.name, [], state="REKEYING"))
    state = with_member(settled(spec), spec.members[0].id, sas=both)
    assert plan(spec, state, now=NOW).steps == ()


def test_a_takeover_initiates_once_what_only_the_peer_may_initiate() -> None:
    """The peer keeps an SA with the dead member, and nothing else would notify it."""
    spec = gateway(connection(initiate=False))
    first, second = spec.members
    before = with_member(settled(spec), first.id, running=False, sas=())
    assert any(isinstance(action, Initiate) for action in actions(plan(spec, before, now=NOW), 1))
    after = with_member(settled(spec, up=False, active=1), first.id)
    assert not plan(spec, after, now=NOW).steps
    killed_between = with_member(after, second.id, unaware=frozenset(peer.name for peer in peers(spec)))
    assert [type(action) for action in actions(plan(spec, killed_between, now=NOW), 1)] == [Initiate]
    fresh = with_member(with_member(after, first.id, running=False), second.id, running=False, role=None)
    assert not any(isinstance(action, Initiate) for action in actions(plan(spec, fresh, now=NOW)))


def test_a_charon_that_is_started_again_initiates_once_what_only_answers() -> None:
    """In the run that starts it: a peer that waits for its own dead peer detection has a dead SA."""
    spec = gateway(connection(initiate=False))
    both = settled(spec)
    for member in spec.members:
        both = with_member(both, member.id, running=False, sas=())
    todo = plan(spec, both, now=NOW)
    assert [kind for member, kind in shape(todo) if member == 0][-2:] == ["LoadPeer", "Initiate"]
    assert "Initiate" not in {kind for member, kind in shape(todo) if member == 1}
