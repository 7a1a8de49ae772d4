"""What the shell of every page shows."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from console.core.actor import Actor, Role
from console.core.models import Account
from console.core.web.navigation import nav_items
from console.core.web.requests import AccountContext
from console.core.web.theme import THEMES, chosen_theme

# A superuser with more accounts than this finds them in the admin site.
_OTHERS = 30


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the actor, its permissions, and the other accounts. Queries only when rendered."""
    actor: Actor | None = getattr(request, "actor", None)
    account_context: AccountContext = getattr(request, "account_context", AccountContext())
    common = {
        "actor": actor,
        "theme": chosen_theme(request),
        "themes": THEMES,
        "my_accounts": cache(lambda: _by_name(account_context)),
        "other_accounts": cache(lambda: _others(request, account_context)),
    }
    if actor is None:
        return common
    return common | {
        "may_operate": actor.may(Role.OPERATOR),
        "may_edit": actor.may(Role.EDITOR),
        "may_administer": actor.may(Role.ADMINISTRATOR),
        "my_account": account_context.account,
        "impersonated_account": account_context.account if account_context.is_impersonation else None,
        "nav_items": cache(lambda: nav_items(request.path)),
        "simulated": not settings.CARRIES_PACKETS,
    }


def _by_name(account_context: AccountContext) -> list[Account]:
    return sorted(account_context.accounts, key=lambda account: account.name)


def _others(request: HttpRequest, account_context: AccountContext) -> list[Account]:
    """Further accounts that a superuser may act in."""
    if not request.user.is_authenticated or not request.user.is_superuser:
        return []
    mine = [account.pk for account in account_context.accounts]
    return list(Account.objects.exclude(pk__in=mine).order_by("name")[:_OTHERS])
