"""Redis goes and comes back: the API goes on, and no change is lost."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.project.quickstart import redis
from tests.e2e.product import installed
from tests.waiting import wait_for

pytestmark = pytest.mark.dataplane


class Server:
    """A Redis of our own, which ISTHMUS_REDIS_URL makes quickstart use."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = directory / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(redis.command(self.socket, self.directory))
        wait_for(lambda: redis.responds(self.socket), 10)

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@contextmanager
def server(directory: Path) -> Iterator[Server]:
    made = Server(directory)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def test_reads_and_writes_go_on_without_redis_and_work_resumes_with_it(tmp_path: Path) -> None:
    with server(tmp_path) as broker, installed(ISTHMUS_REDIS_URL=f"unix://{broker.socket}") as product:
        assert "redis" not in product.pids
        before = product.gateway("subnet-1")["id"]
        wait_for(lambda: product.available(before), 20)
        broker.stop()
        assert product.available(before)
        waiting = product.gateway("subnet-2")
        assert waiting["status"] == "pending"
        renamed = product.call("PATCH", f"/vpn_gateways/{before}", {"name": "renamed"})
        assert renamed.status_code == 200
        assert product.call("DELETE", f"/vpn_gateways/{before}").status_code == 204
        assert product.get(f"/vpn_gateways/{waiting['id']}")["status"] == "pending"
        broker.start()
        wait_for(lambda: product.available(waiting["id"]), 40)
        wait_for(lambda: product.gone(before), 20)
