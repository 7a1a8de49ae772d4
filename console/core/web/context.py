"""What the shell of every page shows."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from console.core.actor import Actor, Role
from console.core.models import Account
from console.core.web.navigation import places
from console.core.web.requests import Place
from console.core.web.theme import THEMES, chosen_theme

# A superuser with more accounts than this finds them in the admin site.
_OTHERS = 30


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: who acts, what he may, where else he could go. Queries only when drawn."""
    actor: Actor | None = getattr(request, "actor", None)
    place: Place = getattr(request, "place", Place())
    common = {
        "actor": actor,
        "theme": chosen_theme(request),
        "themes": THEMES,
        "my_accounts": cache(lambda: _by_name(place)),
        "other_accounts": cache(lambda: _others(request, place)),
    }
    if actor is None:
        return common
    return common | {
        "may_operate": actor.may(Role.OPERATOR),
        "may_edit": actor.may(Role.EDITOR),
        "may_administer": actor.may(Role.ADMINISTRATOR),
        "my_place": place.account,
        "acting": place.account if place.acting else None,
        "places": cache(lambda: places(request.path)),
        "simulated": settings.DRIVER == "simulated",
    }


def _by_name(place: Place) -> list[Account]:
    return sorted(place.accounts, key=lambda account: account.name)


def _others(request: HttpRequest, place: Place) -> list[Account]:
    """Those that a superuser may act in besides."""
    if not request.user.is_authenticated or not request.user.is_superuser:
        return []
    mine = [account.pk for account in place.accounts]
    return list(Account.objects.exclude(pk__in=mine).order_by("name")[:_OTHERS])
