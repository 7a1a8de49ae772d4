"""Charts rendered on the server: coordinates for SVG templates, and the same figures for a table.

Colours and lines are in the stylesheet; this module computes only coordinates, in units of the viewBox.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.template.defaultfilters import floatformat

from console.core.templatetags.console import size
from vpn.models import Connection, StatusChange, TrafficSample

WIDTH, HALF = 600, 60
BINS, BIN = 60, timedelta(seconds=30)
# Bins of the chart in one row of the table.
GROUP = 10
SPAN, MINUTE = timedelta(hours=24), timedelta(minutes=1)
_UP = "up"


@dataclass(frozen=True, slots=True)
class Interval:
    """The traffic of five minutes."""

    at: datetime
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True, slots=True)
class TrafficChart:
    """The last half hour. Both paths are bars, inbound traffic above the axis and outbound traffic below;
    `rows` are the intervals with any traffic, newest first."""

    path_in: str
    path_out: str
    rows: list[Interval]
    bytes_in: int
    bytes_out: int
    peak: str
    half: int = HALF
    width: int = WIDTH

    @property
    def text(self) -> str:
        """The chart as text, for screen readers."""
        if not self.rows:
            return "No traffic in the last 30 minutes."
        return (
            f"In the last 30 minutes: {size(self.bytes_in)} in and {size(self.bytes_out)} out, "
            f"at most {self.peak} in one direction."
        )


def traffic_chart(connection: Connection, now: datetime) -> TrafficChart:
    """One query."""
    end = _floor(now, BIN) + BIN
    begin = end - BINS * BIN
    rows = TrafficSample.objects.filter(connection=connection, at__gte=begin, at__lt=end)
    return build_traffic_chart(rows.values_list("at", "bytes_in", "bytes_out"), begin)


def build_traffic_chart(samples: Iterable[tuple[datetime, int, int]], begin: datetime) -> TrafficChart:
    received, sent = [0] * BINS, [0] * BINS
    for at, bytes_in, bytes_out in samples:
        place = (at - begin) // BIN
        received[place] += bytes_in
        sent[place] += bytes_out
    most = max(*received, *sent)
    rows = [
        Interval(begin + n * BIN, sum(received[n : n + GROUP]), sum(sent[n : n + GROUP]))
        for n in reversed(range(0, BINS, GROUP))
    ]
    return TrafficChart(
        _bars(received, most, -1),
        _bars(sent, most, 1),
        [row for row in rows if row.bytes_in or row.bytes_out],
        sum(received),
        sum(sent),
        f"{size(int(most / BIN.total_seconds()))}/s",
    )


def _bars(values: Sequence[int], most: int, direction: int) -> str:
    """From the axis up (-1) or down (1); even the smallest value is visible."""
    step = WIDTH // BINS
    heights = ((n, max(1.5, value / most * (HALF - 4))) for n, value in enumerate(values) if value)
    return "".join(f"M{n * step} {HALF}h{step - 2}v{direction * tall:.1f}h{2 - step}z" for n, tall in heights)


def _floor(now: datetime, grain: timedelta) -> datetime:
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(grain.total_seconds()), UTC)


@dataclass(frozen=True, slots=True)
class StatusPeriod:
    """A period of constant status."""

    status: str
    begin: datetime
    end: datetime
    x: float
    width: float

    @property
    def duration(self) -> timedelta:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Timeline:
    periods: list[StatusPeriod]
    begin: datetime
    changes: int
    share_up: str
    width: int = WIDTH

    @property
    def text(self) -> str:
        since = (
            "the last 24 hours" if self.periods and self.duration >= SPAN else "the time since it was created"
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
    def duration(self) -> timedelta:
        return self.periods[-1].end - self.begin


def timeline(connection: Connection, now: datetime) -> Timeline:
    """Two queries. The result is constant for a minute, unless the status changed or the row is new."""
    if now - connection.created_at > 10 * MINUTE:
        now = _floor(now, MINUTE) + MINUTE
    begin = max(now - SPAN, connection.created_at)
    past = StatusChange.objects.filter(connection=connection)
    before = past.filter(at__lte=begin).values_list("status", flat=True).first()
    later = past.filter(at__gt=begin).order_by("id").values_list("at", "status")
    return build_timeline(before or "down", list(later), begin, now)


def build_timeline(
    status: str, changes: Sequence[tuple[datetime, str]], begin: datetime, now: datetime
) -> Timeline:
    """`status` is the one at the beginning; changes of only the reason are ignored."""
    now = max([now, begin, *(at for at, _ in changes[-1:])])
    whole = max(now - begin, timedelta(seconds=1))
    parts: list[tuple[str, datetime, datetime]] = []
    start = begin
    for at, word in changes:
        if word != status:
            parts.append((status, start, at))
            status, start = word, at
    parts.append((status, start, now))
    periods = [
        StatusPeriod(
            word, one, end, round((one - begin) / whole * WIDTH, 2), _width(word, (end - one) / whole)
        )
        for word, one, end in parts
    ]
    up = sum((s.duration for s in periods if s.status == _UP), timedelta())
    share = floatformat(min(up / whole, 1.0) * 100, -1)
    return Timeline(periods, begin, len(parts) - 1, share)


def _width(status: str, share: float) -> float:
    """Even the shortest downtime is visible."""
    return round(max(share * WIDTH, 0 if status == _UP else 1.5), 2)
