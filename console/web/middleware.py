"""Every request gets an id; every request of a signed-in person gets an actor."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from console.actor import Actor, Role, Via
from console.models import Membership, User
from console.web.requests import actor_of

ACCOUNT_KEY = "account_id"
_WELL_FORMED = re.compile(r"[-0-9a-zA-Z_]{8,64}")

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """`request.request_id`: the caller's X-Request-Id when it is well-formed, else a new one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _WELL_FORMED.fullmatch(given) else uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class ActorMiddleware:
    """`request.actor`: the person in the account chosen in the session, or None."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = _actor(request)  # type: ignore[attr-defined]
        return self.get_response(request)


def _actor(request: HttpRequest) -> Actor | None:
    if not isinstance(request.user, User) or not request.user.is_active:
        return None
    chosen = request.session.get(ACCOUNT_KEY)
    memberships = list(Membership.objects.filter(user=request.user).order_by("created_at", "id"))
    member = next((m for m in memberships if str(m.account_id) == chosen), None)
    member = member or next(iter(memberships), None)
    if member is None:
        return None
    return actor_of(request, request.user.username, member.account_id, Role(member.role), Via.CONSOLE)
