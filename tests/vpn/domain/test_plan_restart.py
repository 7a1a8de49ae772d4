"""A restart ends what was established before it, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.vpn.domain.values import NOW, actions, connection, edited, gateway, names, sa, settled, with_member
from vpn.domain.actions import Initiate, LoadPeer, Terminate
from vpn.domain.peers import peers
from vpn.domain.plan import plan
from vpn.domain.spec import GatewaySpec
from vpn.domain.state import GatewayState

REQUESTED = NOW - timedelta(seconds=1)


def restarted(spec: GatewaySpec, at: datetime = REQUESTED) -> GatewaySpec:
    return edited(spec, restart_at=at)


def test_the_only_connection_of_a_peer_gets_a_new_ike_sa() -> None:
    spec = gateway(connection())
    (name,) = names(spec)
    (peer,) = peers(spec)
    todo = plan(restarted(spec), settled(spec), now=NOW)
    done = actions(todo, 0)
    assert [type(step) for step in done] == [LoadPeer, Terminate, LoadPeer, Initiate]
    assert done[1] == Terminate(peer.name) and done[3] == Initiate(peer.name, name)
    # In between a peer that asks again finds nothing to open.
    assert isinstance(done[0], LoadPeer) and done[0].peer.children == ()


def test_of_a_shared_peer_only_its_own_children_are_ended() -> None:
    spec = gateway(connection(), connection("c2", remote=["10.3.0.0/24"]))
    mine, other = names(spec)
    done = actions(plan(restarted(spec), settled(spec), now=NOW), 0)
    ended = [step for step in done if isinstance(step, Terminate)]
    initiated = [step.child for step in done if isinstance(step, Initiate)]
    assert [step.child for step in ended] == [mine] and initiated == [mine]
    assert other not in {step.child for step in ended}


def test_other_peers_are_not_touched() -> None:
    spec = gateway(connection(), connection("c2", peer="203.0.113.3", remote=["10.3.0.0/24"]))
    one, _ = peers(spec)
    steps = actions(plan(restarted(spec), settled(spec), now=NOW), 0)
    touched = [step.peer.name if isinstance(step, LoadPeer) else getattr(step, "peer", "") for step in steps]
    assert len(touched) == 4 and set(touched) == {one.name}


@pytest.mark.parametrize(
    ("requested_ago", "age", "whole"),
    [(1.5, 1, True), (1.5, 2, True), (2.5, 1, False), (1, 0, True), (1.25, 0, False)],
)
def test_ages_in_whole_seconds_do_not_save_an_ike_sa(requested_ago: float, age: int, whole: bool) -> None:
    """One established up to a second before the request may be reported as younger than it."""
    spec = gateway(connection())
    (name,) = names(spec)
    (peer,) = peers(spec)
    state = with_member(settled(spec), spec.members[0].id, sas=(sa(peer.name, [name], age=age),))
    done = actions(plan(restarted(spec, NOW - timedelta(seconds=requested_ago)), state, now=NOW), 0)
    ended = [step for step in done if isinstance(step, Terminate)]
    assert ended == [Terminate(peer.name) if whole else Terminate(peer.name, name)]


def test_once_it_is_done_nothing_remains() -> None:
    spec = restarted(gateway(connection()))
    assert plan(spec, settled(spec), now=NOW).steps == ()
    later = gateway(*spec.connections, connection("c2", remote=["10.3.0.0/24"]))
    kept = actions(plan(later, settled(spec), now=NOW), 0)
    assert not [step for step in kept if isinstance(step, Terminate)]


def test_a_negotiation_that_hangs_is_started_again() -> None:
    spec = gateway(connection())
    (peer,) = peers(spec)
    hanging = (sa(peer.name, [], state="CONNECTING", age=0),)
    state = with_member(settled(spec), spec.members[0].id, sas=hanging)
    done = actions(plan(restarted(spec), state, now=NOW), 0)
    assert Terminate(peer.name) in done and isinstance(done[-1], Initiate)


def test_a_run_that_was_killed_after_unloading_is_resumed() -> None:
    spec = gateway(connection())
    wanted = restarted(spec)
    state = settled(spec)
    ours = state.members[spec.members[0].id]
    bare = {name: replace(loaded, children={}) for name, loaded in ours.loaded.items()}
    killed: GatewayState = with_member(state, ours.id, loaded=bare)
    done = actions(plan(wanted, killed, now=NOW), 0)
    assert [type(step) for step in done] == [Terminate, LoadPeer, Initiate]


def test_without_a_restart_request_fingerprints_do_not_change() -> None:
    (plain,) = peers(gateway(connection()))
    (requested,) = peers(restarted(gateway(connection())))
    assert plain.as_loaded().fingerprint == requested.as_loaded().fingerprint
    assert plain.children[0].as_loaded() != requested.children[0].as_loaded()
