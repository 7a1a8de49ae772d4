"""Sign-in, sign-out and change of one's password."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from allauth.account.views import LoginView
from django import forms
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.forms import UsernameField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from console.core.errors import Invalid, Violation
from console.core.models import User
from console.core.services import sign_ins
from console.core.services.passwords import RULES, change_password
from console.core.web.forms import RuleForm
from console.core.web.pages import person_page, refused
from console.core.web.requests import ConsoleRequest
from console.core.web.sources import source_of


class SignInForm(LoginForm):
    """allauth's form with the field names that this page has always had.

    Longer names than a person can have are no question to the database.
    """

    username = UsernameField(
        label="User name", max_length=150, widget=forms.TextInput(attrs={"autofocus": True})
    )
    password = forms.CharField(
        strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    field_order = ("username", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.use_required_attribute = False
        del self.fields["login"]

    def user_credentials(self) -> dict[str, str]:
        return {"username": self.cleaned_data["username"], "password": self.cleaned_data["password"]}

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["login"] = self.cleaned_data.get("username", "")
        cleaned: dict[str, Any] = super().clean()
        return cleaned


class SignIn(LoginView):
    form_class = SignInForm
    template_name = "console/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """`ended`: the requested page belonged to a session that has ended; `next`: that page."""
        asked = self.request.POST.get("next") or self.request.GET.get("next", "")
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"ended": "ended" in self.request.GET, "next": asked}


sign_in = SignIn.as_view()


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        sign_ins.record_sign_out(request.user, source_of(request))
        sign_ins.forget_session(request.session.session_key)
    logout(request)
    return redirect("sign_in")


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin site's sign-in page; a person who is signed in but is not a superuser is refused."""
    if request.user.is_authenticated:
        return refused(request, 403, "Only superusers may use the administration site.")
    onward = urlencode({"next": request.GET.get("next", reverse("admin:index"))}, safe="/")
    return redirect(f"{reverse('sign_in')}?{onward}")


def password_is_right(request: HttpRequest, password: str) -> bool:
    """Whether it is the password of the person signed in. Wrong ones count towards the sign-in
    limits and are recorded. Raises TooManyFailures and TooManyHashes, which have pages of their own."""
    username = request.user.get_username()
    return get_adapter(request).authenticate(request, username=username, password=password) is not None


class PasswordForm(RuleForm):
    paths = {"password": "new"}
    present = forms.CharField(
        label="Current password",
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
    """Requires the current password; ends every other session of the person."""
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            _change(request, form.cleaned_data)
        except Invalid as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, "The password has been changed; your other sessions have ended.")
            return redirect("account_home" if request.account_context.account else "password_change")
    return render(request, "console/password.html", {"form": form})


def _change(request: ConsoleRequest, data: dict[str, str]) -> None:
    if not password_is_right(request, data["present"]):
        message = "This is not your current password."
        raise Invalid([Violation("validation_failure", "present", message)])
    change_password(request.user, data["new"], source_of(request), keep=request.session.session_key)
    renew_session(request)


def renew_session(request: ConsoleRequest) -> None:
    """This session stays valid after the password or the epoch of its person has changed."""
    before = request.session.session_key
    update_session_auth_hash(request, request.user)
    sign_ins.rename_session(before, request.session.session_key)
