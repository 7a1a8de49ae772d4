from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from console import health
from vpn.models import Node

pytestmark = pytest.mark.django_db


def test_alive_asks_nobody(django_assert_num_queries: object) -> None:
    assert Client().get("/livez").json() == {"status": "alive"}


def test_ready_tells_of_hosts() -> None:
    now, long_ago = timezone.now(), timezone.now() - timedelta(hours=1)
    Node.objects.create(name="deaf", driver="simulated", swept_at=now, heard_at=long_ago)
    Node.objects.create(name="fresh", driver="simulated", swept_at=now, heard_at=now)
    Node.objects.create(name="gone", driver="simulated", seen_at=long_ago)
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    checks = answer.json()["checks"]
    assert checks["database"] == "ok"
    assert [(host["name"], host["state"], host["sweep"], host["listener"]) for host in checks["hosts"]] == [
        ("deaf", "silent", "ok", "silent"),
        ("fresh", "ok", "ok", "ok"),
        ("gone", "silent", "silent", "silent"),
    ]


def test_a_redis_that_is_away_does_not_make_it_unready(settings: LazySettings) -> None:
    settings.REDIS_URL = "unix:///nonexistent/redis.sock"
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["redis"] == "ConnectionError"


def test_without_a_database_it_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def cursor(self) -> None:
            raise DatabaseError

    monkeypatch.setattr(health, "connection", Broken())
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
