"""Traffic of connections, stored as samples for the charts.

charon counts per SA, from zero again after every rekeying; a sample holds the difference from the previous
observation. Without traffic nothing is written. A connection gets a new row at most every few seconds,
however often it is observed: traffic in between is added to the last row.
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

# A little less than the period of sweeps, so that each sweep makes a sample.
SAMPLE_INTERVAL = timedelta(seconds=4.5)
KEPT = timedelta(hours=24)
# A longer time without observations is an outage of the workers, and its traffic is spread over that time in
# intervals of the chart, at most an hour of them.
OUTAGE, CHART_INTERVAL, MAX_PARTS = timedelta(minutes=1), timedelta(seconds=30), 120
_COUNTERS = ("bytes_in", "bytes_out", "packets_in", "packets_out")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counters from the gateway's point of view: `in` is from the peer."""

    bytes_in: int = 0
    bytes_out: int = 0
    packets_in: int = 0
    packets_out: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))

    def __bool__(self) -> bool:
        return any(astuple(self))


def traffic_between(before: Iterable[Mapping[str, Any]], now: Iterable[PairStatus]) -> Traffic:
    """The traffic between two observations of a tunnel; SAs are matched by their incoming SPI."""
    known = {pair["spi_in"]: pair for pair in before if pair.get("spi_in")}
    total = Traffic()
    for pair in now:
        if pair.installed:
            total += Traffic(
                *(_since(known.get(pair.spi_in), name, getattr(pair, name)) for name in _COUNTERS)
            )
    return total


def _since(before: Mapping[str, Any] | None, name: str, now: int) -> int:
    """The difference, or all of `now` if the SA is new or counts from zero again."""
    then = int(before.get(name, 0)) if before else 0
    return now - then if now >= then else now


def record_traffic(traffic: Mapping[UUID, Traffic], at: datetime, since: datetime | None = None) -> None:
    """Three statements for however many connections; none when nothing moved.

    `since` is the time of the previous observation. After an outage the traffic is spread evenly over it,
    because it is unknown when the packets passed.
    """
    busy = {ident: amount for ident, amount in traffic.items() if amount}
    if not busy:
        return
    recent = TrafficSample.objects.filter(
        connection__in=busy, at__gt=at - SAMPLE_INTERVAL, at__lte=at
    ).order_by("at")
    open_ones = {sample.connection_id: sample for sample in recent}
    for ident, sample in open_ones.items():
        for name in _COUNTERS:
            setattr(sample, name, getattr(sample, name) + getattr(busy[ident], name))
    TrafficSample.objects.bulk_update(open_ones.values(), _COUNTERS)
    TrafficSample.objects.bulk_create(
        TrafficSample(connection_id=ident, at=moment, **dict(zip(_COUNTERS, astuple(part), strict=True)))
        for ident, amount in busy.items()
        if ident not in open_ones
        for moment, part in _spread(amount, at, since)
    )


def _spread(amount: Traffic, at: datetime, since: datetime | None) -> Iterator[tuple[datetime, Traffic]]:
    parts = min((at - since) // CHART_INTERVAL, MAX_PARTS) if since and at - since >= OUTAGE else 1
    for n in range(parts):
        # Differences of rounded sums: no byte is lost or made.
        counts = (total * (n + 1) // parts - total * n // parts for total in astuple(amount))
        if part := Traffic(*counts):
            yield at - (parts - 1 - n) * CHART_INTERVAL, part


def prune_traffic() -> None:
    """Delete samples that are older than KEPT."""
    TrafficSample.objects.filter(at__lt=timezone.now() - KEPT).delete()
