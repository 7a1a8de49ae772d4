"""Charts drawn by the server: figures for SVG templates, with the same figures for a table.

Colours and lines are the stylesheet's; here are only places, in units of the viewBox.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.template.defaultfilters import floatformat

from console.templatetags.console import size
from vpn.models import Connection, StatusChange, TrafficSample

WIDTH, HALF = 600, 60
BINS, BIN = 60, timedelta(seconds=30)
SPAN = timedelta(hours=24)
_UP = "up"


@dataclass(frozen=True, slots=True)
class Bar:
    """One interval: `up` and `down` are the heights of what came in and went out."""

    at: datetime
    x: int
    width: int
    bytes_in: int
    bytes_out: int
    height_in: float
    height_out: float

    @property
    def top(self) -> float:
        return round(HALF - self.height_in, 1)


@dataclass(frozen=True, slots=True)
class TrafficChart:
    """The last half hour. `rows` are the intervals in which anything passed, the newest first."""

    bars: list[Bar]
    rows: list[Bar]
    bytes_in: int
    bytes_out: int
    peak: str
    half: int = HALF
    width: int = WIDTH

    @property
    def text(self) -> str:
        """What the picture shows, for who does not see it."""
        if not self.rows:
            return "Nothing passed in the last 30 minutes."
        return (
            f"In the last 30 minutes {size(self.bytes_in)} came in and {size(self.bytes_out)} went out, "
            f"at most {self.peak} in one direction."
        )


def traffic_chart(connection: Connection, now: datetime) -> TrafficChart:
    """One query."""
    end = _floor(now, BIN) + BIN
    begin = end - BINS * BIN
    rows = TrafficSample.objects.filter(connection=connection, at__gte=begin, at__lt=end)
    return drawn(rows.values_list("at", "bytes_in", "bytes_out"), begin)


def drawn(samples: Iterable[tuple[datetime, int, int]], begin: datetime) -> TrafficChart:
    sums = [[0, 0] for _ in range(BINS)]
    for at, bytes_in, bytes_out in samples:
        place = (at - begin) // BIN
        sums[place][0] += bytes_in
        sums[place][1] += bytes_out
    most = max(max(pair) for pair in sums)
    step = WIDTH // BINS
    bars = [
        Bar(begin + n * BIN, n * step, step - 2, one, other, _height(one, most), _height(other, most))
        for n, (one, other) in enumerate(sums)
    ]
    busy = [bar for bar in bars if bar.bytes_in or bar.bytes_out]
    total_in, total_out = (sum(pair[n] for pair in sums) for n in (0, 1))
    peak = f"{size(int(most / BIN.total_seconds()))}/s"
    return TrafficChart(busy, busy[::-1], total_in, total_out, peak)


def _height(value: int, most: int) -> float:
    """Something is always seen of what is not nothing."""
    return max(1.5, round(value / most * (HALF - 4), 1)) if value else 0.0


def _floor(now: datetime, grain: timedelta) -> datetime:
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(grain.total_seconds()), UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in one status. `known` is False before the first record of it."""

    status: str
    begin: datetime
    end: datetime
    x: float
    width: float

    @property
    def lasted(self) -> timedelta:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Timeline:
    stretches: list[Stretch]
    begin: datetime
    changes: int
    share_up: str
    width: int = WIDTH

    @property
    def text(self) -> str:
        since = (
            "the last 24 hours" if self.stretches and self.lasted >= SPAN else "the time since it was created"
        )
        times = (
            "no change"
            if not self.changes
            else "1 change"
            if self.changes == 1
            else f"{self.changes} changes"
        )
        return f"Up {self.share_up} % of {since}; {times} between up and down."

    @property
    def lasted(self) -> timedelta:
        return self.stretches[-1].end - self.begin


def timeline(connection: Connection, now: datetime) -> Timeline:
    """Two queries. Drawn anew once a minute, or when something changed."""
    now = _floor(now, timedelta(minutes=1))
    begin = max(now - SPAN, connection.created_at)
    past = StatusChange.objects.filter(connection=connection)
    before = past.filter(at__lte=begin).values_list("status", flat=True).first()
    later = past.filter(at__gt=begin).order_by("id").values_list("at", "status")
    return drawn_timeline(before or "down", list(later), begin, now)


def drawn_timeline(
    status: str, changes: Sequence[tuple[datetime, str]], begin: datetime, now: datetime
) -> Timeline:
    """`status` is that at the beginning; changes of the reason alone are no changes here."""
    now = max([now, begin, *(at for at, _ in changes[-1:])])
    whole = max(now - begin, timedelta(seconds=1))
    parts: list[tuple[str, datetime, datetime]] = []
    start = begin
    for at, word in changes:
        if word != status:
            parts.append((status, start, at))
            status, start = word, at
    parts.append((status, start, now))
    stretches = [
        Stretch(
            word, one, end, round((one - begin) / whole * WIDTH, 2), round((end - one) / whole * WIDTH, 2)
        )
        for word, one, end in parts
    ]
    up = sum((s.lasted for s in stretches if s.status == _UP), timedelta())
    share = floatformat(min(up / whole, 1.0) * 100, -1)
    return Timeline(stretches, begin, len(parts) - 1, share)
