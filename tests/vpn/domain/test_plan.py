from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from policies.domain.proposals import AUTO_IKE, EspOffer, IkeVersion, Proposal
from tests.vpn.domain.values import NOW, child, connection, gateway, sa, settled, with_member
from vpn.domain.actions import Action, DropPeer, Initiate, LoadPeer, Plumb, StartMember, StopMember, Terminate
from vpn.domain.peers import peers
from vpn.domain.plan import BACK_OFF, IN_FLIGHT, Plan, plan
from vpn.domain.spec import ConnectionSpec, GatewaySpec, MemberRole
from vpn.domain.state import Attempt, GatewayState, LoadedPeer, MemberState

OTHER_ESP = EspOffer(Proposal(("aes128",), ("sha1",)), 600)


def shape(todo: Plan) -> list[tuple[int, str]]:
    return [(step.member.index, type(step.action).__name__) for step in todo.steps]


def actions(todo: Plan, index: int | None = None) -> list[Action]:
    return [step.action for step in todo.steps if index is None or step.member.index == index]


def nothing(spec: GatewaySpec) -> GatewayState:
    return GatewayState(NOW, {member.id: MemberState(member.id) for member in spec.members})


def edited(spec: GatewaySpec, **changes: object) -> GatewaySpec:
    """The first connection changed."""
    first, *others = spec.connections
    return replace(spec, connections=(replace(first, **changes), *others))


def names(spec: GatewaySpec) -> list[str]:
    return [c.name for peer in peers(spec) for c in peer.children]


def tried(spec: GatewaySpec, count: int, seconds_ago: float) -> GatewayState:
    attempt = Attempt(count, NOW - timedelta(seconds=seconds_ago))
    attempts = {peer.name: attempt for peer in peers(spec)}
    return with_member(settled(spec, up=False), spec.members[0].id, attempts=attempts)


def test_a_new_gateway_is_built_active_member_first() -> None:
    spec = gateway(connection())
    for state in (nothing(spec), GatewayState(NOW, {})):
        todo = plan(spec, state, now=NOW)
        assert shape(todo) == [
            (0, "StartMember"),
            (0, "Plumb"),
            (0, "LoadPeer"),
            (0, "Initiate"),
            (1, "StartMember"),
            (1, "Plumb"),
            (1, "LoadPeer"),
        ]
        assert todo.active == spec.members[0].id
        assert todo.look_again == IN_FLIGHT
    plumbs = [a for a in actions(todo) if isinstance(a, Plumb)]
    assert [p.role for p in plumbs] == [MemberRole.ACTIVE, MemberRole.STANDBY]
    assert plumbs[0].local_cidrs == {"10.1.0.0/24"} and plumbs[0].peer_cidrs == {"10.2.0.0/24"}


def test_nothing_to_do() -> None:
    spec = gateway(connection(), connection("c2", peer="203.0.113.3", remote=["10.3.0.0/24"]))
    assert plan(spec, settled(spec), now=NOW) == Plan((), spec.members[0].id, None)


def test_deleted_stops_what_stands_and_only_that() -> None:
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
        (1, "Plumb"),
        (1, "Initiate"),
        (0, "StartMember"),
        (0, "Plumb"),
        (0, "LoadPeer"),
    ]
    assert todo.active == spec.members[1].id
    assert [a.role for a in actions(todo) if isinstance(a, Plumb)] == [MemberRole.ACTIVE, MemberRole.STANDBY]


def test_a_dead_standby_is_repaired_without_touching_the_active_one() -> None:
    spec = gateway(connection())
    state = with_member(settled(spec), spec.members[1].id, running=False)
    assert {step.member.index for step in plan(spec, state, now=NOW).steps} == {1}


def test_a_standby_loads_but_never_initiates_and_ends_what_is_up() -> None:
    spec = gateway(connection())
    peer = peers(spec)[0]
    state = with_member(settled(spec), spec.members[1].id, sas=(sa(peer.name, names(spec)),), loaded={})
    assert actions(plan(spec, state, now=NOW), 1) == [LoadPeer(peer), Terminate(peer.name)]
    assert actions(plan(spec, state, now=NOW), 0) == []


def test_two_active_members_become_one() -> None:
    spec = gateway(connection())
    state = with_member(settled(spec), spec.members[1].id, role=MemberRole.ACTIVE)
    todo = plan(spec, state, now=NOW)
    assert shape(todo) == [(1, "Plumb")]


def test_an_added_pair_is_loaded_and_initiated_alone() -> None:
    before = gateway(connection())
    after = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    todo = plan(after, settled(before), now=NOW)
    assert shape(todo) == [
        (0, "Plumb"),
        (0, "LoadPeer"),
        (0, "Initiate"),
        (1, "Plumb"),
        (1, "LoadPeer"),
    ]
    added = set(names(after)) - set(names(before))
    assert {a.child for a in actions(todo) if isinstance(a, Initiate)} == added


def test_a_removed_pair_is_unloaded_then_ended_then_unplumbed() -> None:
    before = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    after = gateway(connection())
    todo = plan(after, settled(before), now=NOW)
    peer = peers(after)[0]
    removed = (set(names(before)) - set(names(after))).pop()
    assert actions(todo, 0) == [
        LoadPeer(peer),
        Terminate(peer.name, removed),
        Plumb(MemberRole.ACTIVE, frozenset({"10.1.0.0/24"}), frozenset({"10.2.0.0/24"})),
    ]


def test_a_changed_child_is_unloaded_ended_loaded_and_initiated() -> None:
    before = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    after = edited(before, esp=OTHER_ESP)
    peer = peers(after)[0]
    first, second = sorted(names(after))
    todo = actions(plan(after, settled(before), now=NOW), 0)
    assert todo[:4] == [
        LoadPeer(replace(peer, children=())),
        Terminate(peer.name, first),
        Terminate(peer.name, second),
        LoadPeer(peer),
    ]
    assert [a.child for a in todo[4:] if isinstance(a, Initiate)] == names(after)


@pytest.mark.parametrize("killed_after", range(5))
def test_a_pass_that_is_killed_is_finished_by_the_next(killed_after: int) -> None:
    """A changed child must not stay up in its old form, wherever the pass ended."""
    before = gateway(connection())
    after = edited(before, esp=OTHER_ESP)
    state, ended = settled(before), False
    for limit in (killed_after, None):
        steps = [s for s in plan(after, state, now=NOW).steps if s.member.index == 0]
        for step in steps[:limit]:
            state, now_ended = _apply(state, step.member.id, step.action)
            ended |= now_ended
    assert ended
    loaded = state.members[after.members[0].id].loaded[peers(after)[0].name]
    assert dict(loaded.children) == {c.name: c.fingerprint() for c in peers(after)[0].children}


def _apply(state: GatewayState, member: UUID, action: Action) -> tuple[GatewayState, bool]:
    """Enough of a driver for one peer; True when the old child was ended."""
    seen = state.members[member]
    if isinstance(action, LoadPeer):
        children = {c.name: c.fingerprint() for c in action.peer.children}
        loaded = {**seen.loaded, action.peer.name: LoadedPeer(action.peer.fingerprint(), children)}
        return with_member(state, member, loaded=loaded), False
    if isinstance(action, Terminate):
        return with_member(state, member, sas=(sa(action.peer, []),)), True
    return state, False


def test_a_changed_peer_is_dropped_loaded_and_initiated() -> None:
    before = gateway(connection())
    after = edited(before, psk=replace(before.connections[0].psk, id="k2"))
    peer = peers(after)[0]
    assert actions(plan(after, settled(before), now=NOW), 0) == [
        DropPeer(peer.name),
        LoadPeer(peer),
        Initiate(peer.name, names(after)[0], 2),
    ]
    assert actions(plan(after, settled(before, up=False), now=NOW), 0) == [
        LoadPeer(peer),
        Initiate(peer.name, names(after)[0], 2),
    ]


def test_a_tunnel_that_is_up_without_being_loaded_is_ended_first() -> None:
    spec = gateway(connection())
    state = with_member(settled(spec), spec.members[0].id, loaded={})
    assert [type(a) for a in actions(plan(spec, state, now=NOW), 0)] == [DropPeer, LoadPeer, Initiate]


def test_unknown_peers_are_dropped_or_ended() -> None:
    spec = gateway(connection())
    stranger = gateway(connection("x", peer="203.0.113.77"))
    loaded = settled(stranger).members[spec.members[0].id].loaded
    state = settled(spec)
    own = state.members[spec.members[0].id]
    state = with_member(
        state, own.id, loaded={**own.loaded, **loaded}, sas=(*own.sas, sa("peer_unknown", ["x.1"]))
    )
    assert actions(plan(spec, state, now=NOW)) == [DropPeer(next(iter(loaded))), Terminate("peer_unknown")]


def test_a_disabled_connection_goes_but_its_routes_stay() -> None:
    spec = gateway(connection())
    todo = plan(edited(spec, enabled=False), settled(spec), now=NOW)
    assert shape(todo) == [(0, "DropPeer"), (1, "DropPeer")]
    assert actions(todo, 0) == [DropPeer(peers(spec)[0].name)]


def test_only_the_peer_may_start_it() -> None:
    spec = gateway(connection(initiate=False))
    assert not [a for a in actions(plan(spec, nothing(spec), now=NOW)) if isinstance(a, Initiate)]
    assert plan(spec, settled(spec, up=False), now=NOW).steps == ()
    assert plan(spec, settled(spec, up=False), now=NOW).look_again is None


@pytest.mark.parametrize(("count", "delay"), [*enumerate(BACK_OFF), (20, 60)])
def test_back_off(count: int, delay: int) -> None:
    spec = gateway(connection())
    due = plan(spec, tried(spec, count, delay), now=NOW)
    assert shape(due) == [(0, "Initiate")]
    if delay:
        early = plan(spec, tried(spec, count, delay - 0.25), now=NOW)
        assert early.steps == ()
        assert early.look_again == timedelta(seconds=0.25)


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


def test_a_second_child_uses_the_version_that_is_up() -> None:
    spec = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    peer = peers(spec)[0]
    up = replace(sa(peer.name, [peer.children[0].name]), version=1)
    state = with_member(settled(spec), spec.members[0].id, sas=(up,))
    assert actions(plan(spec, state, now=NOW)) == [Initiate(peer.name, peer.children[1].name, 1)]


def test_the_first_try_opens_all_pairs_later_ones_ask_once() -> None:
    spec = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24", "10.4.0.0/24"]))
    assert shape(plan(spec, settled(spec, up=False), now=NOW)) == [(0, "Initiate")] * 3
    assert shape(plan(spec, tried(spec, 3, 1), now=NOW)) == [(0, "Initiate")]
    assert plan(spec, tried(spec, 4, 1), now=NOW).look_again == timedelta(seconds=1)


def test_a_negotiation_under_way_is_left_alone() -> None:
    spec = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    peer = peers(spec)[0]
    one, two = (c.name for c in peer.children)
    for busy in (sa(peer.name, [], state="CONNECTING"), sa(peer.name, [one, child(two, state="CREATED")])):
        todo = plan(spec, with_member(settled(spec), spec.members[0].id, sas=(busy,)), now=NOW)
        assert (todo.steps, todo.look_again) == ((), IN_FLIGHT)


def test_a_rekeyed_child_does_not_hide_the_new_one() -> None:
    spec = gateway(connection())
    peer = peers(spec)[0]
    name = peer.children[0].name
    both = (sa(peer.name, [child(name, state="REKEYED"), name]), sa(peer.name, [], state="REKEYING"))
    state = with_member(settled(spec), spec.members[0].id, sas=both)
    assert plan(spec, state, now=NOW).steps == ()


def versions_of(base: ConnectionSpec) -> Iterator[ConnectionSpec]:
    yield replace(base, psk=replace(base.psk, id="new"))
    yield replace(base, esp=OTHER_ESP)
    yield replace(base, enabled=False)
    yield connection(base.name, peer=base.peer_address, remote=["10.9.0.0/24"])


def test_a_change_of_one_peer_never_names_another() -> None:
    one = connection()
    two = connection("c2", peer="203.0.113.3", remote=["10.3.0.0/24"])
    untouched = peers(gateway(two))[0].name
    for changed in versions_of(one):
        todo = plan(gateway(changed, two), settled(gateway(one, two)), now=NOW)
        assert todo.steps
        assert untouched not in {name_of_peer(action) for action in actions(todo)}


def name_of_peer(action: Action) -> str:
    match action:
        case LoadPeer(peer):
            return peer.name
        case DropPeer(name):
            return name
        case Initiate(peer_name) | Terminate(peer_name):
            return peer_name
    return ""


def test_starting_comes_alone_for_a_gateway_without_connections() -> None:
    spec = gateway()
    assert actions(plan(spec, nothing(spec), now=NOW), 0) == [
        StartMember(),
        Plumb(MemberRole.ACTIVE, frozenset(), frozenset()),
    ]
