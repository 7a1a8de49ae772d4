"""Responses where no view is reached, and where one failed: JSON under /v1, pages elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from console.core.api.container import INTERNAL
from console.core.api.envelope import RETRY_AFTER, UNAVAILABLE, container
from console.core.errors import Violation


@csrf_exempt
def unknown_route(request: HttpRequest, **_: Any) -> JsonResponse:
    """Any path under /v1 that is not a route."""
    message = f"There is no route {request.path[:128]} in this API."
    body = container(request, [Violation("invalid_route", "", message)])
    return JsonResponse(body, status=404)


def is_api(request: HttpRequest) -> bool:
    """Whether the path belongs to the API, so that its errors are JSON too."""
    return request.path == "/v1" or request.path.startswith(("/v1/", "/identity/"))


def _outside(status: int, code: str, message: str, page: Callable[..., Any]) -> Callable[..., Any]:
    """A Django error handler that returns JSON under /v1, and HTML elsewhere."""

    def handler(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_api(request):
            return JsonResponse(container(request, [Violation(code, "", message)]), status=status)
        response: HttpResponseBase = page(request, *args, **kwargs)
        return response

    return handler


bad_request = _outside(400, "bad_request", "The request is not understood.", defaults.bad_request)
permission_denied = _outside(403, "not_authorized", "This is not allowed.", defaults.permission_denied)
page_not_found = _outside(404, "invalid_route", "There is no such route.", defaults.page_not_found)
_broken = _outside(500, "internal_error", INTERNAL, defaults.server_error)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django calls this while it handles the error; a busy or unavailable database gives 503 instead."""
    if not isinstance(sys.exception(), OperationalError | InterfaceError):
        broken: HttpResponseBase = _broken(request)
        return broken
    response: HttpResponseBase
    if is_api(request):
        violation = Violation("backend_service_unavailable", "", UNAVAILABLE)
        response = JsonResponse(container(request, [violation]), status=503)
    else:
        response = render(None, "503.html", status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response
