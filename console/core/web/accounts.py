"""The current account, and how much of its quotas is used."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from console.core.actor import Role
from console.core.identifiers import parse_uuid
from console.core.models import Account, Membership, User
from console.core.origin import client_address
from console.core.quotas import limits_for
from console.core.registry import Use, used
from console.core.services.administration import update_account
from console.core.services.impersonation import begin_impersonation, end_impersonation
from console.core.services.keys import usable_keys
from console.core.web.middleware import ACCOUNT_KEY, IMPERSONATION_KEY
from console.core.web.pages import command, page, person_page, refused
from console.core.web.quotas import quota_rows
from console.core.web.requests import ConsoleRequest


@page()
def account_home(request: ConsoleRequest) -> HttpResponse:
    """The account, who is in it, and how much of its quotas is used."""
    account_id = request.actor.account_id
    keys = usable_keys(account_id).count()
    uses = used(account_id) | {"api_keys": Use("api_keys", keys)}
    context = {
        "account": request.account_context.account,
        "quotas": quota_rows(limits_for(account_id), uses),
        "member_count": Membership.objects.filter(account_id=account_id).count(),
        "key_count": keys,
    }
    return render(request, "console/account.html", context)


@command(Role.ADMINISTRATOR, back="account_home", keep=())
def account_settings(request: ConsoleRequest) -> HttpResponse:
    """Whether API keys may read pre-shared keys."""
    allowed = request.POST.get("api_keys_read_psk") == "on"
    update_account(request.actor, api_keys_read_psk=allowed)
    word = "are given" if allowed else "are no longer given"
    messages.success(request, f"API keys of this account {word} pre-shared keys.")
    return redirect("account_home")


@person_page("POST")
def switch_account(request: ConsoleRequest) -> HttpResponse:
    """Switch to another of the person's accounts; a superuser may act in any."""
    account = _account(request.POST.get("account", ""))
    mine = account is not None and account in request.account_context.accounts
    if account is None or not (mine or request.user.is_superuser):
        return refused(request, 404, "There is no such account, or you do not belong to it.")
    _leave(request)
    if mine:
        request.session[ACCOUNT_KEY] = str(account.pk)
        messages.success(request, f"You now work in the account {account.name}.")
    else:
        begin_impersonation(request.user, account, **_trace(request))
        request.session[IMPERSONATION_KEY] = str(account.pk)
        messages.warning(
            request, f"You now act in the account {account.name}; this is recorded in its trail."
        )
    return redirect("/")


@person_page("POST")
def stop_impersonation(request: ConsoleRequest) -> HttpResponse:
    """Return to the person's own account."""
    if _leave(request):
        messages.success(request, "You no longer act in another account.")
    return redirect("/" if request.account_context.accounts else "admin:index")


def _leave(request: HttpRequest) -> bool:
    """End an impersonation, if there is one."""
    account = _account(request.session.pop(IMPERSONATION_KEY, ""))
    if account is None or not isinstance(request.user, User):
        return False
    end_impersonation(request.user, account, **_trace(request))
    return True


def _left(request: HttpRequest, **_: object) -> None:
    """Receiver of Django's sign-out signal: signing out ends an impersonation."""
    _leave(request)


user_logged_out.connect(_left, dispatch_uid="console.acting")


def _account(ident: str) -> Account | None:
    found = parse_uuid(ident)
    return Account.objects.filter(pk=found).first() if found else None


def _trace(request: HttpRequest) -> dict[str, str]:
    return {
        "address": client_address(request.META),
        "request_id": getattr(request, "request_id", ""),
    }
