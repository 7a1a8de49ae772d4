"""What the console's middleware adds to a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.http import HttpRequest

from console.core.actor import Actor, Role, Via
from console.core.models import Account, User
from console.core.origin import client_address

if TYPE_CHECKING:
    from uuid import UUID

    from django_htmx.middleware import HtmxDetails


class AccountContext(NamedTuple):
    """The account a person works in and the role there; all accounts that the person belongs to.

    `is_impersonation`: a superuser who does not belong to the account.
    """

    account: Account | None = None
    role: Role | None = None
    accounts: tuple[Account, ...] = ()
    is_impersonation: bool = False


class ConsoleRequest(HttpRequest):
    """A request behind `console.core.web.pages.page`: signed in, with an account."""

    actor: Actor
    account_context: AccountContext
    request_id: str
    htmx: HtmxDetails
    user: User


def actor_of(request: HttpRequest, who: str, account_id: UUID, role: Role, via: Via) -> Actor:
    """The actor with where the request came from, for the audit trail."""
    return Actor(
        account_id=account_id,
        who=who,
        role=role,
        via=via,
        address=client_address(request.META),
        request_id=getattr(request, "request_id", ""),
        user_id=request.user.pk,
    )
