"""What connections carried, kept as samples for the charts.

charon counts per SA and starts again at zero with every rekey; samples hold the difference to the one
before. Nothing is written while nothing moves, and however many observations there are, a
connection gets a row of its own at most every few seconds: what comes sooner is added to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from vpn.domain.status import PairStatus
from vpn.models import TrafficSample

# A little less than the sweep's pace, so that each sweep makes a sample.
EVERY = timedelta(seconds=4.5)
KEPT = timedelta(hours=24)
# So long without an observation is an outage of the workers; the chart's intervals; an hour of them.
UNSEEN, GRAIN, MOST_PARTS = timedelta(minutes=1), timedelta(seconds=30), 120
_COUNTERS = ("bytes_in", "bytes_out", "packets_in", "packets_out")


@dataclass(frozen=True, slots=True)
class Carried:
    """Seen from the gateway: `in` came from the peer."""

    bytes_in: int = 0
    bytes_out: int = 0
    packets_in: int = 0
    packets_out: int = 0

    def __add__(self, other: Carried) -> Carried:
        return Carried(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))

    def __bool__(self) -> bool:
        return any(astuple(self))


def carried(before: Iterable[Mapping[str, Any]], now: Iterable[PairStatus]) -> Carried:
    """What passed between two observations of a tunnel; an SA is known by its incoming SPI."""
    known = {pair["spi_in"]: pair for pair in before if pair.get("spi_in")}
    total = Carried()
    for pair in now:
        if pair.installed:
            total += Carried(
                *(_since(known.get(pair.spi_in), name, getattr(pair, name)) for name in _COUNTERS)
            )
    return total


def _since(before: Mapping[str, Any] | None, name: str, now: int) -> int:
    """All of it when the SA is new, or counts from nothing again."""
    then = int(before.get(name, 0)) if before else 0
    return now - then if now >= then else now


def record_traffic(moved: Mapping[UUID, Carried], at: datetime, since: datetime | None = None) -> None:
    """Three statements for however many connections; none when nothing moved.

    `since` is the observation before. After a time without observations the traffic is spread
    evenly over it: when it passed is unknown, but it did not pass at once.
    """
    busy = {ident: passed for ident, passed in moved.items() if passed}
    if not busy:
        return
    recent = TrafficSample.objects.filter(connection__in=busy, at__gt=at - EVERY, at__lte=at).order_by("at")
    open_ones = {sample.connection_id: sample for sample in recent}
    for ident, sample in open_ones.items():
        for name in _COUNTERS:
            setattr(sample, name, getattr(sample, name) + getattr(busy[ident], name))
    TrafficSample.objects.bulk_update(open_ones.values(), _COUNTERS)
    TrafficSample.objects.bulk_create(
        TrafficSample(connection_id=ident, at=moment, **dict(zip(_COUNTERS, astuple(part), strict=True)))
        for ident, passed in busy.items()
        if ident not in open_ones
        for moment, part in _spread(passed, at, since)
    )


def _spread(passed: Carried, at: datetime, since: datetime | None) -> Iterator[tuple[datetime, Carried]]:
    parts = min((at - since) // GRAIN, MOST_PARTS) if since and at - since >= UNSEEN else 1
    for n in range(parts):
        # Differences of rounded sums: no byte is lost or made.
        counts = (total * (n + 1) // parts - total * n // parts for total in astuple(passed))
        if part := Carried(*counts):
            yield at - (parts - 1 - n) * GRAIN, part


def prune_traffic() -> None:
    """What is older than a day goes."""
    TrafficSample.objects.filter(at__lt=timezone.now() - KEPT).delete()
