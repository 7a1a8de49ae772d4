from __future__ import annotations

from itertools import product

import pytest

from tests.vpn.domain.values import gateway
from vpn.domain.failover import choose_active
from vpn.domain.spec import MemberRole
from vpn.domain.state import MemberState

A, S = MemberRole.ACTIVE, MemberRole.STANDBY
Seen = tuple[bool, MemberRole | None]


def chosen(first: Seen | None, second: Seen | None) -> int:
    members = gateway().members
    states = {
        member.id: MemberState(member.id, running=seen[0], role=seen[1])
        for member, seen in zip(members, (first, second), strict=True)
        if seen is not None
    }
    active = choose_active(members, states)
    return next(member.index for member in members if member.id == active)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (None, None, 0),
        ((False, None), (False, None), 0),
        ((True, A), (True, S), 0),
        ((True, S), (True, A), 1),
        ((False, A), (True, S), 1),
        ((True, S), (False, A), 0),
        ((False, A), (False, S), 0),
        ((False, S), (False, A), 1),
        ((True, None), (True, S), 1),
        ((False, None), (True, None), 1),
        ((True, A), (True, A), 0),
        ((True, None), (True, None), 0),
    ],
)
def test_who_is_active(first: Seen | None, second: Seen | None, expected: int) -> None:
    assert chosen(first, second) == expected


def test_no_flip_back() -> None:
    assert chosen((False, A), (True, S)) == 1
    assert chosen((True, S), (True, A)) == 1


def test_a_running_member_always_wins_over_a_dead_one() -> None:
    for dead, alive in product((A, S, None), repeat=2):
        assert chosen((False, dead), (True, alive)) == 1
        assert chosen((True, alive), (False, dead)) == 0


def test_no_members_no_active() -> None:
    assert choose_active([], {}) is None
