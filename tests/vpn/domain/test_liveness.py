from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.vpn.domain.values import (
    actions,
    child,
    connection,
    gateway,
    ident,
    names,
    sa,
    settled,
    with_member,
)
from vpn.domain.actions import ProbePeer
from vpn.domain.liveness import (
    LONGEST,
    QUIET,
    after_probe,
    back_off,
    due,
    is_not_responding,
    observed,
    probe_when_due,
    silences_of,
)
from vpn.domain.peers import peers
from vpn.domain.plan import plan
from vpn.domain.state import ChildState, MemberState, SaState, Silence

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def sas(packets_in: int, used_in: int | None, used_out: int | None) -> tuple[SaState, ...]:
    child = ChildState(
        "child",
        "INSTALLED",
        "1",
        "2",
        0,
        0,
        packets_in,
        9,
        (),
        (),
        "",
        60,
        used_in=used_in,
        used_out=used_out,
    )
    return (SaState("peer", "1", 2, "ESTABLISHED", True, "", "", "", False, 60, None, children=(child,)),)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_packets_out_with_none_in_are_a_silence() -> None:
    assert observed(None, sas(7, 30, 0), NOW) == Silence(NOW, 7)
    assert observed(None, sas(0, None, 0), NOW) == Silence(NOW, 0)


def test_an_answer_or_no_question_is_none() -> None:
    assert observed(None, sas(7, 2, 0), NOW) == Silence(NOW, 7), "what was in flight has arrived"
    for quiet in (sas(7, 0, 0), sas(7, 1, 0), sas(7, 0, 30), sas(0, None, None), ()):
        assert observed(None, quiet, NOW) is None


def test_a_silence_lasts_until_something_comes_in() -> None:
    known = Silence(NOW, 7)
    assert observed(known, sas(7, 40, 0), later(10)) is known
    assert observed(known, sas(8, 0, 0), later(10)) is None


def test_a_rekeying_does_not_end_a_silence() -> None:
    """IKE answered, and the flow is still one-way: otherwise a peer would be probed every ten seconds."""
    known = Silence(NOW, 7, probes=3, probed_at=NOW)
    assert observed(known, sas(0, None, None), later(10)) == Silence(NOW, 0, 3, NOW)


def test_the_first_probe_is_delayed_and_needs_outgoing_traffic() -> None:
    silence = Silence(NOW, 7)
    assert due(silence, sas(7, 30, 0), later(4)) == QUIET - timedelta(seconds=4)
    assert due(silence, sas(7, 30, 10), later(4)) == QUIET - timedelta(seconds=4)
    assert due(silence, sas(7, 30, 11), later(40)) is None
    assert due(silence, sas(7, None, None), later(40)) is None


def test_a_peer_is_silent_only_once_an_answer_to_a_question_is_overdue() -> None:
    silence = Silence(NOW, 7, probes=1, probed_at=NOW)
    (idle,) = sas(7, 30, 0)
    waiting = replace(idle, awaiting=True)
    assert is_not_responding(silence, [waiting], later(2.5))
    assert not is_not_responding(silence, [waiting], later(2.4))
    assert not is_not_responding(silence, [idle], later(60))
    assert not is_not_responding(silence, [replace(waiting, state="CONNECTING")], later(60))
    assert not is_not_responding(Silence(NOW, 7), [waiting], later(60))
    assert not is_not_responding(None, [waiting], later(60))


def test_questions_to_a_one_way_flow_become_seldom() -> None:
    """Syslog over UDP for an hour: a dozen questions."""
    silence, count = Silence(NOW, 0), 0
    for second in range(3600):
        wait = due(silence, sas(0, None, 0), later(second))
        if wait is not None and wait <= timedelta(0):
            silence, count = after_probe(silence, later(second)), count + 1
    assert 10 <= count <= 14
    waits = [back_off(n) for n in range(1, 40)]
    assert waits == sorted(waits) and waits[-1] == LONGEST


def test_probes_are_counted_even_of_a_peer_that_was_not_silent() -> None:
    assert after_probe(None, NOW) == Silence(NOW, 0, 1, NOW)
    assert after_probe(Silence(NOW, 7, 1, NOW), later(20)) == Silence(NOW, 7, 2, later(20))


def test_the_silences_of_all_peers() -> None:
    """Several IKE SAs of one peer count together; a peer without any is forgotten."""
    (silent,), (busy,) = sas(7, 30, 0), sas(9, 0, 0)
    other, heard = replace(silent, peer="other"), replace(busy, peer="heard")
    known = {"other": Silence(NOW, 7, 1, NOW), "gone": Silence(NOW, 3)}
    found = silences_of(known, [silent, silent, other, heard], later(30))
    assert found == {"peer": Silence(later(30), 14), "other": Silence(NOW, 7, 1, NOW)}


@pytest.mark.parametrize(("age", "probed"), [(10, True), (9.9, False)])
def test_a_silent_peer_is_probed_when_it_is_due(age: float, probed: bool) -> None:
    (peer,) = peers(gateway(connection()))
    (one,) = sas(7, 30, 0)
    ours, theirs = replace(one, peer=peer.name), replace(one, peer="other")
    silent = MemberState(ident("m"), sas=(ours, theirs), silences={peer.name: Silence(later(-age), 7)})
    assert list(probe_when_due(peer, silent, NOW)) == ([ProbePeer(peer.name)] if probed else [])
    for left_alone in (
        replace(silent, silences={"other": Silence(later(-99), 7)}),
        replace(silent, sas=(theirs,)),
    ):
        assert list(probe_when_due(peer, left_alone, NOW)) == []
    watched = replace(peer, dpd_interval=2)
    assert list(probe_when_due(watched, silent, NOW)) == [], "dead peer detection finds out"


@pytest.mark.parametrize(("age", "probed"), [(10, True), (9, False)])
def test_a_plan_probes_a_silent_peer(age: int, probed: bool) -> None:
    spec = gateway(connection())
    (peer,), (name,) = peers(spec), names(spec)
    silent = sa(peer.name, [replace(child(name), used_in=30, used_out=0)])
    silences = {peer.name: Silence(later(-age), 10)}
    state = with_member(settled(spec), spec.members[0].id, sas=(silent,), silences=silences)
    assert actions(plan(spec, state, now=NOW)) == ([ProbePeer(peer.name)] if probed else [])
