"""Steps the product's wall clock; the host's clock and the monotonic clock are not changed."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, tzinfo

import pytest
from django.utils import timezone

_now, _time = timezone.now, time.time


def step_clock(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """From now on the wall clock shows `by` more (or less) than the host's."""

    class Stepped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + by

    monkeypatch.setattr(timezone, "now", lambda: _now() + by)
    monkeypatch.setattr(time, "time", lambda: _time() + by.total_seconds())
    for module in ("vpn.drivers.elapsed", "vpn.drivers.strongswan.watch"):
        monkeypatch.setattr(f"{module}.datetime", Stepped)
