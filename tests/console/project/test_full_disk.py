"""A full or read-only disk: one-line errors, and running processes continue."""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from console.core.environment import DataDirError
from console.core.private_files import write_private
from console.core.processes import recall
from console.project.quickstart import datadir, supervisor
from console.project.quickstart.choice import Choice
from console.project.quickstart.datadir import DataDir
from console.project.quickstart.listen import Listen
from console.project.quickstart.runner import Quickstart
from console.project.quickstart.supervisor import Log, Service, Supervisor
from tests.waiting import wait_for

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
Usage = namedtuple("Usage", "total used free")


def refuse(*_: object, **__: object) -> None:
    raise FULL


@pytest.fixture
def place(tmp_path: Path) -> DataDir:
    made = DataDir(tmp_path)
    made.sockets = made.directory
    made.make()
    return made


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reaches the disk any more."""
    monkeypatch.setattr(os, "fsync", refuse)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(40_000_000, 38_000_000, 2_000_000))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "note"
    write_private(path, "old")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_private(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["note"]
    assert path.read_text() == "old"


def test_settings_that_cannot_be_kept_end_in_one_line(place: DataDir, full: None) -> None:
    with pytest.raises(DataDirError, match=r"^isthmus: .*environment cannot be written: No space left"):
        place.update_environment({"ISTHMUS_REGION": "eu-de"})


def test_the_supervisor_goes_on(place: DataDir, full: None) -> None:
    log = io.StringIO()
    running = Supervisor(Log(log), place.processes, os.environ)
    running.start(Service("web", ["sleep", "60"], ready=lambda: True), seconds=10)
    first = running.pids["web"]
    os.kill(first, 9)
    wait_for(lambda: running.poll_once() or running.pids["web"] != first, 10)
    running.stop()
    assert running.pids == {}
    assert "processes.json cannot be written: No space left on device" in log.getvalue()


def test_processes_started_while_the_disk_was_full_are_noted_once_it_is_not(
    place: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    running = Supervisor(Log(log), place.processes, os.environ)
    running.start(Service("web", ["sleep", "60"], ready=lambda: True), seconds=10)
    first = running.pids["web"]
    running._is_running = True
    with monkeypatch.context() as patched:
        patched.setattr(supervisor, "remember", refuse)
        os.kill(first, 9)
        wait_for(lambda: running.poll_once() or running.pids["web"] != first, 10)
        running._next_check = 0
        running.poll_once()
    assert recall(place.processes) == {}
    assert log.getvalue().count("cannot be written") == 1
    wait_for(lambda: running.poll_once() or "web" in recall(place.processes), 10)
    assert recall(place.processes)["web"].pid == running.pids["web"]
    running.stop()


def test_a_failed_restart_is_retried(place: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    running = Supervisor(Log(log), place.processes, os.environ)
    running.start(Service("web", ["sleep", "60"], ready=lambda: True), seconds=10)
    with monkeypatch.context() as patched:
        patched.setattr(supervisor.subprocess, "Popen", refuse)
        os.kill(running.pids["web"], 9)
        wait_for(lambda: running.poll_once() or "web does not start" in log.getvalue(), 10)
    assert "retrying in 30 s" in log.getvalue()
    running.stop()


class FullLog(io.StringIO):
    def write(self, text: str) -> int:
        raise FULL


def test_a_log_that_takes_no_more_lines_is_no_reason_to_end() -> None:
    Log(FullLog()).line("web", "something")


@pytest.mark.parametrize("fault", [FULL, "the database or disk is full"])
def test_a_start_without_room_ends_in_lines(
    place: DataDir,
    full: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: object,
) -> None:
    from django.db import OperationalError

    from console.project.quickstart import runner

    def start(*_: object) -> None:
        raise fault if isinstance(fault, OSError) else OperationalError(fault)

    monkeypatch.setattr(runner, "choose", lambda *_: Choice("simulated"))
    monkeypatch.setattr(runner, "remove_data_plane", lambda *_: "")
    monkeypatch.setattr(DataDir, "update_environment", lambda *_: None)
    monkeypatch.setattr(Supervisor, "catch_signals", lambda self: None)
    monkeypatch.setattr(Quickstart, "_claim_address", lambda self: None)
    monkeypatch.setattr(Quickstart, "_start", start)
    quickstart = Quickstart(place, Listen("127.0.0.1", 1), driver="auto", example=False)
    assert quickstart.run() == 1
    output = capsys.readouterr().err
    assert "cannot continue:" in output and "Traceback" not in output
    assert f"the file system of {place.directory} has only 2.0 MB left: free space there" in output
    assert output.rstrip().endswith("stopped")


def test_room_is_no_lack(place: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datadir.shutil, "disk_usage", lambda path: Usage(1, 1, 10**9))
    assert place.disk_space_problem() == ""
