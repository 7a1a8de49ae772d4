"""The people of an account, their roles, and invitations to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from console.core import services
from console.core.actor import Role
from console.core.api.links import origin
from console.core.errors import Conflict, Invalid, Refused, Violation, not_found
from console.core.identifiers import parse_uuid
from console.core.models import ApiKey, Invitation, Membership
from console.core.services.invitations import create_invitation, open_invitations
from console.core.services.invitations import revoke_invitation as revoke
from console.core.services.keys import keys_made_by
from console.core.services.mail import mail_is_set_up, send_invitation_mail
from console.core.web.forms import RuleForm
from console.core.web.pages import command, form_page
from console.core.web.requests import ConsoleRequest


class InvitationForm(RuleForm):
    label = forms.CharField(
        required=False,
        label="Person",
        help_text="The name of the person you invite; only administrators see it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        choices=[(role.value, role.value.capitalize()) for role in Role], initial=Role.VIEWER.value
    )
    email = forms.CharField(
        required=False,
        label="E-mail address",
        help_text="The link is also sent to this address. Empty: you send it yourself.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not mail_is_set_up():
            del self.fields["email"]


@form_page(Role.ADMINISTRATOR)
def members(request: ConsoleRequest) -> HttpResponse:
    """The people of the account, open invitations, and the one page that ever shows a new link."""
    form = InvitationForm(request.POST if request.method == "POST" else None)
    created, link = None, ""
    if request.method == "POST" and form.is_valid():
        try:
            created, link = _invite(request, form)
            form = InvitationForm()
        except Refused as error:
            form.add_violations(error.violations)
    rows = Membership.objects.filter(account_id=request.actor.account_id).select_related("user")
    context = {
        "form": form,
        "members": rows.order_by("user__username"),
        "roles": list(Role),
        "invitations": open_invitations(request.actor.account_id),
        "created": created,
        "link": link,
    }
    return render(request, "console/members.html", context)


def _invite(request: ConsoleRequest, form: InvitationForm) -> tuple[Invitation, str]:
    data = form.cleaned_data
    row, token = create_invitation(
        request.actor, role=Role(data["role"]), label=data["label"], email=data.get("email", "")
    )
    url = origin(request) + reverse("invitation_link", kwargs={"token": token})
    if row.email:
        account = request.account_context.account
        sent = account is not None and send_invitation_mail(
            row.email, account=account.name, who=request.actor.who, url=url
        )
        if sent:
            messages.success(request, f"The invitation was sent to {row.email}.")
        else:
            messages.warning(request, f"The mail server did not accept the message to {row.email}.")
    return row, url


@command(Role.ADMINISTRATOR, back="members", keep=())
def revoke_invitation(request: ConsoleRequest, invitation_id: UUID) -> HttpResponse:
    row = revoke(request.actor, invitation_id)
    messages.success(request, f"The invitation for {row.label} is revoked; its link no longer works.")
    return redirect("members")


@command(Role.ADMINISTRATOR, back="members", keep=())
def set_member_role(request: ConsoleRequest, membership_id: int) -> HttpResponse:
    """Administrators who lower their own role no longer see this page."""
    if not Membership.objects.filter(account_id=request.actor.account_id, pk=membership_id).exists():
        raise not_found("not_found", "member", membership_id)
    member = services.set_role(request.actor, membership_id, _role(request.POST.get("role", "")))
    messages.success(request, f"{member.user.username} is now {member.role} in this account.")
    lowered = member.user_id == request.user.pk and member.role != Role.ADMINISTRATOR.value
    return redirect("account_home" if lowered else "members")


@form_page(Role.ADMINISTRATOR)
def remove_member(request: ConsoleRequest, membership_id: int) -> HttpResponse:
    """Asks to confirm, and offers to revoke the API keys that the member created."""
    rows = Membership.objects.filter(account_id=request.actor.account_id).select_related("user")
    member = rows.filter(pk=membership_id).first()
    if member is None:
        raise not_found("not_found", "member", membership_id)
    if member.user_id == request.user.pk:
        return redirect("account_leave")
    if request.method == "POST":
        try:
            left = services.remove_member(request.actor, membership_id, revoke=_chosen(request))
        except Conflict as error:
            messages.error(request, error.violations[0].message)
            return redirect("members")
        messages.success(request, f"{member.user.username} is removed. {remaining_keys(left, 'they')}")
        return redirect("members")
    keys = keys_made_by(request.actor.account_id, member.user_id)
    return render(request, "console/member_remove.html", {"member": member, "keys": keys})


@form_page(Role.VIEWER)
def leave_account(request: ConsoleRequest) -> HttpResponse:
    """Every member of the account may leave it."""
    mine = Membership.objects.filter(account_id=request.actor.account_id, user=request.user)
    if not mine.exists():
        raise not_found("not_found", "member", request.actor.who)
    account = request.account_context.account
    if request.method == "POST":
        try:
            left = services.leave_account(request.actor, revoke=_chosen(request))
        except Conflict as error:
            messages.error(request, error.violations[0].message)
            return redirect("account_home")
        name = account.name if account else ""
        messages.success(request, f"You left the account {name}. {remaining_keys(left, 'you')}")
        return redirect("/")
    keys = keys_made_by(request.actor.account_id, request.user.pk)
    return render(request, "console/account_leave.html", {"account": account, "keys": keys})


def _chosen(request: ConsoleRequest) -> set[UUID]:
    """The ids of API keys to revoke; other values are ignored."""
    return {ident for ident in map(parse_uuid, request.POST.getlist("revoke")) if ident}


def remaining_keys(keys: Iterable[ApiKey], whose: str) -> str:
    """Which of the API keys that a person created remain valid, as a sentence; `whose`: they or you."""
    names = ", ".join(f"{key.name} ({key.hint}…)" for key in keys)
    if not names:
        return f"No API key that {whose} created remains valid."
    return f"API keys that {whose} created and that remain valid: {names}."


def _role(name: str) -> Role:
    role = next((role for role in Role if role.value == name), None)
    if role is None:
        raise Invalid([Violation("validation_failure", "role", "Choose one of the roles.")])
    return role
