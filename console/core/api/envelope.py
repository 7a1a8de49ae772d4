"""The one form of every failure under /v1: `errors[]` and `trace` (contract section 5.1)."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from rest_framework import exceptions
from rest_framework.response import Response

from console.core.api.container import INTERNAL, ShownError, error_container
from console.core.api.errors import InvalidParameter, TooLarge
from console.core.api.links import origin
from console.core.audit import SECRETS
from console.core.errors import Conflict, NotAllowed, NotFound, Outdated, Refused, Violation

log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[Refused], int], ...] = (
    (TooLarge, 413),
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (Outdated, 412),
)
_CODES: Mapping[int, str] = {
    400: "bad_request",
    401: "token_missing",
    403: "not_authorized",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "http_request_size_exceeded",
    415: "unsupported_media_type",
    429: "rate_limit_exceeded",
    500: "internal_error",
    503: "backend_service_unavailable",
}
_DJANGO: tuple[tuple[type[Exception], int, str], ...] = (
    (Http404, 404, "There is nothing here."),
    (PermissionDenied, 403, "This is not allowed."),
    (RequestDataTooBig, 413, "The body is too large."),
    (SuspiciousOperation, 400, "The request is not understood."),
)
_LONGEST_VALUE = 256
_STEP = re.compile(r"\.|\[(\d+)\]\.?")
# Seconds.
RETRY_AFTER = 5
UNAVAILABLE = "The database is busy or unavailable, and nothing was changed. Try again in a moment."


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Any exception of a view as the error container; unexpected ones are logged and not shown."""
    request = context["request"]
    if isinstance(error, Refused):
        return _refused(error, request)
    if isinstance(error, exceptions.APIException):
        return _api_exception(error, request)
    for kind, status, message in _DJANGO:
        if isinstance(error, kind):
            return _error_response(request, status, [Violation(_CODES[status], "", message)])
    trace = getattr(request, "request_id", "")
    if isinstance(error, OperationalError | InterfaceError):
        log.error("%s %s: database: %s, trace %s", request.method, request.path, error, trace)
        return unavailable(request)
    log.error("%s %s failed, trace %s", request.method, request.path, trace, exc_info=error)
    return _error_response(request, 500, [Violation("internal_error", "", INTERNAL)])


def unavailable(request: HttpRequest) -> Response:
    """503 with Retry-After; the failed transaction was rolled back."""
    response = _error_response(request, 503, [Violation("backend_service_unavailable", "", UNAVAILABLE)])
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def container(
    request: HttpRequest, violations: Iterable[Violation], *, kind: str = "field", body: object = None
) -> dict[str, Any]:
    """The body of an error; `kind` is what the violations' fields are: field, parameter, header."""
    base = _origin(request)
    trace = re.sub(r"[^-0-9a-zA-Z_]", "", getattr(request, "request_id", "")) or "none"
    return error_container((_error(v, kind, body, base) for v in violations), trace)


def _refused(error: Refused, request: Any) -> Response:
    status = next((number for kind, number in _STATUS if isinstance(error, kind)), 400)
    if isinstance(error, Outdated):
        return _error_response(request, status, error.violations, kind="header")
    # The path names the object that is missing, or whose state forbids the request.
    if isinstance(error, InvalidParameter | NotFound | Conflict):
        return _error_response(request, status, error.violations, kind="parameter")
    body = None if isinstance(error, TooLarge) or status == 403 else _body(request)
    return _error_response(request, status, error.violations, body=body)


def _api_exception(error: exceptions.APIException, request: Any) -> Response:
    status = error.status_code
    code = _CODES.get(status, "bad_request" if status < 500 else "internal_error")
    if isinstance(error, exceptions.AuthenticationFailed):
        code = "token_invalid"
    response = _error_response(request, status, [Violation(code, *_target(error))], kind="header")
    if auth := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = auth
    if isinstance(error, exceptions.Throttled):
        response["Retry-After"] = str(max(1, math.ceil(getattr(error, "wait", None) or 1)))
    return response


def _target(error: exceptions.APIException) -> tuple[str, str]:
    """The header that is wrong, and the message."""
    if isinstance(error, exceptions.NotAuthenticated):
        return "Authorization", "Say who you are: Authorization: Bearer API-KEY."
    if isinstance(error, exceptions.AuthenticationFailed):
        return "Authorization", str(error.detail)
    if isinstance(error, exceptions.Throttled):
        return "", "This key has asked too often; wait as long as Retry-After says."
    if isinstance(error, exceptions.NotAcceptable):
        return "Accept", "Answers are application/json, or text/html for browsers."
    if isinstance(error, exceptions.UnsupportedMediaType):
        return "Content-Type", "A body is JSON; label it application/json."
    return "", str(error.detail) if error.status_code < 500 else INTERNAL


def _error_response(
    request: Any, status: int, violations: Iterable[Violation], *, kind: str = "field", body: object = None
) -> Response:
    django_request = getattr(request, "_request", request)
    return Response(container(django_request, violations, kind=kind, body=body), status=status)


def _error(violation: Violation, kind: str, body: object, base: str) -> ShownError:
    # The value of an unknown field may be a secret under a misspelt name.
    hidden = not violation.field or violation.code == "bad_field"
    return ShownError(violation, base, kind, None if hidden else _value_at(body, violation.field))


def _origin(request: HttpRequest) -> str:
    try:
        return origin(request)
    except SuspiciousOperation:
        return ""


def _body(request: Any) -> object:
    """What the client sent, if it could be read at all."""
    try:
        return request.data
    except (Refused, exceptions.APIException, SuspiciousOperation):
        return None


def _value_at(body: object, path: str) -> str | int | float | bool | None:
    """The scalar at `path` in the body; never a secret."""
    steps = [step for step in _STEP.split(path) if step]
    if SECRETS.intersection(step.casefold() for step in steps):
        return None
    for step in steps:
        if isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(body, list) and step.isdecimal() and int(step) < len(body):
            body = body[int(step)]
        else:
            return None
    if isinstance(body, str):
        return body if len(body) <= _LONGEST_VALUE else None
    return body if isinstance(body, bool | int | float) else None
