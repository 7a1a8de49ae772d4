from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from redis import Redis

from console.project import health
from console.project.quickstart import checks, redis
from tests.adminsite import superuser
from tests.waiting import wait_for
from vpn.models import Node

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what other tests have seen."""
    monkeypatch.setattr(health, "_watch", health.Watch())


def test_livez_depends_on_nothing(django_assert_num_queries: object) -> None:
    assert Client().get("/livez").json() == {"status": "alive"}


def test_readyz_lists_hosts() -> None:
    now, long_ago = timezone.now(), timezone.now() - timedelta(hours=1)
    Node.objects.create(name="deaf", driver="simulated", sweep_seen_at=now, listener_seen_at=long_ago)
    Node.objects.create(name="fresh", driver="simulated", sweep_seen_at=now, listener_seen_at=now)
    Node.objects.create(name="gone", driver="simulated", seen_at=long_ago)
    stranger = Client().get("/readyz")
    assert stranger.status_code == 200
    assert stranger.json() == {
        "status": "degraded",
        "checks": {"database": "ok", "redis": "not configured", "sweep": "silent", "listener": "silent"},
    }
    checks = superuser().get("/readyz").json()["checks"]
    assert [(host["name"], host["state"], host["sweep"], host["listener"]) for host in checks["hosts"]] == [
        ("deaf", "silent", "ok", "silent"),
        ("fresh", "ok", "ok", "ok"),
        ("gone", "silent", "silent", "silent"),
    ]


@pytest.mark.parametrize(
    ("hang", "sweep", "patience"), [(60, 5, 30), (20, 2, 15), (5, 1, 15), (60, 60, 180), (600, 5, 300)]
)
def test_a_host_is_silent_before_what_hangs_is_ended(
    settings: LazySettings, hang: int, sweep: int, patience: int
) -> None:
    settings.HANG_SECONDS, settings.SWEEP_SECONDS = hang, sweep
    now = timezone.now()
    sooner, later = now - timedelta(seconds=patience - 1), now - timedelta(seconds=patience + 1)
    node = Node(name="a", sweep_seen_at=sooner, listener_seen_at=sooner)
    assert health.silent_part(node, now) is None
    assert health.silent_part(Node(name="b", sweep_seen_at=sooner, listener_seen_at=later), now) == "listener"


def test_a_redis_that_is_away_does_not_make_it_unready(settings: LazySettings) -> None:
    settings.REDIS_URL = "unix:///nonexistent/redis.sock"
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"]["redis"] == "ConnectionError"


@pytest.fixture
def redis_socket(tmp_path: Path, settings: LazySettings) -> Iterator[tuple[Path, int]]:
    path = tmp_path / "r.sock"
    process = subprocess.Popen(redis.command(path, tmp_path), stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: redis.responds(path), 30)
        settings.REDIS_URL = f"unix://{path}"
        yield path, process.pid
    finally:
        process.kill()
        process.wait(30)


def test_a_full_redis_is_reported(redis_socket: tuple[Path, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "redis_url", lambda database: f"unix://{redis_socket[0]}")
    assert Client().get("/readyz").json()["status"] == "ready"
    with Redis(unix_socket_path=str(redis_socket[0])) as client:
        client.config_set("maxmemory", "1")
        response = Client().get("/readyz").json()
        assert (response["status"], response["checks"]["redis"]) == ("degraded", "full: it refuses writes")
        found = checks.redis()
        assert not found.ok and "full: it refuses writes" in found.message and "maxmemory" in found.fix
        client.config_set("maxmemory", "0")
    assert Client().get("/readyz").json()["status"] == "ready"


def test_a_hung_redis_is_reported(redis_socket: tuple[Path, int]) -> None:
    os.kill(redis_socket[1], signal.SIGSTOP)
    assert Client().get("/readyz").json()["checks"]["redis"] == "TimeoutError"
    os.kill(redis_socket[1], signal.SIGCONT)
    wait_for(lambda: Client().get("/readyz").json()["status"] == "ready", 30)


class TestWatch:
    """By changes, whatever the wall clock says."""

    def test_silence_is_a_value_that_stays(self) -> None:
        now = [0.0]
        watch = health.Watch(lambda: now[0])
        assert not watch.is_silent("a", 1, 0, 30)
        now[0] = 29
        assert not watch.is_silent("a", 1, 29, 30)
        now[0] = 31
        assert watch.is_silent("a", 1, 31, 30)
        assert not watch.is_silent("a", 2, 0, 30)

    @pytest.mark.parametrize("first_requests", [(0, 0), (0, 20), (22, 1)])
    def test_every_web_process_calls_it_silent_at_the_same_moment(
        self, first_requests: tuple[int, int]
    ) -> None:
        """Each receives some of the requests. Heartbeats come at 0, 5, 10 and 15, and then no more."""
        now = [0.0]
        processes = [health.Watch(lambda: now[0]) for _ in first_requests]
        responses: dict[int, set[bool]] = {}
        for second in range(45):
            now[0] = second
            value = min(second // 5 * 5, 15)
            for number, (watch, first) in enumerate(zip(processes, first_requests, strict=True)):
                # One of them is asked every second, the other every seventh.
                if second >= first and (second - first) % (1 + 6 * number) == 0:
                    silent = watch.is_silent("a", value, second - value, 15)
                    responses.setdefault(second, set()).add(silent)
        assert all(found == {second >= 30} for second, found in responses.items()), responses

    @pytest.mark.parametrize("step", [-3600, 3600])
    def test_a_clock_that_is_stepped_hides_nothing_and_invents_nothing(self, step: int) -> None:
        now = [0.0]
        watch = health.Watch(lambda: now[0])
        assert not watch.is_silent("a", 1, 1, 30)
        now[0] = 10
        assert not watch.is_silent("a", 1, 11 + step, 30), "invented"
        assert not watch.is_silent("a", 2, step, 30), "it changed"
        now[0] = 41
        assert watch.is_silent("a", 2, 31 + step, 30), "hidden"

    def test_the_first_observation_goes_by_age(self) -> None:
        watch = health.Watch(lambda: 0.0)
        assert watch.is_silent("old", 1, 3600, 30)
        assert watch.is_silent("from the future", 1, -3600, 30)
        assert not watch.is_silent("new", 1, 3, 30)


def test_without_a_database_it_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def cursor(self) -> None:
            raise DatabaseError

    monkeypatch.setattr(health, "connection", Broken())
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["status"] == "not ready"
