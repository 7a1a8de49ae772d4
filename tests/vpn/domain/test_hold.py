"""DPD action hold: children with a trap policy are negotiated for the next packet, and not before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.vpn.domain.values import (
    NOW,
    actions,
    child,
    connection,
    edited,
    gateway,
    names,
    sa,
    settled,
    with_member,
)
from vpn.domain.actions import DropPeer, Initiate, LoadPeer, Release
from vpn.domain.peers import peers
from vpn.domain.plan import plan
from vpn.domain.spec import DeadPeerDetection, DpdAction, GatewaySpec
from vpn.domain.state import GatewayState, MemberState
from vpn.domain.status import is_applied

TWO = ("10.2.0.0/24", "10.3.0.0/24")


def holding(*, initiate: bool = True, action: DpdAction = DpdAction.HOLD) -> GatewaySpec:
    made = replace(connection(remote=TWO, initiate=initiate), dpd=DeadPeerDetection(action, 2, 10))
    return gateway(made)


def held(spec: GatewaySpec, *children: str, up: bool = False, **changes: object) -> GatewayState:
    return with_member(settled(spec, up=up), spec.members[0].id, held=frozenset(children), **changes)


def active(spec: GatewaySpec, state: GatewayState) -> MemberState:
    return state.members[spec.members[0].id]


def test_what_is_held_is_not_initiated() -> None:
    spec = holding()
    first, second = names(spec)
    assert plan(spec, held(spec, first, second), now=NOW).steps == ()
    assert [step.child for step in actions(plan(spec, held(spec, first), now=NOW))] == [second]


def test_a_peer_that_may_hold_sas_of_a_dead_charon_is_notified_nevertheless() -> None:
    spec = holding()
    (peer,) = peers(spec)
    state = held(spec, *names(spec), unaware=frozenset({peer.name}))
    assert [type(step) for step in actions(plan(spec, state, now=NOW))] == [Initiate, Initiate]


def test_an_edit_tries_at_once() -> None:
    spec = holding()
    changed = edited(spec, dpd=DeadPeerDetection(DpdAction.CLEAR, 2, 10))
    todo = actions(plan(changed, held(spec, *names(spec)), now=NOW), 0)
    assert [type(step) for step in todo] == [LoadPeer, Initiate, Initiate]


def test_another_key_tries_at_once() -> None:
    spec = holding()
    changed = edited(spec, psk=replace(spec.connections[0].psk, id="k2"))
    todo = actions(plan(changed, held(spec, *names(spec)), now=NOW), 0)
    assert [type(step) for step in todo] == [DropPeer, LoadPeer, Initiate, Initiate]


def test_a_child_that_is_up_is_released() -> None:
    spec = holding()
    (peer,), (first, second) = peers(spec), names(spec)
    state = held(spec, first, second, sas=(sa(peer.name, [first, child(second, state="CREATED")]),))
    todo = plan(spec, state, now=NOW)
    assert actions(todo) == [Release(peer.name, first)]
    # A tunnel that works is no change under way.
    assert is_applied(spec, state, now=NOW)


def test_a_trap_of_an_older_configuration_is_loaded_again() -> None:
    """charon installs it with the connection with which the IKE SA began."""
    spec = holding()
    (peer,) = peers(spec)
    older = {peer.name: replace(peer.as_loaded(), older=True)}
    state = held(spec, *names(spec), loaded=older)
    assert actions(plan(spec, state, now=NOW)) == [LoadPeer(peer)]
    for other in (held(spec, loaded=older), held(spec, *names(spec), loaded=older, sas=(sa(peer.name, []),))):
        assert LoadPeer(peer) not in actions(plan(spec, other, now=NOW))


@pytest.mark.parametrize("action", list(DpdAction))
def test_no_packet_initiates_what_only_the_peer_may_initiate(action: DpdAction) -> None:
    (peer,) = peers(holding(initiate=False, action=action))
    assert {one.dpd_action for one in peer.children} == {
        DpdAction.CLEAR if action is DpdAction.HOLD else action
    }
    (peer,) = peers(holding(action=action))
    assert {one.dpd_action for one in peer.children} == {action}
