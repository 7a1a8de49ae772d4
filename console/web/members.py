"""The people of an account and their roles."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from console import services
from console.actor import Role
from console.audit import record
from console.errors import Invalid, Refused, Violation, not_found
from console.models import Membership, User
from console.web.forms import RuleForm
from console.web.pages import command, form_page
from console.web.requests import ConsoleRequest


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
    return redirect("account_home" if lowered else "members")


@command(Role.ADMINISTRATOR, back="members", keep=())
def remove_member(request: ConsoleRequest, membership_id: int) -> HttpResponse:
    own = Membership.objects.filter(pk=membership_id, user=request.user).exists()
    services.remove_member(request.actor, membership_id)
    messages.success(request, "You left the account." if own else "The member is removed.")
    return redirect("/" if own else "members")


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
