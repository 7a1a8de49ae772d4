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
from console.core.web.requests import AccountContext, ConsoleRequest, actor_of

ACCOUNT_KEY, IMPERSONATION_KEY = "account_id", "acting_account_id"
_WELL_FORMED = re.compile(r"[-0-9a-zA-Z_]{1,128}")

# For responses that are not documents: a browser made to show one loads nothing.
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
    """The headers of Django's SecurityMiddleware, also where it raises before the view: to redirect to
    https it needs the host, which may not be allowed."""

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
    """Sets `request.account_context` and `request.actor`: the person in the session's account, or None."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = cast(ConsoleRequest, request)
        given.account_context = _account_context(request)
        # Pages refuse requests without an actor, so views see one always.
        given.actor = cast(Actor, _actor(request, given.account_context))
        return self.get_response(request)


def _account_context(request: HttpRequest) -> AccountContext:
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return AccountContext()
    chosen, foreign = request.session.get(ACCOUNT_KEY), request.session.get(IMPERSONATION_KEY)
    rows = Membership.objects.filter(user=user).select_related("account")
    members = list(rows.order_by("created_at", "id"))
    accounts = tuple(member.account for member in members)
    impersonated = Account.objects.filter(pk=foreign).first() if foreign and user.is_superuser else None
    if impersonated is not None:
        return AccountContext(impersonated, Role.ADMINISTRATOR, accounts, is_impersonation=True)
    member = next((m for m in members if str(m.account_id) == chosen), next(iter(members), None))
    return AccountContext(member.account, Role(member.role), accounts) if member else AccountContext()


def _actor(request: HttpRequest, account_context: AccountContext) -> Actor | None:
    if account_context.account is None or account_context.role is None:
        return None
    return actor_of(
        request, request.user.get_username(), account_context.account.pk, account_context.role, Via.CONSOLE
    )
