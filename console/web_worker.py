"""gunicorn's worker for this service: what HTTP itself refuses has the API's form as well.

Of such a request neither path nor Accept is known for certain, so everybody gets JSON.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.conf import settings
from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from console.api.container import INTERNAL, error_container, error_item
from console.errors import Violation

# Bytes: gunicorn's own limit of a header, and what it allows at most for the first line.
LINE_LIMIT = 8190
_TOO_LONG = (
    f"The path with its query and every header have at most {LINE_LIMIT} bytes; leave out what is not needed."
)
_NO_HTTP = "The request is not HTTP as this service understands it: look at its first line and its headers."
_OURS = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


class Worker(ThreadWorker):  # type: ignore[misc, unused-ignore]
    """Threads, as gunicorn's own."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """The exception's text may hold a part of a header, and so of a key: it is not logged."""
        status, violation = refusal_of(exc)
        trace = uuid4().hex
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.error("A request failed, trace %s", trace, exc_info=exc)
        else:
            self.log.warning("A request was refused: %s, trace %s", type(exc).__name__, trace)
        try:
            util.write_nonblock(client, answer(status, violation, trace))
        except OSError:
            self.log.debug("The client of trace %s is gone", trace)


def refusal_of(error: BaseException) -> tuple[HTTPStatus, Violation]:
    """What is wrong with a request that the application has not seen, or has not answered."""
    if isinstance(error, errors.LimitRequestLine):
        return HTTPStatus.REQUEST_URI_TOO_LONG, Violation("http_request_size_exceeded", "", _TOO_LONG)
    if isinstance(error, errors.LimitRequestHeaders):
        too_large = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        return too_large, Violation("http_request_size_exceeded", "", _TOO_LONG)
    if isinstance(error, errors.ParseException) and not isinstance(error, _OURS):
        return HTTPStatus.BAD_REQUEST, Violation("bad_request", "", _NO_HTTP)
    return HTTPStatus.INTERNAL_SERVER_ERROR, Violation("internal_error", "", INTERNAL)


def answer(status: HTTPStatus, violation: Violation, trace: str) -> bytes:
    """The whole response; the connection ends with it."""
    body = json.dumps(error_container([error_item(violation, settings.PUBLIC_URL)], trace)).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Connection: close\r\n"
        "Content-Type: application/json\r\n"
        "Cache-Control: no-store\r\n"
        f"X-Request-Id: {trace}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body
