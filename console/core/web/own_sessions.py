"""The page of a person's own sessions: where they are signed in, and how to sign out there."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.core.models import SignInSession
from console.core.services import sign_ins
from console.core.web.pages import person_page, refused
from console.core.web.requests import ConsoleRequest
from console.core.web.sign_in import renew_session
from console.core.web.sources import source_of

# Words in user agents, the distinctive one first: browsers also claim to be other browsers.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Line:
    row: SignInSession
    current: bool

    @property
    def browser(self) -> str:
        return describe_browser(self.row.browser)


def describe_browser(text: str) -> str:
    """ "Firefox on Linux" for a User-Agent; the text itself, truncated, if it is unknown."""
    name = next((word for mark, word in _BROWSERS if mark in text), "")
    system = next((word for mark, word in _SYSTEMS if mark in text), "")
    if name and system:
        return f"{name} on {system}"
    return name or text[:60] or "Unknown browser"


@person_page("GET", "HEAD")
def sessions(request: ConsoleRequest) -> HttpResponse:
    """The current session first, then by last use."""
    key = request.session.session_key
    lines = [Line(row, row.session_key == key) for row in sign_ins.sessions_of(request.user)]
    lines.sort(key=lambda line: not line.current)
    return render(request, "console/sessions.html", {"lines": lines, "others": len(lines) > 1})


@person_page("POST")
def end_session(request: ConsoleRequest, session_id: int) -> HttpResponse:
    row = request.user.sign_ins.filter(pk=session_id).first()
    if row is None:
        return refused(request, 404, "You have no session with this number; it may have ended already.")
    if row.session_key == request.session.session_key:
        messages.error(request, "This is the session you are using; sign out to end it.")
    elif sign_ins.end_session(request.user, session_id, source_of(request)):
        messages.success(request, f"The session in {describe_browser(row.browser)} has ended.")
    return redirect("sessions")


@person_page("POST")
def end_other_sessions(request: ConsoleRequest) -> HttpResponse:
    sign_ins.end_sessions(request.user, source_of(request), keep=request.session.session_key)
    renew_session(request)
    messages.success(request, "All your other sessions have ended.")
    return redirect("sessions")
