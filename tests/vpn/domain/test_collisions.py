"""Which of two IKE SAs of one peer is terminated when both ends initiated simultaneously."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.vpn.domain.values import NOW, actions, child, connection, gateway, names, sa, settled, with_member
from vpn.domain.actions import Terminate
from vpn.domain.collisions import PATIENCE, TOGETHER, redundant_child_sas, redundant_ike_sas
from vpn.domain.peers import peers
from vpn.domain.plan import plan
from vpn.domain.state import ChildState, SaState
from vpn.domain.status import is_applied


def twins(*, ours: str = "aa", theirs: str = "bb", age: int = 0, younger: int = 0) -> list[SaState]:
    """What both ends opened, theirs first; the SPIs decide who acts at once."""
    other = replace(sa("peer", ["c1"], age=age), unique_id="2", initiator=False, initiator_spi=theirs)
    own = replace(sa("peer", ["c1"], age=age - younger), unique_id="3", initiator_spi=ours)
    return [other, own]


def ended(sas: list[SaState]) -> list[tuple[str, int]]:
    return [(one.unique_id, seconds) for one, seconds in redundant_ike_sas(sas)]


def mirrored(sas: list[SaState]) -> list[SaState]:
    return [replace(one, initiator=not one.initiator) for one in sas]


def test_the_sa_that_the_peer_initiated_goes_and_only_one_end_acts_immediately() -> None:
    here = twins()
    assert ended(here) == [("2", 0)]
    assert ended(mirrored(here)) == [("3", PATIENCE)]
    assert ended(twins(ours="", theirs="")) == [("2", PATIENCE)], "SPIs that are not known order nothing"


@pytest.mark.parametrize(("age", "seconds"), [(0, PATIENCE), (1, PATIENCE - 1), (PATIENCE, 0), (60, 0)])
def test_the_patient_end_acts_too_when_the_other_does_not(age: int, seconds: int) -> None:
    assert ended(twins(ours="bb", theirs="aa", age=age)) == [("2", seconds)]


def test_a_peer_that_restarted_is_left_to_charon() -> None:
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
def test_the_plan_terminates_it_by_its_id_or_requeues(ours: str, theirs: str) -> None:
    spec = gateway(connection())
    (peer,) = peers(spec)
    both = tuple(
        replace(one, peer=peer.name, children=tuple(child(name) for name in names(spec)))
        for one in twins(ours=ours, theirs=theirs)
    )
    state = with_member(settled(spec), spec.members[0].id, sas=both)
    todo = plan(spec, state, now=NOW)
    if ours < theirs:
        assert actions(todo) == [Terminate(peer.name, sa="2")] and todo.requeue_after is None
    else:
        assert actions(todo) == [] and todo.requeue_after == timedelta(seconds=PATIENCE)
    assert is_applied(spec, state, now=NOW)


def pair(*, age: int = PATIENCE, younger: int = 0, **other: object) -> SaState:
    """An IKE SA that we opened, with one child twice; `other` is what the second has of its own."""
    one = replace(child("c1"), unique_id="7", spi_in="aa", installed_for=age)
    two = replace(one, unique_id="8", spi_in="bb", installed_for=age - younger, **other)
    return sa("peer", [two, one])


def ended_children(one: SaState) -> list[tuple[str, int]]:
    return [(child.unique_id, seconds) for child, seconds in redundant_child_sas([one])]


@pytest.mark.parametrize(("age", "seconds"), [(0, PATIENCE), (1, PATIENCE - 1), (PATIENCE, 0), (60, 0)])
def test_of_a_duplicate_child_one_goes_when_both_are_surely_alive(age: int, seconds: int) -> None:
    assert ended_children(pair(age=age)) == [("8", seconds)]
    assert ended_children(pair(age=age + 1, younger=1)) == [("8", seconds)]


def test_only_the_initiator_of_the_ike_sa_terminates_children() -> None:
    assert ended_children(replace(pair(), initiator=False)) == []
    assert ended_children(replace(pair(), state="CONNECTING")) == []


def test_children_of_a_rekeying_or_with_other_selectors_stay() -> None:
    assert ended_children(pair(age=60, younger=TOGETHER)) == [("8", 0)]
    assert ended_children(pair(age=60, younger=TOGETHER + 1)) == []
    for state in ("REKEYED", "REKEYING", "DELETING", "INSTALLING"):
        assert ended_children(pair(state=state)) == []
    assert ended_children(pair(remote=("10.0.0.0/25",))) == []
    assert ended_children(pair(name="c2")) == []


def test_a_child_that_ends_hides_no_redundant_one() -> None:
    both = pair()
    before, *_ = pair(state="REKEYED", name="c1").children
    three = replace(both, children=(*both.children, replace(before, spi_in="a0")))
    assert ended_children(three) == [("8", 0)]


@pytest.mark.parametrize("age", [1, PATIENCE])
def test_the_plan_terminates_a_redundant_child_by_its_id_or_requeues(age: int) -> None:
    spec = gateway(connection())
    (peer,) = peers(spec)
    twice: list[ChildState] = []
    for name in names(spec):
        twice += (replace(one, name=name) for one in pair(age=age).children)
    both = (replace(pair(), peer=peer.name, children=tuple(twice)),)
    todo = plan(spec, with_member(settled(spec), spec.members[0].id, sas=both), now=NOW)
    if age < PATIENCE:
        assert actions(todo) == [] and todo.requeue_after == timedelta(seconds=PATIENCE - age)
    else:
        assert actions(todo) == [Terminate(peer.name, name, child_sa="8") for name in names(spec)]


def test_children_wait_until_there_is_one_ike_sa() -> None:
    spec = gateway(connection())
    (peer,) = peers(spec)
    (name,) = names(spec)
    theirs, ours = (replace(one, peer=peer.name, children=(child(name),)) for one in twins())
    ours = replace(ours, children=tuple(replace(one, name=name) for one in pair().children))
    state = with_member(settled(spec), spec.members[0].id, sas=(theirs, ours))
    assert actions(plan(spec, state, now=NOW)) == [Terminate(peer.name, sa=theirs.unique_id)]
