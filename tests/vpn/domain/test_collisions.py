"""Which of two IKE SAs of one peer goes when both ends opened at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.vpn.domain.values import NOW, actions, child, connection, gateway, names, sa, settled, with_member
from vpn.domain.actions import Terminate
from vpn.domain.collisions import PATIENCE, TOGETHER, superfluous
from vpn.domain.peers import peers
from vpn.domain.plan import plan
from vpn.domain.state import SaState
from vpn.domain.status import is_applied


def twins(*, ours: str = "aa", theirs: str = "bb", age: int = 0, younger: int = 0) -> list[SaState]:
    """What both ends opened, theirs first; the SPIs decide who acts at once."""
    other = replace(sa("peer", ["c1"], age=age), unique_id="2", initiator=False, initiator_spi=theirs)
    own = replace(sa("peer", ["c1"], age=age - younger), unique_id="3", initiator_spi=ours)
    return [other, own]


def ended(sas: list[SaState]) -> list[tuple[str, int]]:
    return [(one.unique_id, seconds) for one, seconds in superfluous(sas)]


def mirrored(sas: list[SaState]) -> list[SaState]:
    return [replace(one, initiator=not one.initiator) for one in sas]


def test_the_one_that_the_peer_opened_goes_and_only_one_end_acts_at_once() -> None:
    here = twins()
    assert ended(here) == [("2", 0)]
    assert ended(mirrored(here)) == [("3", PATIENCE)]


@pytest.mark.parametrize(("age", "seconds"), [(0, PATIENCE), (1, PATIENCE - 1), (PATIENCE, 0), (60, 0)])
def test_the_patient_end_acts_too_when_the_other_does_not(age: int, seconds: int) -> None:
    assert ended(twins(ours="bb", theirs="aa", age=age)) == [("2", seconds)]


def test_a_peer_that_began_anew_is_left_to_charon() -> None:
    assert ended(twins(age=60, younger=TOGETHER)) == [("2", 0)]
    assert ended(twins(age=60, younger=TOGETHER + 1)) == []
    assert ended(twins(age=0, younger=-TOGETHER - 1)) == []


def test_what_shares_nothing_stays() -> None:
    other, own = twins()
    for stays in (
        replace(own, children=()),
        replace(own, children=(child("c2"),)),
        replace(own, children=(child("c1", state="REKEYED"),)),
        replace(own, state="CONNECTING"),
        replace(own, initiator=False),
    ):
        assert ended([other, stays]) == []
    assert ended([own]) == ended([other]) == ended([]) == []


@pytest.mark.parametrize(("ours", "theirs"), [("aa", "bb"), ("bb", "aa")])
def test_the_plan_ends_it_by_its_id_or_looks_again(ours: str, theirs: str) -> None:
    spec = gateway(connection())
    (peer,) = peers(spec)
    both = tuple(
        replace(one, peer=peer.name, children=tuple(child(name) for name in names(spec)))
        for one in twins(ours=ours, theirs=theirs)
    )
    state = with_member(settled(spec), spec.members[0].id, sas=both)
    todo = plan(spec, state, now=NOW)
    if ours < theirs:
        assert actions(todo) == [Terminate(peer.name, sa="2")] and todo.look_again is None
    else:
        assert actions(todo) == [] and todo.look_again == timedelta(seconds=PATIENCE)
    assert is_applied(spec, state, now=NOW)
