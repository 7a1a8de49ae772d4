"""Every request gets an id; every request of a signed-in person gets an actor."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast
from uuid import uuid4

from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware

from console.core.actor import Actor, Role, Via
from console.core.models import Account, Membership, User
from console.core.web.requests import ConsoleRequest, Place, actor_of

ACCOUNT_KEY, ACTING_KEY = "account_id", "acting_account_id"
_WELL_FORMED = re.compile(r"[-0-9a-zA-Z_]{1,128}")

# For answers that are no documents: should a browser be made to show one, it loads nothing.
_NO_DOCUMENT = "default-src 'none'; frame-ancestors 'none'"

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """`request.request_id`: the caller's X-Request-Id when it is well-formed, else a new one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _WELL_FORMED.fullmatch(given) else uuid4().hex
        cast(ConsoleRequest, request).request_id = request_id
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class SecurityHeadersMiddleware:
    """The headers of Django's SecurityMiddleware, also where it raises on the way in: to redirect to
    https it asks for the host, which may be none of ours."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._security = SecurityMiddleware(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._security.process_response(request, self.get_response(request))


class ContentPolicyMiddleware(CSPMiddleware):
    """The settings' policy for pages; JSON gets its own, which also spares building the other."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.get("Content-Type", "").startswith("application/json"):
            response["Content-Security-Policy"] = _NO_DOCUMENT
            return response
        return super().process_response(request, response)


class ActorMiddleware:
    """`request.actor`: the person in the account chosen in the session, or None; `request.place`."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = cast(ConsoleRequest, request)
        given.place = _place(request)
        # Pages let nobody in without an actor: for them it is one.
        given.actor = cast(Actor, _actor(request, given.place))
        return self.get_response(request)


def _place(request: HttpRequest) -> Place:
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return Place()
    chosen, foreign = request.session.get(ACCOUNT_KEY), request.session.get(ACTING_KEY)
    rows = Membership.objects.filter(user=user).select_related("account")
    members = list(rows.order_by("created_at", "id"))
    accounts = tuple(member.account for member in members)
    acting = Account.objects.filter(pk=foreign).first() if foreign and user.is_superuser else None
    if acting is not None:
        return Place(acting, Role.ADMINISTRATOR, accounts, acting=True)
    member = next((m for m in members if str(m.account_id) == chosen), next(iter(members), None))
    return Place(member.account, Role(member.role), accounts) if member else Place()


def _actor(request: HttpRequest, place: Place) -> Actor | None:
    if place.account is None or place.role is None:
        return None
    return actor_of(request, request.user.get_username(), place.account.pk, place.role, Via.CONSOLE)
