"""Signing in and out, accounts, their members, API keys and the manual."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.auth.views import LoginView, LogoutView
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from console import services
from console.actor import Role
from console.audit import record
from console.errors import Invalid, Refused, Violation, not_found
from console.models import ApiKey, Membership, User
from console.web.forms import ApiKeyForm, RuleForm
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


class MemberForm(RuleForm):
    """A person and a role; with a password, a person who is new here."""

    paths = {"user": "username"}
    username = forms.CharField(
        label="User name",
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(
        choices=[(role.value, role.value.capitalize()) for role in Role], initial=Role.VIEWER.value
    )
    password = forms.CharField(
        required=False,
        strip=False,
        help_text="Only for a person who is new here. Empty: the person can sign in already.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


@sensitive_post_parameters("password")
@form_page(Role.ADMINISTRATOR)
def members(request: ConsoleRequest) -> HttpResponse:
    """The people of the account, and the form that adds one."""
    form = MemberForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            member = _add(request, form)
            messages.success(request, f"{member.user.username} is {member.role} in this account now.")
            return redirect("members")
        except Refused as error:
            form.add_violations(error.violations)
    rows = Membership.objects.filter(account_id=request.actor.account_id).select_related("user")
    context = {"form": form, "members": rows.order_by("user__username"), "roles": list(Role)}
    return render(request, "console/members.html", context)


@command(Role.ADMINISTRATOR, back="members", keep=())
def set_member_role(request: ConsoleRequest, membership_id: int) -> HttpResponse:
    """Their own role lowered, administrators see this page no more."""
    if not Membership.objects.filter(account_id=request.actor.account_id, pk=membership_id).exists():
        raise not_found("not_found", "member", membership_id)
    member = services.set_role(request.actor, membership_id, _role(request.POST.get("role", "")))
    messages.success(request, f"{member.user.username} is {member.role} in this account now.")
    lowered = member.user_id == request.user.pk and member.role != Role.ADMINISTRATOR.value
    return redirect("gateways" if lowered else "members")


@command(Role.ADMINISTRATOR, back="members", keep=())
def remove_member(request: ConsoleRequest, membership_id: int) -> HttpResponse:
    own = Membership.objects.filter(pk=membership_id, user=request.user).exists()
    services.remove_member(request.actor, membership_id)
    messages.success(request, "You left the account." if own else "The member is removed.")
    return redirect("gateways" if own else "members")


def _add(request: ConsoleRequest, form: MemberForm) -> Membership:
    """A person who cannot become a member is not created either."""
    username, role = form.cleaned_data["username"], Role(form.cleaned_data["role"])
    with transaction.atomic():
        if form.cleaned_data["password"]:
            user = _new_person(request, username, form.cleaned_data["password"])
        else:
            user = _person(username)
        return services.add_member(request.actor, user, role)


def _new_person(request: ConsoleRequest, username: str, password: str) -> User:
    user = services.create_user(username, password)
    record(request.actor, "person.create", user, {"username": (None, username)})
    return user


def _person(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        message = f"There is no user {username}; with a password, one is created."
        raise Invalid([Violation("validation_invalid_ref", "username", message)])
    return user


def _role(name: str) -> Role:
    role = next((role for role in Role if role.value == name), None)
    if role is None:
        raise Invalid([Violation("validation_failure", "role", "Choose one of the roles.")])
    return role


@require_safe
def manual(request: HttpRequest, slug: str = "index") -> HttpResponse:
    """A page of the manual, for everyone."""
    if slug not in MANUAL:
        raise Http404(f"The manual has no page {slug}.")
    context = {"slug": slug, "pages": MANUAL, "page_title": MANUAL[slug]}
    response = render(request, f"docs/{slug}.html", context)
    patch_cache_control(response, private=True, no_cache=True)
    return response
