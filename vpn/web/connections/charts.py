"""Charts drawn by the server: figures for SVG templates, with the same figures for a table.

Colours and lines are the stylesheet's; here are only places, in units of the viewBox.
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
# Intervals of the picture in one row of the table.
GROUP = 10
SPAN, MINUTE = timedelta(hours=24), timedelta(minutes=1)
_UP = "up"


@dataclass(frozen=True, slots=True)
class Interval:
    """What passed in five minutes."""

    at: datetime
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True, slots=True)
class TrafficChart:
    """The last half hour. Both paths are bars, what came in above the axis and what went out below;
    `rows` are the times in which anything passed, the newest first."""

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
    came, went = [0] * BINS, [0] * BINS
    for at, bytes_in, bytes_out in samples:
        place = (at - begin) // BIN
        came[place] += bytes_in
        went[place] += bytes_out
    most = max(*came, *went)
    rows = [
        Interval(begin + n * BIN, sum(came[n : n + GROUP]), sum(went[n : n + GROUP]))
        for n in reversed(range(0, BINS, GROUP))
    ]
    return TrafficChart(
        _bars(came, most, -1),
        _bars(went, most, 1),
        [row for row in rows if row.bytes_in or row.bytes_out],
        sum(came),
        sum(went),
        f"{size(int(most / BIN.total_seconds()))}/s",
    )


def _bars(values: Sequence[int], most: int, direction: int) -> str:
    """From the axis up (-1) or down (1); something is always seen of what is not nothing."""
    step = WIDTH // BINS
    heights = ((n, max(1.5, value / most * (HALF - 4))) for n, value in enumerate(values) if value)
    return "".join(f"M{n * step} {HALF}h{step - 2}v{direction * tall:.1f}h{2 - step}z" for n, tall in heights)


def _floor(now: datetime, grain: timedelta) -> datetime:
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(grain.total_seconds()), UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in one status."""

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
    """Two queries. Looks the same for a minute, unless something changed or it is young."""
    if now - connection.created_at > 10 * MINUTE:
        now = _floor(now, MINUTE) + MINUTE
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
        Stretch(word, one, end, round((one - begin) / whole * WIDTH, 2), _width(word, (end - one) / whole))
        for word, one, end in parts
    ]
    up = sum((s.lasted for s in stretches if s.status == _UP), timedelta())
    share = floatformat(min(up / whole, 1.0) * 100, -1)
    return Timeline(stretches, begin, len(parts) - 1, share)


def _width(status: str, share: float) -> float:
    """The shortest time down is still seen."""
    return round(max(share * WIDTH, 0 if status == _UP else 1.5), 2)
