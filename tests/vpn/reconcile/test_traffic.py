"""Samples of what connections carried."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import Party, make_connection, make_gateway
from tests.vpn.scene import Scene, settle
from vpn.domain.status import PairStatus
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Connection, Gateway, TrafficSample, Tunnel
from vpn.reconcile.controller import observe_gateway
from vpn.reconcile.traffic import Traffic, record_traffic, traffic_between
from vpn.tasks import prune_samples


def counted(spi: str, *counters: int, state: str = "installed") -> PairStatus:
    return PairStatus("10.0.0.0/24", "10.1.0.0/24", state, spi, spi, *counters)


def row(spi: str, *counters: int) -> dict[str, Any]:
    names = ("bytes_in", "bytes_out", "packets_in", "packets_out")
    return {"spi_in": spi, **dict(zip(names, counters, strict=True))}


@pytest.mark.parametrize(
    ("before", "now", "moved"),
    [
        ([row("c1", 10, 20, 1, 2)], [counted("c1", 15, 20, 2, 2)], Traffic(5, 0, 1, 0)),
        ([row("c1", 10, 20, 1, 2)], [counted("c1", 10, 20, 1, 2)], Traffic()),
        # Rekeyed: another SA, which counts from nothing.
        ([row("c1", 900, 900, 9, 9)], [counted("c2", 7, 8, 1, 1)], Traffic(7, 8, 1, 1)),
        ([row("c1", 900, 900, 9, 9)], [counted("c1", 7, 900, 1, 9)], Traffic(7, 0, 1, 0)),
        ([], [counted("c1", 7, 8, 1, 1), counted("c2", 1, 1, 1, 1)], Traffic(8, 9, 2, 2)),
        ([row("c1", 1, 1, 1, 1)], [counted("", state="down")], Traffic()),
    ],
)
def test_counters_become_differences(
    before: list[dict[str, Any]], now: list[PairStatus], moved: Traffic
) -> None:
    assert traffic_between(before, now) == moved
    assert bool(traffic_between(before, now)) == (moved != Traffic())


@pytest.fixture
def rows(ana: Party) -> list[Connection]:
    gateway = make_gateway(ana)
    return [make_connection(ana, gateway, number) for number in range(4)]


def test_what_comes_sooner_is_added_to_the_sample_before(rows: list[Connection]) -> None:
    at, one = timezone.now(), rows[0].pk
    for seconds in (0, 1, 4, 5, 6):
        record_traffic({one: Traffic(1, 2, 3, 4)}, at + timedelta(seconds=seconds))
    samples = list(TrafficSample.objects.order_by("at").values_list("at", "bytes_in", "packets_out"))
    assert samples == [(at, 3, 12), (at + timedelta(seconds=5), 2, 8)]


def test_what_passed_unseen_is_spread_over_the_time(rows: list[Connection]) -> None:
    at, ident = timezone.now(), rows[0].pk
    moved = Traffic(1000, 7, 10, 1)
    record_traffic({ident: moved}, at, at - timedelta(minutes=5))
    samples = list(TrafficSample.objects.order_by("at"))
    assert [s.at for s in samples] == [at - timedelta(seconds=30 * n) for n in reversed(range(10))]
    assert {s.bytes_in for s in samples} == {100}
    assert (
        sum((Traffic(s.bytes_in, s.bytes_out, s.packets_in, s.packets_out) for s in samples), Traffic())
        == moved
    )


@pytest.mark.parametrize("seen", [timedelta(seconds=59), timedelta(0)])
def test_what_was_watched_stays_where_it_was_seen(rows: list[Connection], seen: timedelta) -> None:
    at = timezone.now()
    record_traffic({rows[0].pk: Traffic(1000, 7, 10, 1)}, at, at - seen)
    assert TrafficSample.objects.get().at == at


def test_a_day_without_observations_makes_at_most_an_hour_of_samples(rows: list[Connection]) -> None:
    at = timezone.now()
    record_traffic({rows[0].pk: Traffic(10**9, 10**9, 10**6, 10**6)}, at, at - timedelta(days=1))
    assert TrafficSample.objects.count() == 120


def test_statements_do_not_grow_with_connections(
    rows: list[Connection], django_assert_num_queries: Any
) -> None:
    at = timezone.now()
    with django_assert_num_queries(0):
        record_traffic({one.pk: Traffic() for one in rows}, at)
    with django_assert_num_queries(2):
        record_traffic({one.pk: Traffic(1, 1, 1, 1) for one in rows}, at)
    assert TrafficSample.objects.count() == 4


def later(driver: SimulatedDriver, monkeypatch: pytest.MonkeyPatch, seconds: int) -> datetime:
    """The simulated driver counts by the clock."""
    import time

    now = time.time() + seconds
    monkeypatch.setattr("vpn.drivers.simulated.driver.time.time", lambda: now)
    return timezone.now()


@pytest.mark.django_db
def test_observations_leave_samples_and_quiet_ones_none(
    scene: Scene,
    pair: tuple[Gateway, Gateway],
    driver: SimulatedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two = pair
    ours = scene.connect(one, two)
    scene.connect(two, one)
    settle(driver, one, two)
    TrafficSample.objects.all().delete()
    later(driver, monkeypatch, 20)
    observe_gateway(one.id, driver=driver)
    sample = TrafficSample.objects.get(connection=ours)
    assert (sample.bytes_in, sample.packets_in) == (sample.packets_in * 84, sample.packets_out)
    assert 150 <= sample.packets_in <= 220
    stamp, tunnels = Gateway.objects.get(pk=one.pk).stamp, list(Tunnel.objects.values("pairs", "negotiated"))
    observe_gateway(one.id, driver=driver)
    assert TrafficSample.objects.filter(connection=ours).count() == 1
    assert Gateway.objects.get(pk=one.pk).stamp == stamp
    assert list(Tunnel.objects.values("pairs", "negotiated")) == tunnels


def test_a_day_is_kept(rows: list[Connection]) -> None:
    for hours in (1, 23, 25):
        record_traffic({rows[0].pk: Traffic(1, 1, 1, 1)}, timezone.now() - timedelta(hours=hours))
    prune_samples()
    assert TrafficSample.objects.count() == 2
