"""The back-off after an attempt."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.vpn.domain.values import NOW, connection, gateway, settled, shape, with_member
from vpn.domain.initiation import BACK_OFF, FLAP_DAMPING, JITTER, back_off
from vpn.domain.peers import peers
from vpn.domain.plan import Plan, plan
from vpn.domain.state import Attempt


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
