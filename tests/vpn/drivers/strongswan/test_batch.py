"""Consecutive initiations: one lock, one session, one write of the record; in order, and independent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.dataplane.world import Side
from vpn.domain.actions import Initiate, Terminate
from vpn.drivers.base import DriverConfig, DriverError
from vpn.drivers.strongswan import charon, driver, vici
from vpn.drivers.strongswan.driver import StrongSwanDriver
from vpn.drivers.strongswan.member_record import read_record
from vpn.drivers.strongswan.names import MemberFiles

MEMBERS = Side("left", "192.168.100.0/24", "198.18.0.2").members
PEERS = [Initiate(f"peer_203.0.113.{n}_0", f"child-{n}") for n in range(21)]


class Control:
    """A charon's control socket that knows every peer but the refused ones."""

    def __init__(self, refused: set[str]) -> None:
        self.refused = refused
        self.sessions = self.writes = 0
        self.asked: list[tuple[str, str]] = []

    @contextmanager
    def session(self, path: Path) -> Iterator[Control]:
        self.sessions += 1
        yield self

    def initiate(self, connection: str, child: str) -> None:
        self.asked.append(("initiate", child))
        if child in self.refused:
            raise vici.Refused("charon: initiate", "no such child")

    def terminate(self, which: dict[str, str]) -> None:
        self.asked.append(("terminate", next(iter(which.values()))))


@pytest.fixture
def control(monkeypatch: pytest.MonkeyPatch) -> Control:
    made = Control(set())
    write = driver.write_record

    def counted(*args: Any) -> None:
        made.writes += 1
        write(*args)

    monkeypatch.setattr(vici, "session", made.session)
    monkeypatch.setattr(charon, "find", lambda *_: charon.Process(1, "boot"))
    monkeypatch.setattr(driver, "write_record", counted)
    return made


@pytest.fixture
def driven(tmp_path: Path) -> StrongSwanDriver:
    for member in MEMBERS:
        MemberFiles.of(tmp_path, member).make()
    return StrongSwanDriver(DriverConfig(tmp_path, "batch", "198.18.0.0/16", esp="userspace"))


def attempts(directory: Path, index: int = 0) -> set[str]:
    record = read_record(MemberFiles.of(directory, MEMBERS[index]))
    return {child for entry in record.attempts.values() for child in entry.children} if record else set()


def test_many_initiations_cost_one_session_and_one_note(
    driven: StrongSwanDriver, control: Control, tmp_path: Path
) -> None:
    driven.apply(MEMBERS[0], Terminate("none"), generation=1)
    control.sessions = control.writes = 0
    control.asked.clear()
    with driven.together():
        for action in PEERS:
            driven.apply(MEMBERS[0], action, generation=1)
    assert control.asked == [("initiate", action.child) for action in PEERS]
    assert (control.sessions, control.writes) == (1, 1)
    assert attempts(tmp_path) == {action.child for action in PEERS}


def test_the_order_of_a_plan_stays(driven: StrongSwanDriver, control: Control) -> None:
    with driven.together():
        driven.apply(MEMBERS[0], PEERS[0], generation=1)
        driven.apply(MEMBERS[0], PEERS[1], generation=1)
        driven.apply(MEMBERS[0], Terminate("x", "one"), generation=1)
        driven.apply(MEMBERS[0], PEERS[2], generation=1)
        driven.apply(MEMBERS[1], PEERS[3], generation=1)
    words = [what for what, _ in control.asked]
    assert words == ["initiate", "initiate", "terminate", "initiate", "initiate"]


def test_one_that_is_refused_stops_no_other(driven: StrongSwanDriver, control: Control) -> None:
    control.refused = {"child-3"}
    with pytest.raises(DriverError, match="no such child"), driven.together():
        for action in PEERS:
            driven.apply(MEMBERS[0], action, generation=1)
    assert len(control.asked) == len(PEERS)
    driven.apply(MEMBERS[0], PEERS[0], generation=1)
    assert len(control.asked) == len(PEERS) + 1, "nothing waits any more"


def test_alone_it_begins_at_once(driven: StrongSwanDriver, control: Control) -> None:
    driven.apply(MEMBERS[0], PEERS[0], generation=1)
    assert control.asked == [("initiate", "child-0")]


def test_initiations_of_a_failed_run_are_dropped(driven: StrongSwanDriver, control: Control) -> None:
    with pytest.raises(ZeroDivisionError), driven.together():
        driven.apply(MEMBERS[0], PEERS[0], generation=1)
        raise ZeroDivisionError
    driven.apply(MEMBERS[0], PEERS[1], generation=1)
    assert control.asked == [("initiate", "child-1")]


def test_attempts_with_an_earlier_charon_are_forgotten(
    driven: StrongSwanDriver, control: Control, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It died, and the one that was started since has tried nothing."""
    driven.apply(MEMBERS[0], PEERS[0], generation=1)
    assert attempts(tmp_path) == {"child-0"}
    monkeypatch.setattr(charon, "find", lambda *_: charon.Process(2, "another boot"))
    driven.apply(MEMBERS[0], PEERS[1], generation=1)
    assert attempts(tmp_path) == {"child-1"}
