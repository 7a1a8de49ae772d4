"""Figures of the charts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import Party, make_connection
from vpn.models import Connection, StatusChange, TrafficSample
from vpn.web.connections.charts import (
    BINS,
    HALF,
    WIDTH,
    build_timeline,
    build_traffic_chart,
    timeline,
    traffic_chart,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_samples_fall_into_their_intervals() -> None:
    second = timedelta(seconds=1)
    samples = [(BEGIN, 300, 0), (BEGIN + 29 * second, 300, 30), (BEGIN + 1799 * second, 0, 6000)]
    chart = build_traffic_chart(samples, BEGIN)
    step = WIDTH // BINS
    # 6000 of 6000 is as tall as may be; 600 is a tenth of that; 30 would be nothing to see.
    assert chart.path_in == f"M0 {HALF}h{step - 2}v-5.6h{2 - step}z"
    assert (
        chart.path_out
        == f"M0 {HALF}h{step - 2}v1.5h{2 - step}zM{WIDTH - step} {HALF}h{step - 2}v56.0h{2 - step}z"
    )
    assert [(row.at, row.bytes_in, row.bytes_out) for row in chart.rows] == [
        (BEGIN + timedelta(minutes=25), 0, 6000),
        (BEGIN, 600, 30),
    ]
    assert (chart.bytes_in, chart.bytes_out, chart.peak) == (600, 6030, "200 B/s")
    assert "600 B in" in chart.text and "200 B/s" in chart.text


def test_an_empty_chart_says_so() -> None:
    chart = build_traffic_chart([], BEGIN)
    assert (
        chart.rows == []
        and chart.path_in == chart.path_out == ""
        and chart.text == "No traffic in the last 30 minutes."
    )


def test_the_timeline_is_whole_and_in_order() -> None:
    changes = [(BEGIN + HOUR, "up"), (BEGIN + 2 * HOUR, "up"), (BEGIN + 3 * HOUR, "down")]
    drawing = build_timeline("down", changes, BEGIN, BEGIN + 4 * HOUR)
    assert [(s.status, s.duration) for s in drawing.periods] == [
        ("down", HOUR),
        ("up", 2 * HOUR),
        ("down", HOUR),
    ]
    assert sum(s.width for s in drawing.periods) == pytest.approx(WIDTH, abs=0.1)
    assert drawing.changes == 2
    assert drawing.text == "Up 50 % of the time since it was created; 2 changes between up and down."


def test_a_moment_down_is_seen() -> None:
    moment = BEGIN + timedelta(seconds=1)
    drawing = build_timeline("up", [(BEGIN, "down"), (moment, "up")], BEGIN - HOUR, BEGIN + 23 * HOUR)
    assert [s.width > 1 for s in drawing.periods] == [True, True, True]


def test_a_new_connection_has_a_timeline() -> None:
    drawing = build_timeline("down", [], BEGIN, BEGIN)
    assert drawing.changes == 0 and "Up 0 %" in drawing.text


@pytest.fixture
def connection(ana: Party) -> Connection:
    connection = make_connection(ana)
    Connection.objects.filter(pk=connection.pk).update(created_at=BEGIN)
    connection.refresh_from_db()
    return connection


def test_only_the_last_day_counts(connection: Connection) -> None:
    def change(hours: float, status: str) -> None:
        at = BEGIN + timedelta(hours=hours)
        StatusChange.objects.create(gateway=connection.gateway, connection=connection, at=at, status=status)

    for hours, status in ((1, "up"), (2, "down"), (3, "up"), (30, "down")):
        change(hours, status)
    drawing = timeline(connection, BEGIN + timedelta(hours=36, seconds=-1))
    assert [s.status for s in drawing.periods] == ["up", "down"]
    assert drawing.text.startswith("Up 75 % of the last 24 hours; 1 change")


def test_only_the_last_half_hour_and_only_its_own(ana: Party, connection: Connection) -> None:
    other = make_connection(ana, connection.gateway, 1)
    now = BEGIN + HOUR
    for row, minutes in ((connection, 1), (connection, 29), (connection, 40), (other, 1)):
        at = now - timedelta(minutes=minutes)
        TrafficSample.objects.create(
            connection=row, at=at, bytes_in=10, bytes_out=0, packets_in=1, packets_out=0
        )
    assert traffic_chart(connection, now).bytes_in == 20


def test_what_is_now_is_seen_at_its_end(connection: Connection) -> None:
    now = BEGIN + timedelta(hours=30, seconds=20)
    for seconds, status in ((-9, "down"), (-1, "up")):
        at = now + timedelta(seconds=seconds)
        StatusChange.objects.create(gateway=connection.gateway, connection=connection, at=at, status=status)
    last = timeline(connection, now).periods[-1]
    assert last.status == "up" and last.width > 0
    assert timeline(connection, now) == timeline(connection, now + timedelta(seconds=30))
