"""The listener's own sweep, which runs while the worker's is missing."""

from __future__ import annotations

from threading import Event, Thread

import pytest
from django.conf import LazySettings
from django.db import OperationalError

from vpn.reconcile import listener
from vpn.reconcile.sweep import SweepWatch


@pytest.mark.parametrize("error", [OperationalError("database is locked"), OSError("Too many open files")])
def test_a_sweep_that_fails_is_repeated(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings, error: Exception
) -> None:
    settings.SWEEP_SECONDS = 0.01
    stop, sweeps = Event(), list[str]()

    def sweep_host(node: str, *, substitute: bool) -> None:
        sweeps.append(node)
        if len(sweeps) == 1:
            raise error
        stop.set()

    monkeypatch.setattr(listener, "sweep_host", sweep_host)
    monkeypatch.setattr(SweepWatch, "is_missing", lambda _: True)
    thread = Thread(target=listener.Listener("here")._sweep_if_missing, args=(stop,), daemon=True)
    thread.start()
    thread.join(20)
    assert sweeps == ["here", "here"]
