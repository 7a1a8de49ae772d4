"""Beat requests sweeps even if the wall clock is set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.project.celery import Scheduler, app


class Recorder(Scheduler):
    """Keeps the tasks that are due, by name, instead of sending them."""

    producer: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sent: list[str] = []
        super().__init__(*args, **kwargs)

    def apply_async(self, entry: Any, *args: Any, **kwargs: Any) -> None:
        self.sent.append(entry.task)


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(hours=1)])
def test_a_stepped_clock_stops_no_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: timedelta
) -> None:
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    monkeypatch.setattr(app, "now", lambda: now)
    app.finalize()
    beat = Recorder(app=app, schedule_filename=str(tmp_path / "schedule"), lazy=True)
    beat.setup_schedule()
    # The schedule is made once in a process: another test may have had other settings then.
    period = timedelta(seconds=app.conf.beat_schedule["sweep"]["schedule"] + 1)

    def sweeps_in(periods: int) -> int:
        nonlocal now
        beat.sent.clear()
        for _ in range(periods):
            now += period
            for _ in beat.schedule:
                beat.tick()
        return beat.sent.count("vpn.tasks.sweep")

    assert sweeps_in(5) == 5
    now += step
    assert sweeps_in(5) >= 4
    beat.close()


def test_the_schedule_is_kept_without_a_database_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Python 3.13 would open it: by sqlite3, which is pysqlite3 here and takes no `autocommit`."""

    def refuse(*_: object, **__: object) -> None:
        raise TypeError("autocommit")

    monkeypatch.setattr("shelve.open", refuse)
    path = str(tmp_path / "schedule")
    first = Recorder(app=app, schedule_filename=path, lazy=True)
    first.setup_schedule()
    long_ago = first.schedule["prune"].last_run_at - timedelta(hours=1)
    first.schedule["prune"].last_run_at = long_ago
    first.close()
    second = Recorder(app=app, schedule_filename=path, lazy=True)
    second.setup_schedule()
    assert second.schedule["prune"].last_run_at == long_ago
    second.close()
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
