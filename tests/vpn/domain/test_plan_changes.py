"""Edits of a gateway that is up: what is ended, what is loaded, and what is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal
from tests.vpn.domain.values import (
    NOW,
    actions,
    connection,
    edited,
    gateway,
    names,
    sa,
    settled,
    shape,
    with_member,
)
from vpn.domain.actions import Action, ConfigureNetwork, DropPeer, Initiate, LoadPeer, Terminate
from vpn.domain.peers import peers
from vpn.domain.plan import plan
from vpn.domain.spec import ConnectionSpec, GatewaySpec, MemberRole
from vpn.domain.state import GatewayState

OTHER_ESP = EspOffer(Proposal(("aes128",), ("sha1",)), 600)


def test_an_added_pair_is_loaded_and_initiated_alone() -> None:
    before = gateway(connection())
    after = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    todo = plan(after, settled(before), now=NOW)
    assert shape(todo) == [
        (0, "ConfigureNetwork"),
        (0, "LoadPeer"),
        (0, "Initiate"),
        (1, "ConfigureNetwork"),
        (1, "LoadPeer"),
    ]
    added = set(names(after)) - set(names(before))
    assert {a.child for a in actions(todo) if isinstance(a, Initiate)} == added


def test_a_removed_pair_is_unloaded_then_terminated_then_unrouted() -> None:
    before = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    after = gateway(connection())
    todo = plan(after, settled(before), now=NOW)
    peer = peers(after)[0]
    removed = (set(names(before)) - set(names(after))).pop()
    assert actions(todo, 0) == [
        LoadPeer(peer),
        Terminate(peer.name, removed),
        ConfigureNetwork(MemberRole.ACTIVE, frozenset({"10.1.0.0/24"}), frozenset({"10.2.0.0/24"})),
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
def test_a_killed_run_is_finished_by_the_next(killed_after: int) -> None:
    """A changed child must not stay up with its old configuration, wherever the run ended."""
    before = gateway(connection())
    after = edited(before, esp=OTHER_ESP)
    state, ended = settled(before), False
    for limit in (killed_after, None):
        steps = [s for s in plan(after, state, now=NOW).steps if s.member.index == 0]
        for step in steps[:limit]:
            state, now_ended = _apply(state, step.member.id, step.action)
            ended |= now_ended
    assert ended
    assert state.members[after.members[0].id].loaded[peers(after)[0].name] == peers(after)[0].as_loaded()


def _apply(state: GatewayState, member: UUID, action: Action) -> tuple[GatewayState, bool]:
    """Enough of a driver for one peer; True when the old child was ended."""
    seen = state.members[member]
    if isinstance(action, LoadPeer):
        loaded = {**seen.loaded, action.peer.name: action.peer.as_loaded()}
        return with_member(state, member, loaded=loaded), False
    if isinstance(action, Terminate):
        return with_member(state, member, sas=(sa(action.peer, []),)), True
    return state, False


def test_a_peer_whose_negotiated_suite_is_no_longer_offered_is_loaded_terminated_and_initiated() -> None:
    before = gateway(connection())
    after = edited(before, ike=IkeOffer(IkeVersion.V2, Proposal(("aes128",), ("sha1",), (14,)), 600))
    peer = peers(after)[0]
    assert actions(plan(after, settled(before), now=NOW), 0) == [
        LoadPeer(peer),
        Terminate(peer.name, sa="1"),
        Initiate(peer.name, names(after)[0], 2),
    ]


def test_a_changed_peer_that_is_down_is_dropped_loaded_and_initiated() -> None:
    """So its back-off is reset: a corrected key is tried at once."""
    before = gateway(connection())
    after = edited(before, psk=replace(before.connections[0].psk, id="k2"))
    peer = peers(after)[0]
    assert actions(plan(after, settled(before, up=False), now=NOW), 0) == [
        DropPeer(peer.name),
        LoadPeer(peer),
        Initiate(peer.name, names(after)[0], 2),
    ]


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


def _sharing(first: int, *second: int) -> GatewaySpec:
    """Connections to one peer that ask for dead peer detection every so many seconds, 0 for never."""
    more = [connection(f"c{n}", remote=[f"10.{n}.0.0/24"], dpd=dpd) for n, dpd in enumerate(second, 3)]
    return gateway(connection(dpd=first), *more)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_sharing(5, 5), _sharing(5, 2)),
        (_sharing(0, 5), _sharing(0, 0)),
        (_sharing(0), _sharing(0, 2)),
        (_sharing(0, 2), _sharing(0)),
    ],
    ids=["stricter", "off", "one more", "one less"],
)
def test_dead_peer_detection_of_one_connection_leaves_its_neighbour_up(
    before: GatewaySpec, after: GatewaySpec
) -> None:
    kept = names(gateway(before.connections[0]))[0]
    todo = actions(plan(after, settled(before), now=NOW), 0)
    (peer,), (old,) = peers(after), peers(before)
    kept_figures = replace(peer, dpd_interval=old.dpd_interval, dpd_timeout=old.dpd_timeout)
    assert kept_figures == old or LoadPeer(kept_figures) in todo
    assert DropPeer(peer.name) not in todo
    assert not any(isinstance(a, Terminate) and a.child in {"", kept} for a in todo)
    assert not any(isinstance(a, Initiate) and a.child == kept for a in todo)


def test_dead_peer_detection_of_a_shared_peer_holds_from_the_next_ike_sa_on() -> None:
    before, after = _sharing(0, 5), _sharing(0, 2)
    assert actions(plan(after, settled(before), now=NOW), 1) == [LoadPeer(peers(after)[0])]
    assert actions(plan(after, settled(before, up=False), now=NOW), 0)[0] == LoadPeer(peers(after)[0])
