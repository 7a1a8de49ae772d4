"""/livez reports whether the web server makes progress, without waiting for a thread."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from http.client import HTTPResponse
from types import SimpleNamespace
from typing import Any

import pytest
from waitress import wasyncore

from console.project.web_worker.channels import Channel
from console.project.web_worker.worker import Worker, make_server
from tests.console.project.test_web_server import SECURITY_HEADERS


class _Turning(Worker):
    """A worker with a loop alone; `notified` counts gunicorn's heartbeats."""

    def __init__(self, waiting: list[str], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._dispatcher = SimpleNamespace(queue=waiting)
        self.notified = 0

    def notify(self) -> None:
        self.notified += 1


def test_threads_that_end_no_request_are_no_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """gunicorn then ends this worker and starts another; /livez says so as well."""
    now, waiting = 1000.0, ["request"]
    monkeypatch.setattr("console.project.web_worker.worker.wasyncore.loop", lambda **_: None)
    server = SimpleNamespace(hangs=None, answer_liveness=lambda: None, enforce=lambda _: None)
    worker = _Turning(waiting, lambda: now)

    def turned() -> tuple[bool, int]:
        worker._turn({}, [server])
        return server.hangs, worker.notified

    worker._progress = now
    now += 60
    assert turned() == (False, 1)
    now += 1
    assert turned() == (True, 1)
    waiting.clear()
    assert turned() == (False, 2), "a thread has taken it"
    waiting.append("another")
    now += 61
    assert turned() == (True, 2)
    worker._progress = now
    assert turned() == (False, 3), "a request has ended"


@pytest.mark.parametrize(
    ("method", "hangs", "status"), [("GET", False, 200), ("GET", True, 503), ("HEAD", False, 200)]
)
def test_livez_is_handled_by_the_loop(method: str, hangs: bool, status: int) -> None:
    """No thread runs here. Its headers are those of every other response."""

    def application(*_: object) -> Any:
        raise AssertionError

    channels: dict[int, Any] = {}
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as listener:
        server = make_server(application, listener, [], channels)
        server.hangs = hangs
        Channel(server, theirs, ("127.0.0.1", 1), server.adj, channels)
        ours.sendall(f"{method} /livez HTTP/1.1\r\nHost: any\r\nX-Request-Id: mine\r\n\r\n".encode())
        ours.shutdown(socket.SHUT_WR)
        while server.active_channels:
            wasyncore.loop(timeout=1, use_poll=True, map=channels, count=1)
            server.answer_liveness()
        server.close()
        response = HTTPResponse(ours, method=method)
        response.begin()
        assert (response.status, response.headers["X-Request-Id"]) == (status, "mine")
        assert all(response.headers[name] for name in SECURITY_HEADERS)
        assert json.loads(response.read() or b"{}").get("status") in {"alive", "hangs", None}
