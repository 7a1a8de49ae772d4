"""Sign-ins end: after a while without anyone at the keyboard, and at last in any case."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

_BEGAN, _SEEN = "signed_in_at", "seen_at"
# The session is written once in so many seconds, not with every request.
_GRAIN = 60


class SessionAgeMiddleware:
    """Ends sessions that are too old or were idle too long.

    What a page asks for by itself (HTMX, GET) does not count as somebody's doing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            if _is_over(request, now):
                logout(request)
            elif _by_hand(request) and now - request.session.get(_SEEN, 0) >= _GRAIN:
                request.session[_SEEN] = now
        return self.get_response(request)


def begin(request: HttpRequest, **_: object) -> None:
    """Receiver of Django's signal of a sign-in."""
    request.session[_BEGAN] = request.session[_SEEN] = int(time.time())


user_logged_in.connect(begin, dispatch_uid="console.sessions")


def sign_in_url(request: HttpRequest) -> str:
    """The sign-in page, from which one comes back to where one was; it says so when a session ended."""
    query = {"next": _origin(request)}
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        query["ended"] = "1"
    return f"{reverse('sign_in')}?{urlencode(query, safe='/')}"


def _is_over(request: HttpRequest, now: int) -> bool:
    began = request.session.setdefault(_BEGAN, now)
    seen = request.session.setdefault(_SEEN, now)
    idle = settings.SESSION_IDLE_SECONDS
    return now - began >= settings.SESSION_COOKIE_AGE or bool(idle and now - seen >= idle)


def _by_hand(request: HttpRequest) -> bool:
    return request.method != "GET" or "HX-Request" not in request.headers


def _origin(request: HttpRequest) -> str:
    """The page to come back to: what was asked for; of a form or a part of a page, the page it is in."""
    if request.method in {"GET", "HEAD"} and "HX-Request" not in request.headers:
        return request.get_full_path()
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not page or not url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        return "/"
    parts = urlsplit(page)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
