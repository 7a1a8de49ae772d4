"""Expiry of sessions: after a time without activity, and at a maximum age."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from console.core.busy import without_waiting
from console.core.models import User
from console.core.services import sign_ins
from console.core.web.sources import source_of

log = logging.getLogger(__name__)

_BEGAN, _SEEN = "signed_in_at", "seen_at"
# Seconds between writes of the session, which is not written with every request.
_GRAIN = 60


class SessionAgeMiddleware:
    """Ends sessions that are too old or were idle too long.

    What a page asks for by itself (HTMX, GET) does not count as somebody's doing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User):
            now = int(time.time())
            if reason := _why_over(request, now):
                sign_ins.record_session_end(request.user, source_of(request), reason)
                sign_ins.forget_session(request.session.session_key)
                logout(request)
            elif _by_hand(request) and now - request.session.get(_SEEN, 0) >= _GRAIN:
                _note_use(request, request.user, now)
        elif SESSION_KEY in request.session:
            # The person is deactivated: the session must not become valid again when they are reactivated.
            sign_ins.forget_session(request.session.session_key)
            logout(request)
        return self.get_response(request)


def begin(request: HttpRequest, user: User, **_: object) -> None:
    """Receiver of Django's signal of a sign-in."""
    request.session[_BEGAN] = request.session[_SEEN] = int(time.time())
    if not request.session.session_key:
        request.session.save()
    source = source_of(request)
    sign_ins.note_session(user, request.session.session_key or "", source)
    sign_ins.record_sign_in(user, source)


user_logged_in.connect(begin, dispatch_uid="console.sessions")


def sign_in_url(request: HttpRequest) -> str:
    """The sign-in page, which returns to the current page; it says so when a session ended."""
    query = {"next": _origin(request)}
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        query["ended"] = "1"
    return f"{reverse('sign_in')}?{urlencode(query, safe='/')}"


def _why_over(request: HttpRequest, now: int) -> str:
    began = request.session.setdefault(_BEGAN, now)
    seen = request.session.setdefault(_SEEN, now)
    if now - began >= settings.SESSION_LIFETIME_SECONDS:
        return "lifetime"
    idle = settings.SESSION_IDLE_SECONDS
    return "idle" if idle and now - seen >= idle else ""


def _note_use(request: HttpRequest, user: User, now: int) -> None:
    """A busy or full database must neither fail nor delay a page because of a timestamp."""
    before, was_modified = request.session.get(_SEEN), request.session.modified
    request.session[_SEEN] = now
    try:
        with without_waiting(), transaction.atomic():
            sign_ins.note_session(user, request.session.session_key or "", source_of(request))
            request.session.save()
    except UpdateError:
        # It was ended meanwhile: the middleware of sessions finds this again, and responds.
        return
    except DatabaseError as error:
        request.session[_SEEN] = before
        log.warning("the use of a session is not noted: %s", type(error).__name__)
        request.session.modified = was_modified
    else:
        request.session.modified = False


def _by_hand(request: HttpRequest) -> bool:
    return request.method != "GET" or "HX-Request" not in request.headers


def _origin(request: HttpRequest) -> str:
    """The page to return to: the requested one; for a form or a fragment, the page that contains it."""
    if request.method in {"GET", "HEAD"} and "HX-Request" not in request.headers:
        return request.get_full_path()
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not page or not url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        return "/"
    parts = urlsplit(page)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
