"""Requests as waitress parses them, and the responses that it writes, with our additional rules."""

from __future__ import annotations

import time
from datetime import timedelta
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

from django.http import HttpResponse
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask, Task, WSGITask
from waitress.utilities import Error

from console.project.web_worker.errors import LINE_LIMIT, alive_response, error_response
from console.project.web_worker.log import log


class Refusal(Error):
    """Why the web server responds without the application."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.code = status.value
        self.reason = status.phrase


class Parser(HTTPRequestParser):
    """Parses one request; `began` is the arrival of its first byte, by the monotonic clock."""

    # For a request that could not be parsed.
    command = ""
    version = "1.1"
    error: Any = None

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self.began = time.monotonic()
        self._refusal: Refusal | None = None

    def received(self, data: bytes) -> int:
        if not self.headers_finished:
            self._check_lines(self.header_plus + data)
        consumed: int = super().received(data)
        if self._refusal:
            self.error = self._refusal
            self.completed = True
        return consumed

    def _check_lines(self, head: bytes) -> None:
        """Refuses a line that is too long at once; waitress has only a limit on all of them together."""
        lines = head.partition(b"\r\n\r\n")[0].lstrip().split(b"\r\n")
        if len(lines[0]) > LINE_LIMIT:
            self._refusal = Refusal(HTTPStatus.REQUEST_URI_TOO_LONG)
        elif any(len(line) > LINE_LIMIT for line in lines):
            self._refusal = Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def parse_header(self, header_plus: bytes) -> None:
        """Raises ParsingError also where two parsers might disagree on the end of the body."""
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Both Content-Length and Transfer-Encoding")
        if "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Transfer-Encoding needs HTTP/1.1")


class _Answering(Task):
    """A response without a body keeps its Content-Length, and does not end the connection."""

    def write(self, data: bytes) -> None:
        super().write(b"" if self.request.command == "HEAD" else data)

    def finish(self) -> None:
        if self.request.command == "HEAD":
            if not self.wrote_header:
                self.write(b"")
            return
        super().finish()

    def set_close_on_finish(self) -> None:
        """waitress also closes it for lack of a length, which 204 and 304 do not have."""
        wanted = self.version == "1.0" or self.request.connection_close or self.channel.server.stopping
        if wanted or self.has_body or self.wrote_header:
            super().set_close_on_finish()


class Application(_Answering, WSGITask):
    """A request that the application handles; it is counted, and written to the access log."""

    def service(self) -> None:
        began = time.monotonic()
        try:
            super().service()
        finally:
            self.channel.server.served(self, timedelta(seconds=time.monotonic() - began))

    def execute(self) -> None:
        if self.channel.server.stopping:
            self.set_close_on_finish()
        super().execute()

    def get_environment(self) -> dict[str, Any]:
        """The WSGI environment, with `wsgi.multiprocess` as gunicorn sets it."""
        environ: dict[str, Any] = super().get_environment()
        environ["wsgi.multiprocess"] = True
        return environ


class _WithoutApplication(_Answering, ErrorTask):
    """A response that the web server makes itself."""

    def respond(self, response: HttpResponse) -> None:
        self.status = f"{response.status_code} {response.reason_phrase}"
        self.response_headers.extend(response.items())
        self.content_length = len(response.content)
        self.write(response.content)


class Refused(_WithoutApplication):
    """A request that the web server refuses itself. The log contains no part of it, since it may hold
    a key."""

    def execute(self) -> None:
        status = HTTPStatus(self.request.error.code)
        response = error_response(status, self.request.headers.get("X_REQUEST_ID", ""))
        trace = response["X-Request-Id"]
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("A request failed: %s, trace %s", status.phrase, trace)
        else:
            self.channel.server.refusals.add(self.channel.client, status, trace)
        self.channel.linger = True
        self.close_on_finish = True
        self.response_headers.append(("Connection", "close"))
        self.respond(response)


class Alive(_WithoutApplication):
    """/livez, handled by the loop: it waits for no thread that runs the application."""

    def execute(self) -> None:
        if self.channel.server.stopping:
            self.set_close_on_finish()
        trace = self.request.headers.get("X_REQUEST_ID", "")
        self.respond(alive_response(trace, hangs=self.channel.server.hangs))


def is_liveness(request: Parser) -> bool:
    return request.error is None and request.path == "/livez" and request.command in ("GET", "HEAD")


def access_record(task: Application) -> tuple[SimpleNamespace, SimpleNamespace, dict[str, Any]]:
    """A response, a request and an environment in the form that gunicorn's access log expects."""
    environ = task.get_environment() | {"RAW_URI": task.request.request_uri}
    response = SimpleNamespace(
        status=task.status, sent=task.content_bytes_written, headers=task.response_headers
    )
    request = SimpleNamespace(headers=list(task.request.headers.items()))
    return response, request, environ
