"""What the shell of every page shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from console.actor import Actor, Role
from console.models import Membership
from console.web.navigation import places


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: who acts, what he may, where else he could go. Queries only when drawn."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        return {"actor": None}
    return {
        "actor": actor,
        "may_operate": actor.may(Role.OPERATOR),
        "may_edit": actor.may(Role.EDITOR),
        "may_administer": actor.may(Role.ADMINISTRATOR),
        "places": lambda: places(request.path),
        "my_accounts": lambda: _accounts(request),
        "simulated": settings.DRIVER == "simulated",
    }


def _accounts(request: HttpRequest) -> list[Membership]:
    if not request.user.is_authenticated:
        return []
    rows = Membership.objects.filter(user=request.user)
    return list(rows.select_related("account").order_by("account__name"))
