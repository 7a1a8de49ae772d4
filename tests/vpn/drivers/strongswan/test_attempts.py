"""What is recorded of attempts, and for how long."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vpn.domain.initiation import STEADY
from vpn.drivers.strongswan.member_record import (
    AttemptRecord,
    ChildRecord,
    MemberRecord,
    PeerRecord,
    SilenceRecord,
    read_record,
    write_record,
)
from vpn.drivers.strongswan.names import MemberFiles

LONG = STEADY.total_seconds()


def observed(entry: AttemptRecord | None, *, is_up: bool, now: float) -> AttemptRecord:
    assert entry
    after = entry.observed(is_up=is_up, now=now)
    assert after
    return after


def test_attempts_end_when_the_peer_is_up_and_flaps_are_counted() -> None:
    entry = AttemptRecord(100.0, {"child": 3}, jitter=0.5)
    assert observed(entry, is_up=False, now=101.0) == entry
    up = observed(entry, is_up=True, now=102.0)
    assert (up.value.count, up.flaps, up.up_since) == (0, 1, 102.0)
    assert observed(up, is_up=True, now=103.0) == up


def test_attempts_are_forgotten_once_the_peer_is_steady() -> None:
    up = observed(AttemptRecord(100.0, {"child": 1}), is_up=True, now=102.0)
    assert up.observed(is_up=True, now=102.0 + LONG - 0.1)
    assert up.observed(is_up=True, now=102.0 + LONG) is None


def test_time_up_does_not_add_up() -> None:
    up = observed(AttemptRecord(100.0, {"child": 1}), is_up=True, now=102.0)
    down = observed(up, is_up=False, now=102.0 + LONG - 1)
    again = observed(down, is_up=True, now=102.0 + LONG - 0.5)
    assert observed(again, is_up=True, now=102.0 + LONG + 1).flaps == 1


def test_a_peer_that_came_up_by_itself_has_not_flapped_by_a_try() -> None:
    up = observed(AttemptRecord(100.0, {"child": 1}), is_up=True, now=102.0)
    by_itself = observed(observed(up, is_up=False, now=103.0), is_up=True, now=104.0)
    assert by_itself.flaps == 1


def test_each_attempt_draws_its_own_jitter_and_keeps_it(tmp_path: Path) -> None:
    """An observation must not draw again: of many draws the shortest would count."""
    files = MemberFiles(tmp_path)
    record, drawn = MemberRecord("", "", 0, "", "", ""), iter([0.25, 0.75])
    for jitter in (0.25, 0.75):
        record.count_attempt("peer", "child", draw=lambda: next(drawn))
        write_record(files, record)
        kept = read_record(files)
        assert kept and kept.attempts["peer"].value.jitter == jitter
    assert kept.attempts["peer"].value.count == 2
    record.count_attempt("peer", "child")
    assert 0 <= record.attempts["peer"].jitter < 1


@pytest.mark.parametrize("extra", [{}, {"of_a_later_version": 1}])
def test_records_of_another_version_are_read(tmp_path: Path, extra: dict[str, int]) -> None:
    files = MemberFiles(tmp_path)
    record = MemberRecord("", "", 0, "", "", "")
    record.count_attempt("peer", "child")
    write_record(files, record)
    text = files.record.read_text().rstrip()
    older = text.replace('"flaps": 0, ', "").replace(
        '"at": ', "".join(f'"{k}": {v}, ' for k, v in extra.items()) + '"at": '
    )
    assert older != text
    files.record.write_text(older)
    kept = read_record(files)
    assert kept and kept.attempts["peer"].value.count == 1


def test_a_record_keeps_the_keys_of_earlier_versions_on_disk(tmp_path: Path) -> None:
    """Charons and their records outlive an upgrade, and a return to the version before it."""
    files = MemberFiles(tmp_path)
    silence = SilenceRecord(1.0, 7, probes=2, probed_at=3.0)
    peer = PeerRecord("203.0.113.1", ["peer"], "2:abc", {"child": ChildRecord("2:def")})
    record = MemberRecord("", "", 0, "", "", "", network_configured=True, peers={"peer": peer})
    record.silences["peer"] = silence
    write_record(files, record)
    stored = json.loads(files.record.read_text())
    assert stored["plumbed"] is True and stored["silences"]["peer"]["asked"] == 2
    assert stored["silences"]["peer"]["asked_at"] == 3.0
    assert (stored["peers"]["peer"]["form"], stored["peers"]["peer"]["children"]["child"]["form"]) == (
        "2:abc",
        "2:def",
    )
    assert read_record(files) == record
