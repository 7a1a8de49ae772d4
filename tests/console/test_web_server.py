"""Through gunicorn itself, from the bytes of a request to those of its answer."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from gunicorn.config import Config
from gunicorn.workers.gthread import TConn

from console.chunked import WholeBodies
from console.quickstart.datadir import Listen
from console.quickstart.services import web_service
from console.web_worker import LINE_LIMIT, Worker
from tests.factories import Party, make_connection, path_of
from vpn.models import Vpc

Answer = tuple[HTTPResponse, Any]
Ask = Callable[..., Answer]


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """The database's, which is the test's: requests must not close it."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def ask(ana: Party, _one_connection: None) -> Ask:
    config = Config()
    config.set("limit_request_line", LINE_LIMIT)
    worker = Worker(0, 0, [], None, 30, config, logging.getLogger("gunicorn.test"))
    worker.log.access = lambda *_: None
    worker.wsgi = WholeBodies(get_wsgi_application())
    worker.keepalived_conns, worker.max_keepalived = [], 0
    headers = {"Host": "testserver", "Authorization": f"Bearer {ana.key()}"}

    def asked(
        method: str, path: str, *chunks: bytes, head: str = "", **more: str
    ) -> tuple[HTTPResponse, Any]:
        """Chunks as they are sent; `head` goes out as it stands."""
        lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in (headers | more).items()]
        sent = f"{method} {path} HTTP/1.1\r\n{''.join(lines)}{head}\r\n".encode() + b"".join(chunks)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            # Larger than what a test sends, so that nobody waits.
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            ours.sendall(sent)
            worker.handle(TConn(config, theirs, ("127.0.0.1", 1), ("127.0.0.1", 2)))
            answer = HTTPResponse(ours)
            answer.begin()
            text = answer.read()
        assert answer.headers.get_content_type() == "application/json", text
        return answer, json.loads(text)

    return asked


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


CHUNKED = {"Transfer_Encoding": "chunked"}
END = b"0\r\n\r\n"


def code_of(body: Any) -> str:
    (error,) = body["errors"]
    assert body["trace"] and error["more_info"].endswith(f"/manual/errors#{error['code']}")
    return str(error["code"])


def test_a_body_in_chunks_is_read(ana: Party, ask: Ask) -> None:
    row = make_connection(ana)
    path = f"{path_of(row)}?version=2019-01-01"
    parts = chunk(b'{"admin_state'), chunk(b'_up":false}'), END
    answer, body = ask("PATCH", path, *parts, **CHUNKED)
    assert (answer.status, body["admin_state_up"]) == (200, False)
    row.refresh_from_db()
    assert not row.admin_state_up
    answer, body = ask("POST", "/v1/vpcs?version=2019-01-01", chunk(b'{"name":"mychunkvpc"}'), END, **CHUNKED)
    assert (answer.status, body["name"]) == (201, "mychunkvpc")
    assert Vpc.objects.filter(name="mychunkvpc").exists()


def test_a_body_in_chunks_is_refused_as_any_other(ask: Ask, settings: LazySettings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2048
    path = "/v1/vpcs?version=2019-01-01"
    answer, body = ask("POST", path, chunk(b"garbage{{{"), END, **CHUNKED)
    assert (answer.status, code_of(body)) == (400, "bad_request")
    answer, body = ask("POST", path, *[chunk(b"x" * 1000)] * 8, END, **CHUNKED)
    assert (answer.status, code_of(body)) == (413, "http_request_size_exceeded")
    answer, body = ask("POST", path, b"no size\r\n", **CHUNKED)
    assert (answer.status, code_of(body)) == (400, "bad_request")
    assert not Vpc.objects.filter(name__startswith="x").exists()


def test_what_http_refuses_has_the_form_of_the_api(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    path = "/v1/vpcs?version=2019-01-01"
    answer, body = ask("GET", f"{path}&start={'x' * 5000}")
    assert (answer.status, code_of(body)) == (400, "invalid_id_format")
    answer, body = ask("GET", f"{path}&start={'x' * 9000}")
    assert (answer.status, code_of(body)) == (414, "http_request_size_exceeded")
    answer, body = ask("GET", path, Authorization="Bearer secret" + "x" * 9000)
    assert (answer.status, code_of(body)) == (431, "http_request_size_exceeded")
    answer, body = ask("POST", path, Content_Length="many")
    assert (answer.status, code_of(body)) == (400, "bad_request")
    answer, body = ask("GET", path, head="X-Key secret\r\n")
    assert (answer.status, code_of(body)) == (400, "bad_request")
    assert answer.headers["X-Request-Id"] == body["trace"]
    assert body["trace"] in caplog.text and "secret" not in caplog.text


def test_a_fault_of_ours_before_any_answer(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret detail")

    monkeypatch.setattr(WholeBodies, "__call__", fail)
    answer, body = ask("GET", "/v1")
    assert (answer.status, code_of(body)) == (500, "internal_error")
    assert "secret detail" not in json.dumps(body) and "the secret detail" in caplog.text


def test_quickstart_starts_this_worker() -> None:
    command = web_service(Listen("127.0.0.1", 8000)).command
    assert command[command.index("--worker-class") + 1] == "console.web_worker.Worker"
    assert command[command.index("--limit-request-line") + 1] == str(LINE_LIMIT)
