"""Through the server itself, from the bytes of a request to those of its answer."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from gunicorn.config import Config
from gunicorn.errors import ConfigError
from waitress import wasyncore

from console.project.quickstart.listen import Listen
from console.project.quickstart.services import web_service
from console.project.web_worker.channels import Channel
from console.project.web_worker.errors import _responder
from console.project.web_worker.requests import Application
from console.project.web_worker.worker import Worker, make_server
from tests.factories import Party, make_connection, path_of
from vpn.models import Vpc

Response = tuple[HTTPResponse, Any]
Ask = Callable[..., Response]


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """The database's, which is the test's: requests must not close it."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


class _OwnThread(list[Channel]):
    """A dispatcher whose only thread is the test's, and so has its database connection."""

    def add_task(self, channel: Channel) -> None:
        self.append(channel)

    def work(self) -> None:
        while self:
            self.pop(0).service()


@pytest.fixture
def ask(ana: Party, _one_connection: None) -> Ask:
    # Once, since it configures the log again.
    application = get_wsgi_application()
    headers = {"Host": "testserver", "Authorization": f"Bearer {ana.key()}"}

    def asked(
        method: str, path: str, *chunks: bytes, head: str = "", **more: str
    ) -> tuple[HTTPResponse, Any]:
        """Chunks as they are sent; `head` is sent unchanged."""
        lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in (headers | more).items()]
        sent = f"{method} {path} HTTP/1.1\r\n{''.join(lines)}{head}\r\n".encode() + b"".join(chunks)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            # Larger than what a test sends, so that nobody waits.
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            ours.sendall(sent)
            ours.shutdown(socket.SHUT_WR)
            channels: dict[int, Any] = {}
            thread = _OwnThread()
            with socket.create_server(("127.0.0.1", 0)) as listener:
                server = make_server(application, listener, thread, channels)
                server.served = lambda *_: None
                Channel(server, theirs, ("127.0.0.1", 1), server.adj, channels)
                while server.active_channels:
                    wasyncore.loop(timeout=1, use_poll=True, map=channels, count=1)
                    thread.work()
                server.close()
            response = HTTPResponse(ours)
            response.begin()
            text = response.read()
        assert response.headers.get_content_type() == "application/json", text
        return response, json.loads(text)

    return asked


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


CHUNKED = {"Transfer_Encoding": "chunked"}
SECURITY_HEADERS = (
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
)
END = b"0\r\n\r\n"


def code_of(body: Any) -> str:
    (error,) = body["errors"]
    assert body["trace"] and error["more_info"].endswith(f"/manual/errors#{error['code']}")
    return str(error["code"])


def test_a_body_in_chunks_is_read(ana: Party, ask: Ask) -> None:
    row = make_connection(ana)
    path = f"{path_of(row)}?version=2019-01-01"
    parts = chunk(b'{"admin_state'), chunk(b'_up":false}'), END
    response, body = ask("PATCH", path, *parts, **CHUNKED)
    assert (response.status, body["admin_state_up"]) == (200, False)
    row.refresh_from_db()
    assert not row.admin_state_up
    response, body = ask(
        "POST", "/v1/vpcs?version=2019-01-01", chunk(b'{"name":"mychunkvpc"}'), END, **CHUNKED
    )
    assert (response.status, body["name"]) == (201, "mychunkvpc")
    assert Vpc.objects.filter(name="mychunkvpc").exists()


def test_a_body_in_chunks_is_refused_as_any_other(ask: Ask, settings: LazySettings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2048
    path = "/v1/vpcs?version=2019-01-01"
    response, body = ask("POST", path, chunk(b"garbage{{{"), END, **CHUNKED)
    assert (response.status, code_of(body)) == (400, "bad_request")
    response, body = ask("POST", path, *[chunk(b"x" * 1000)] * 8, END, **CHUNKED)
    assert (response.status, code_of(body)) == (413, "http_request_size_exceeded")
    response, body = ask("POST", path, b"no size\r\n", **CHUNKED)
    assert (response.status, code_of(body)) == (400, "bad_request")
    assert not Vpc.objects.filter(name__startswith="x").exists()


@pytest.mark.parametrize(
    ("method", "path", "host"),
    [
        ("GET", "/livez", ""),
        ("GET", "/nothing", ""),
        ("POST", "/sign-in", ""),
        ("GET", "/sign-in", "elsewhere.example"),
        ("GET", "/v1/vpcs", "elsewhere.example"),
        ("GET", "/static/console.css", ""),
        ("POST", "/static/console.css", ""),
    ],
)
def test_every_response_of_the_application_has_the_security_headers(
    method: str, path: str, host: str
) -> None:
    """Also those given before the session is read: files, and refusals of a foreign host's name."""
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    response = client.generic(method, path, headers={"host": host or "127.0.0.1"})
    assert [name for name in SECURITY_HEADERS if name not in response.headers] == []


def test_what_http_refuses_has_the_form_of_the_api(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    path = "/v1/vpcs?version=2019-01-01"
    response, body = ask("GET", f"{path}&start={'x' * 5000}")
    assert (response.status, code_of(body)) == (400, "invalid_id_format")
    response, body = ask("GET", f"{path}&start={'x' * 9000}")
    assert (response.status, code_of(body)) == (414, "http_request_size_exceeded")
    response, body = ask("GET", path, Authorization="Bearer secret" + "x" * 9000)
    assert (response.status, code_of(body)) == (431, "http_request_size_exceeded")
    response, body = ask("POST", path, Content_Length="many")
    assert (response.status, code_of(body)) == (400, "bad_request")
    response, body = ask("GET", path, head="X-Key secret\r\n")
    assert (response.status, code_of(body)) == (400, "bad_request")
    assert response.headers["X-Request-Id"] == body["trace"]
    assert body["trace"] in caplog.text and "secret" not in caplog.text


def test_an_internal_error_before_any_response(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret detail")

    monkeypatch.setattr(Application, "execute", fail)
    response, body = ask("GET", "/v1")
    assert (response.status, code_of(body)) == (500, "internal_error")
    assert "secret detail" not in json.dumps(body) and "the secret detail" in caplog.text


def test_no_request_ends_in_two_places(ask: Ask) -> None:
    """Nothing for a proxy in front and this server to disagree about."""
    path = "/v1/vpcs?version=2019-01-01"
    response, body = ask("POST", path, chunk(b"{}"), END, Content_Length="2", **CHUNKED)
    assert (response.status, code_of(body)) == (400, "bad_request")
    response, body = ask("POST", path, b"{}", head="Content-Length: 2\r\nContent-Length: 3\r\n")
    assert (response.status, code_of(body)) == (400, "bad_request")
    response, body = ask("POST", path, chunk(b"{}"), END, Transfer_Encoding="gzip, chunked")
    assert (response.status, code_of(body)) == (501, "bad_request")


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (414, {"path": f"/v1/{'x' * 9000}"}),
        (431, {"X_Long": "x" * 9000}),
        (431, {f"X_{number}": "x" * 8000 for number in range(5)}),
        (400, {"Content_Length": "many"}),
        (413, {"Content_Length": "100000000"}),
        (501, {"Transfer_Encoding": "gzip"}),
    ],
)
def test_responses_of_the_server_itself_have_all_headers(ask: Ask, status: int, sent: dict[str, str]) -> None:
    plain = Client().get("/v1/nothing", headers={"Accept": "application/json"})
    assert plain.status_code == 404
    wanted = {name: plain.headers[name] for name in SECURITY_HEADERS}
    response, body = ask("GET", **({"path": "/v1/vpcs?version=2019-01-01"} | sent), X_Request_Id="mine-1")
    assert response.status == status
    assert {name: response.headers[name] for name in SECURITY_HEADERS} == wanted
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Request-Id"] == body["trace"]


def test_behind_tls_they_say_so_too(ask: Ask, settings: LazySettings) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_SSL_REDIRECT = 31536000, True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    _responder.cache_clear()
    response, _ = ask("GET", f"/v1/{'x' * 9000}")
    _responder.cache_clear()
    assert (response.status, response.headers["Strict-Transport-Security"]) == (414, "max-age=31536000")


def test_a_request_that_was_read_keeps_its_id(ask: Ask) -> None:
    response, body = ask("POST", "/v1", Content_Length="100000000", X_Request_Id="mine-1")
    assert (response.status, response.headers["X-Request-Id"], body["trace"]) == (413, "mine-1", "mine-1")


def test_quickstart_starts_this_worker() -> None:
    command = web_service(Listen("127.0.0.1", 8000)).command
    assert command[command.index("--worker-class") + 1] == "console.project.web_worker.worker.Worker"


def test_it_does_not_pretend_to_speak_tls() -> None:
    config = Config()
    config.set("certfile", "cert.pem")
    with pytest.raises(ConfigError, match="let a proxy terminate TLS"):
        Worker.check_config(config, None)
