"""The pages shown when passwords cannot be checked now."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from console.core.hashing import TooManyHashes
from console.core.services.sign_in_limits import TooManyFailures


class PasswordLimitMiddleware:
    """Turns refused password checks of any view into responses with Retry-After."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TooManyFailures):
            minutes = ceil(error.seconds / 60)
            page = render(request, "console/locked_out.html", {"minutes": minutes}, status=429)
            return _later(page, seconds=error.seconds)
        if isinstance(error, TooManyHashes):
            return _later(render(request, "console/busy.html", status=503), seconds=2)
        return None


def _later(response: HttpResponse, *, seconds: int) -> HttpResponse:
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    return response
