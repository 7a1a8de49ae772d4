"""The back-off after an attempt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

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
    with_member,
)
from vpn.domain.actions import Initiate
from vpn.domain.initiation import BACK_OFF, FLAP_DAMPING, JITTER, back_off
from vpn.domain.peers import peers
from vpn.domain.plan import Plan, plan
from vpn.domain.spec import GatewaySpec
from vpn.domain.state import ENDING, Attempt, GatewayState


def planned(attempt: Attempt) -> Plan:
    """For a gateway whose only tunnel is down."""
    spec = gateway(connection())
    attempts = {peer.name: attempt for peer in peers(spec)}
    return plan(spec, with_member(settled(spec, up=False), spec.members[0].id, attempts=attempts), now=NOW)


def seconds(attempt: Attempt) -> float:
    return back_off(attempt).total_seconds()


@pytest.mark.parametrize("count", range(1, len(BACK_OFF) + 2))
def test_chance_only_shortens_a_wait(count: int) -> None:
    longest = seconds(Attempt(count, NOW))
    assert longest == BACK_OFF[min(count, len(BACK_OFF) - 1)]
    waits = [seconds(Attempt(count, NOW, jitter=tenth / 10)) for tenth in range(10)]
    assert waits == sorted(waits, reverse=True)
    assert all(longest * JITTER < wait <= longest for wait in waits)


def test_two_ends_do_not_try_in_step() -> None:
    """Both began with the same failed try; by chance one waits longer."""
    tried = NOW - timedelta(seconds=3)
    early, late = (Attempt(3, tried, jitter=jitter) for jitter in (0.9, 0.1))
    assert shape(planned(early)) == [(0, "Initiate")]
    waiting = planned(late)
    assert waiting.steps == ()
    assert waiting.requeue_after == timedelta(seconds=4 * 0.95 - 3)


@pytest.mark.parametrize(("flaps", "delay"), [*enumerate(FLAP_DAMPING), (50, FLAP_DAMPING[-1])])
def test_a_peer_that_does_not_stay_up_is_left_alone_a_little(flaps: int, delay: float) -> None:
    at = NOW - timedelta(seconds=delay)
    assert shape(planned(Attempt(0, at, flaps))) == [(0, "Initiate")]
    if delay:
        early = planned(Attempt(0, at + timedelta(seconds=0.25), flaps))
        assert early.steps == ()
        assert early.requeue_after == timedelta(seconds=0.25)


def test_waits_grow_and_are_bounded() -> None:
    for ladder in (BACK_OFF, FLAP_DAMPING):
        assert ladder[0] == 0
        assert all(before < after for before, after in pairwise(ladder))
    assert seconds(Attempt(0, NOW, flaps=50)) <= 2, "a tunnel that is tried again carries packets"


def test_the_longer_of_two_waits_counts() -> None:
    """A peer that flapped and then stays down."""
    assert seconds(Attempt(5, NOW, flaps=2)) == BACK_OFF[5]
    assert seconds(Attempt(1, NOW, flaps=3)) == FLAP_DAMPING[3]


@pytest.mark.parametrize("state", sorted(ENDING))
def test_a_child_that_ends_is_not_under_negotiation(state: str) -> None:
    spec = gateway(connection())
    (peer,), (name,) = peers(spec), names(spec)
    up = sa(peer.name, [child(name, state=state)])
    assert initiated(spec, with_member(settled(spec), spec.members[0].id, sas=(up,))) == [(name, 2)]


def test_only_a_negotiation_of_what_is_down_is_waited_for() -> None:
    """Of one peer: a hanging IKE SA beside one that is up delays nothing, nor does a child that is up."""
    spec = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    (peer,), (first, second) = peers(spec), names(spec)
    up = sa(peer.name, [first, child(first, state="CREATED")])
    hanging = sa(peer.name, [], state="CONNECTING")
    for sas in ((up,), (up, hanging), (hanging, up)):
        assert initiated(spec, with_member(settled(spec), spec.members[0].id, sas=sas)) == [(second, 2)]


@pytest.mark.parametrize(("version", "used"), [(IkeVersion.ANY, 2), (IkeVersion.V1, 1), (IkeVersion.V2, 2)])
def test_the_first_attempt_after_loading_uses_the_offered_version(version: IkeVersion, used: int) -> None:
    spec = gateway(connection(ike=replace(AUTO_IKE, version=version)))
    assert initiated(spec, nothing(spec)) == [(names(spec)[0], used)]


def initiated(spec: GatewaySpec, state: GatewayState) -> list[tuple[str, int]]:
    todo = actions(plan(spec, state, now=NOW))
    return [(action.child, action.ike_version) for action in todo if isinstance(action, Initiate)]
