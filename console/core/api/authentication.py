"""Authentication: an API key in the Authorization header, or a person's session of the console.

Either sets `request.auth` to the Actor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from console.core.actor import Actor, Role, Via
from console.core.models import ApiKey
from console.core.origin import client_address
from console.core.services.keys import find_key
from console.core.services.tokens import find_key_of_token, looks_like_token

_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class KeyUser:
    """The value of `request.user` for an API key."""

    pk: str
    label: str
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True

    def __str__(self) -> str:
        return self.label


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer` with a key or a token of one; also without `Bearer`, as in the 2019
    examples."""

    def authenticate(self, request: Request) -> tuple[KeyUser, Actor] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "").strip()
        if not header:
            return None
        scheme, separator, rest = header.partition(" ")
        key = rest.strip() if separator and scheme.lower() == "bearer" else header
        row = _find(key) if len(key) <= _LONGEST else None
        if row is None:
            raise AuthenticationFailed("The API key or token is unknown, expired or revoked.")
        label = f"key {row.name} ({row.hint})"
        return KeyUser(str(row.pk), label), _actor(row, label, request)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _find(text: str) -> ApiKey | None:
    return find_key_of_token(text) if looks_like_token(text) else find_key(text)


def _actor(row: ApiKey, label: str, request: Request) -> Actor:
    return Actor(
        account_id=row.account_id,
        who=label,
        role=Role(row.role),
        via=Via.API,
        address=client_address(request.META),
        request_id=getattr(request._request, "request_id", ""),
        api_key_id=row.pk,
        psk_allowed=row.account.api_keys_read_psk,
    )


class ConsoleSessionAuthentication(SessionAuthentication):
    """A person of the console with an account; changes need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        django_request = request._request
        user = getattr(django_request, "user", None)
        if user is None or not user.is_authenticated or not user.is_active:
            return None
        self.enforce_csrf(request)
        actor: Actor | None = getattr(django_request, "actor", None)
        return user, _by_api(actor) if actor else None


def _by_api(actor: Actor) -> Actor:
    """Copied field by field, since the console's actor may be a lazy object."""
    return Actor(
        account_id=actor.account_id,
        who=actor.who,
        role=actor.role,
        via=Via.API,
        address=actor.address,
        request_id=actor.request_id,
    )


class HasAccount(BasePermission):
    """Requires an account."""

    message = "You belong to no account; an administrator can invite you to one."

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, Actor)
