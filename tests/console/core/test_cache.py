"""The shared cache with a server, and without one: the service continues."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from redis import Redis
from redis.exceptions import OutOfMemoryError, TimeoutError

from console.core import cache as cache_module
from console.core.breaker import Breaker
from console.core.cache import RETRY_SECONDS, TIMEOUT, FailOpenRedisCache
from console.project.quickstart.redis import command, responds
from tests.factories import PSK, Party, make_connection, make_gateway, make_subnet, path_of
from tests.waiting import wait_for


@pytest.fixture
def server() -> Iterator[Path]:
    """A Redis of its own; the path of its socket (short: a socket's path has 108 characters)."""
    with tempfile.TemporaryDirectory(prefix="isth") as directory:
        path = Path(directory) / "redis.sock"
        with subprocess.Popen(command(path, Path(directory)), stdout=subprocess.DEVNULL) as process:
            try:
                wait_for(lambda: responds(path))
                yield path
            finally:
                process.terminate()


def cache_at(path: Path) -> FailOpenRedisCache:
    return FailOpenRedisCache(f"unix://{path}?db=1", {})


def test_counting(server: Path) -> None:
    cache = cache_at(server)
    assert [cache.count("a", 60) for _ in range(3)] == [1, 2, 3]
    assert cache.count("b", 60) == 1


def test_counts_are_forgotten(server: Path) -> None:
    cache = cache_at(server)
    cache.count("a", 1)
    wait_for(lambda: cache.get("a") is None)
    assert cache.count("a", 1) == 1


def test_a_server_that_hangs_is_not_waited_for() -> None:
    with tempfile.TemporaryDirectory(prefix="isth") as directory, socket.socket(socket.AF_UNIX) as mute:
        path = Path(directory) / "redis.sock"
        mute.bind(str(path))
        mute.listen()
        began = time.monotonic()
        assert cache_at(path).count("a", 60) == 1
        assert time.monotonic() - began < 3 * TIMEOUT


def test_a_server_that_failed_rests(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    cache, other = cache_at(server), cache_at(server)
    assert cache.breaker is other.breaker, "threads share one breaker"
    monkeypatch.setattr(cache.breaker, "_clock", lambda: now[0])
    asked: list[str] = []

    def refuse(*_: object, **__: object) -> None:
        asked.append("x")
        raise TimeoutError

    with monkeypatch.context() as patched:
        patched.setattr("redis.client.Pipeline.execute", refuse)
        assert [cache.count("a", 60), other.count("a", 60), cache.get("a")] == [1, 1, None]
        assert len(asked) == 1
    assert cache.count("a", 60) == 1, "the breaker is still open"
    now[0] += RETRY_SECONDS
    assert [cache.count("a", 60), other.count("a", 60)] == [1, 2]


def test_requests_pass_while_the_server_is_unavailable(tmp_path: Path) -> None:
    cache = cache_at(tmp_path / "nothing.sock")
    assert [cache.count("a", 60) for _ in range(3)] == [1, 1, 1]
    assert cache.get("a", "default") == "default"
    cache.set("a", 1)
    assert cache.add("a", 1)
    assert cache.incr("a") == 1
    assert [cache.delete("a"), cache.touch("a"), cache.has_key("a")] == [False] * 3
    cache.clear()
    assert cache.get_many(["a", "b"]) == {}
    assert cache.set_many({"a": 1, "b": 2}) == ["a", "b"]
    cache.delete_many(["a"])
    assert cache.get_or_set("a", 5) == 5


def test_every_method_that_uses_the_server_tolerates_its_absence() -> None:
    methods = {name for name, found in vars(RedisCache).items() if callable(found)}
    asking = {name for name in methods if not name.startswith("_")} - {"get_backend_timeout"}
    assert {"get_many", "set_many"} <= asking
    assert asking <= vars(FailOpenRedisCache).keys()


@pytest.mark.parametrize("full", [False, True], ids=["away", "full"])
def test_an_editor_reads_and_changes_connections_without_redis(
    full: bool, ana: Party, settings: LazySettings, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = server if full else server.with_name("nothing.sock")
    settings.CACHES = {
        "default": {"BACKEND": "console.core.cache.FailOpenRedisCache", "LOCATION": f"unix://{place}?db=1"}
    }
    if full:
        monkeypatch.setitem(cache_module._breakers, f"unix://{place}?db=1", Breaker(rest=0.0))
        Redis(unix_socket_path=str(place)).config_set("maxmemory", 1)
        with pytest.raises(OutOfMemoryError):
            Redis(unix_socket_path=str(place)).set("a", "b")
    path = path_of(make_connection(ana))
    listed = path.rpartition("/")[0]
    for _ in range(2):
        assert ana.api.get(path).json()["psk"] == PSK
        assert ana.api.get(listed).status_code == 200
        assert ana.api.patch(path, {"name": "other"}).json()["name"] == "other"


def test_reads_and_writes_go_on_without_redis(ana: Party, settings: LazySettings, tmp_path: Path) -> None:
    settings.RATE_LIMIT = 1
    settings.REDIS_URL = f"unix://{tmp_path}/nothing.sock"
    settings.CACHES = {
        "default": {
            "BACKEND": "console.core.cache.FailOpenRedisCache",
            "LOCATION": f"unix://{tmp_path}/nothing.sock?db=1",
        }
    }
    assert isinstance(caches["default"], FailOpenRedisCache)
    subnet = make_subnet(ana)
    made = ana.api.post("/v1/vpn_gateways", {"name": "made", "subnet": {"id": str(subnet.pk)}})
    assert made.status_code == 201
    assert made.json()["status"] == "pending"
    assert ana.api.get("/v1/vpn_gateways").json()["total_count"] == 1
    assert ana.api.get(path_of(make_gateway(ana))).status_code == 200
