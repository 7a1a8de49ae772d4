"""Signing in and out, the password, and what too many wrong ones lead to."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from math import ceil
from typing import Any
from urllib.parse import urlencode

from axes.models import AccessAttempt
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from console.errors import Invalid, Violation
from console.origin import client_address
from console.services.passwords import RULES, change_password
from console.web.forms import RuleForm
from console.web.pages import person_page, refused
from console.web.requests import ConsoleRequest


class SignInForm(AuthenticationForm):
    """Longer names than a person can have are no question to the database."""

    username = UsernameField(max_length=150, widget=forms.TextInput(attrs={"autofocus": True}))


class SignIn(LoginView):
    authentication_form = SignInForm
    template_name = "console/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """`ended`: the page that was asked for belongs to a session that is over."""
        return super().get_context_data(**kwargs, ended="ended" in self.request.GET)


sign_in = SignIn.as_view()
sign_out = LogoutView.as_view()


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """What the admin site sends strangers to; who is signed in is told that he may not enter."""
    if request.user.is_authenticated:
        return refused(request, 403, "Only superusers enter the administration.")
    onward = urlencode({"next": request.GET.get("next", reverse("admin:index"))}, safe="/")
    return redirect(f"{reverse('sign_in')}?{onward}")


def axes_address(request: HttpRequest) -> str | None:
    """The address that failures are counted for: the one of the audit trail, if it is one."""
    address = client_address(request.META)
    try:
        return str(ip_address(address))
    except ValueError:
        return None


def locked_out(request: HttpRequest, _response: object, credentials: dict[str, Any] | None) -> HttpResponse:
    """The answer to too many wrong passwords; it is the same whether or not the user exists."""
    username = (credentials or {}).get("username") or request.POST.get("username", "")
    rows = AccessAttempt.objects.filter(username=username, ip_address=axes_address(request))
    latest = rows.order_by("-attempt_time").values_list("attempt_time", flat=True).first() or timezone.now()
    over: timedelta = latest + settings.AXES_COOLOFF_TIME - timezone.now()
    minutes = max(1, ceil(over.total_seconds() / 60))
    response = render(request, "console/locked_out.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(minutes * 60)
    response["Cache-Control"] = "no-store"
    return response


def password_is_right(request: HttpRequest, password: str) -> bool:
    """Whether it is the password of the person signed in; wrong ones count towards a lockout."""
    username = request.user.get_username()
    return authenticate(request, username=username, password=password) is not None


class PasswordForm(RuleForm):
    paths = {"password": "new"}
    present = forms.CharField(
        label="Present password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label="New password",
        strip=False,
        help_text=RULES,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "new" in data and "again" in data and data["new"] != data["again"]:
            self.add_error("again", "The two new passwords differ.")
        return data


@sensitive_post_parameters()
@person_page("GET", "HEAD", "POST")
def password_change(request: ConsoleRequest) -> HttpResponse:
    """The present password first; every other session of the person ends."""
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            _change(request, form.cleaned_data)
        except Invalid as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, "The password is changed; other sessions of yours have ended.")
            return redirect("account_home" if request.place.account else "password_change")
    return render(request, "console/password.html", {"form": form})


def _change(request: ConsoleRequest, data: dict[str, str]) -> None:
    if not password_is_right(request, data["present"]):
        message = "This is not your present password."
        raise Invalid([Violation("validation_failure", "present", message)])
    address = client_address(request.META)
    change_password(request.user, data["new"], address=address, request_id=request.request_id)
    update_session_auth_hash(request, request.user)
