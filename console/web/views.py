"""Signing in and out, accounts, API keys and the manual."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import LoginView, LogoutView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from console import services
from console.actor import Role
from console.errors import Refused, not_found
from console.models import ApiKey, Membership
from console.web.forms import ApiKeyForm
from console.web.middleware import ACCOUNT_KEY
from console.web.pages import command, form_page
from console.web.requests import ConsoleRequest

MANUAL = {
    "index": "Manual",
    "start": "Start here",
    "concepts": "Concepts",
    "tunnels": "Tunnels and their status",
    "algorithms": "Algorithms and their strength",
    "api": "The API",
    "errors": "Error codes",
    "operations": "Operations",
    "performance": "Performance",
    "changes": "Changes",
}

sign_in = LoginView.as_view(template_name="console/sign_in.html", redirect_authenticated_user=True)
sign_out = LogoutView.as_view()


@command(Role.VIEWER, back="gateways")
def switch_account(request: ConsoleRequest) -> HttpResponse:
    """Act for another of one's accounts from now on."""
    wanted = request.POST.get("account", "")
    mine = Membership.objects.filter(user=request.user).select_related("account")
    member = next((m for m in mine if str(m.account_id) == wanted), None)
    if member is None:
        raise not_found("not_found", "account", wanted[:64])
    request.session[ACCOUNT_KEY] = wanted
    messages.success(request, f"You now work in the account {member.account.name}.")
    return redirect("gateways")


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
    messages.success(request, f"The key {key.name} is revoked; nothing can use it any more.")
    return redirect("api_keys")


@require_safe
def manual(request: HttpRequest, slug: str = "index") -> HttpResponse:
    """A page of the manual, for everyone."""
    if slug not in MANUAL:
        raise Http404(f"The manual has no page {slug}.")
    context = {"slug": slug, "pages": MANUAL, "page_title": MANUAL[slug]}
    response = render(request, f"docs/{slug}.html", context)
    patch_cache_control(response, private=True, no_cache=True)
    return response
