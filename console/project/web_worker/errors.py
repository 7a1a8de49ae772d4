"""Responses of the web server itself, with the headers of Django's responses.

Of a request that the application never sees neither path nor Accept is known for certain, so that
everybody gets JSON in the form of the API.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.module_loading import import_string

from console.core.api.container import INTERNAL, ShownError, error_container
from console.core.errors import Violation

# Bytes of the request line and of each header, and of all of them together.
LINE_LIMIT = 8190
HEAD_LIMIT = 32768
_TOO_LONG = (
    f"The path with its query and every header have at most {LINE_LIMIT} bytes, all of them together "
    f"{HEAD_LIMIT}; leave out what is not needed."
)
_NO_HTTP = "The request is not valid HTTP: check its first line and its headers."
_SLOW = "The request was not complete after {} seconds: send its headers and its body in less time."
_CROWDED = "Too many connections are open: close those that are idle, and try again in a moment."
_NO_CODING = "The only supported transfer coding is chunked, in HTTP/1.1."
_LARGE = "The body is too large: it has at most {} bytes."
# By name as in the settings: gunicorn reads this file before Django is set up.
_MIDDLEWARE = (
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "console.core.web.middleware.ContentPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "console.core.web.middleware.RequestIdMiddleware",
)
_Responder = Callable[[HttpRequest], HttpResponse]


def violation_of(status: HTTPStatus) -> Violation:
    """Why a request is refused with this status before the application sees it."""
    size = "http_request_size_exceeded"
    known = {
        HTTPStatus.BAD_REQUEST: ("bad_request", _NO_HTTP),
        HTTPStatus.REQUEST_TIMEOUT: ("request_timeout", _SLOW.format(settings.REQUEST_SECONDS)),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (size, _LARGE.format(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)),
        HTTPStatus.REQUEST_URI_TOO_LONG: (size, _TOO_LONG),
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (size, _TOO_LONG),
        HTTPStatus.NOT_IMPLEMENTED: ("bad_request", _NO_CODING),
        HTTPStatus.SERVICE_UNAVAILABLE: ("too_many_connections", _CROWDED),
    }
    code, message = known.get(status, ("internal_error", INTERNAL))
    return Violation(code, "", message)


def error_response(status: HTTPStatus, request_id: str = "") -> HttpResponse:
    """The complete response; `request_id` is the caller's own, if it sent one.

    It passes through the same middleware as every other answer, so that no header is stated twice.
    """
    return _responder(status)(_bare_request(request_id))


def alive_response(request_id: str = "", *, hangs: bool) -> HttpResponse:
    """Of /livez; 503 with `hangs`."""
    return _alive_responder(hangs)(_bare_request(request_id))


def _bare_request(request_id: str) -> HttpRequest:
    request = HttpRequest()
    request.method = "GET"
    # The proxy, if there is one, has terminated TLS; a bad request is not redirected.
    request.META = {"HTTP_X_REQUEST_ID": request_id, "HTTP_X_FORWARDED_PROTO": "https"}
    return request


@cache
def _responder(status: HTTPStatus) -> _Responder:
    return _with_middleware(partial(_respond, status))


@cache
def _alive_responder(hangs: bool) -> _Responder:
    return _with_middleware(
        import_string("console.project.health.hangs" if hangs else "console.project.health.alive")
    )


def _with_middleware(handler: _Responder) -> _Responder:
    for name in _MIDDLEWARE:
        handler = import_string(name)(handler)
    return handler


def _respond(status: HTTPStatus, request: HttpRequest) -> HttpResponse:
    trace: str = getattr(request, "request_id", "")
    error = ShownError(violation_of(status), settings.PUBLIC_URL)
    response = JsonResponse(error_container([error], trace), status=status.value)
    response["Cache-Control"] = "no-store"
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = "1"
    return response
