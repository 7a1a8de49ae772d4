"""A worker without tasks shows that its loop turns, with a broker and without."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from celery.worker import state
from redis import Redis

from console.core.heartbeat import DIRECTORY, last_beat
from console.project.celery_consumer import beat_if_idle
from console.project.quickstart import redis
from console.project.quickstart.services import worker_service
from console.project.quickstart.supervisor import Log, Supervisor
from tests.waiting import wait_for


class _Request:
    """As far as Celery's sets of requests ask for."""


def test_a_task_that_does_not_end_is_no_sign_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DIRECTORY, str(tmp_path))
    request = _Request()
    state.reserved_requests.add(request)
    beat_if_idle()
    assert last_beat(tmp_path, "worker") is None
    state.reserved_requests.discard(request)
    beat_if_idle()
    assert last_beat(tmp_path, "worker") is not None


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Supervisor]:
    """A supervisor of processes with an installation of their own; their log goes to `log`."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("ISTHMUS_")}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "console.project.settings",
        "ISTHMUS_DATA_DIR": str(tmp_path),
        "ISTHMUS_DRIVER": "simulated",
        "ISTHMUS_SECRET_KEY": secrets.token_urlsafe(48),
        "ISTHMUS_ENCRYPTION_KEYS": "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtMDE=",
        "ISTHMUS_REDIS_URL": f"unix://{tmp_path}/redis.sock",
        DIRECTORY: str(tmp_path),
    }
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        supervisor = Supervisor(Log(log), tmp_path / "processes.json", environment)
        supervisor.start(
            replace(worker_service(lambda: True, tmp_path, holder=0), stop_seconds=0.5), seconds=10
        )
        try:
            yield supervisor
        finally:
            supervisor.stop()


def show_turns(product: Supervisor, directory: Path, count: int = 3) -> None:
    """Waits for this many heartbeats of the worker."""
    seen = {last_beat(directory, "worker")}

    def enough() -> bool:
        product.poll_once()
        seen.add(last_beat(directory, "worker"))
        return len(seen) > count

    wait_for(enough, 60)


def test_without_a_broker_the_loop_shows_that_it_turns(product: Supervisor, tmp_path: Path) -> None:
    """No fault restarts it; a stopped process is still restarted."""
    show_turns(product, tmp_path)
    first = product.pids["worker"]
    assert "Cannot connect" in (tmp_path / "log").read_text()
    product._is_running, product._hang_seconds = True, 1
    os.kill(first, signal.SIGSTOP)

    def restarted() -> bool:
        product.poll_once()
        return product.pids["worker"] != first

    wait_for(restarted, 60)
    assert "worker hangs: no heartbeat" in (tmp_path / "log").read_text()


def test_with_a_broker_that_hangs_too(product: Supervisor, tmp_path: Path) -> None:
    socket = tmp_path / "redis.sock"
    with subprocess.Popen(redis.command(socket, tmp_path), stdout=subprocess.DEVNULL) as broker:
        try:
            wait_for(lambda: redis.responds(socket), 30)
            with Redis(unix_socket_path=str(socket)) as client:
                wait_for(lambda: any(one["cmd"] == "brpop" for one in client.client_list()), 60)
            show_turns(product, tmp_path)
            broker.send_signal(signal.SIGSTOP)
            show_turns(product, tmp_path, 10)
            broker.send_signal(signal.SIGCONT)
            show_turns(product, tmp_path)
        finally:
            broker.kill()
