"""API keys of an account: create, show once, revoke."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.core import services
from console.core.actor import Role
from console.core.errors import Refused
from console.core.models import ApiKey
from console.core.web.forms import ApiKeyForm
from console.core.web.pages import command, form_page
from console.core.web.requests import ConsoleRequest


@form_page(Role.ADMINISTRATOR)
def api_keys(request: ConsoleRequest) -> HttpResponse:
    """The list, and the one page that ever shows a new key."""
    form = ApiKeyForm(request.POST if request.method == "POST" else None)
    created, shown = None, ""
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            created, shown = services.create_api_key(
                request.actor, name=data["name"], role=Role(data["role"]), expires_at=form.expiry()
            )
            form = ApiKeyForm()
        except Refused as error:
            form.add_violations(error.violations)
    keys = ApiKey.objects.filter(account_id=request.actor.account_id).order_by("-created_at")
    context = {"form": form, "keys": keys, "created": created, "shown": shown}
    return render(request, "console/api_keys.html", context)


@command(Role.ADMINISTRATOR, back="api_keys", keep=())
def revoke_api_key(request: ConsoleRequest, key_id: UUID) -> HttpResponse:
    key = services.revoke_api_key(request.actor, key_id)
    messages.success(request, f"The key {key.name} is revoked and can no longer be used.")
    return redirect("api_keys")
