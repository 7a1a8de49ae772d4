"""The pages that an invited person sees: what the invitation is for, and how to accept it.

The secret part of the link goes to the session at once, so that no later address contains it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from console.core.errors import Invalid, NotFound
from console.core.models import Invitation, Membership, User
from console.core.origin import client_address
from console.core.services.invitations import accept_as_new_person, accept_invitation, find_invitation
from console.core.web.forms import NewPasswordForm
from console.core.web.middleware import ACCOUNT_KEY
from console.core.web.pages import refused

_IN_SESSION = "invitation"
_GONE = "This invitation has expired, has been used or was revoked. Ask for another one."


class NewPersonForm(NewPasswordForm):
    """A user name and a password chosen by the invited person."""

    paths = {"password": "new"}
    username = UsernameField(
        label="User name",
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )
    field_order = ("username", "new", "again")


@never_cache
@require_GET
def open_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The link of an invitation."""
    if find_invitation(token) is None:
        return refused(request, 404, _GONE)
    request.session[_IN_SESSION] = token
    return redirect("invitation")


@never_cache
@sensitive_post_parameters("new", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Accept as the person signed in, or as a new person, or sign in first."""
    token = str(request.session.get(_IN_SESSION, ""))
    found = find_invitation(token) if token else None
    if found is None:
        request.session.pop(_IN_SESSION, None)
        return refused(request, 404, _GONE)
    form = NewPersonForm(request.POST if request.method == "POST" else None)
    try:
        if request.method == "POST" and isinstance(request.user, User):
            member = accept_invitation(request.user, token, **_trace(request))
            return _welcome(request, member)
        if request.method == "POST" and form.is_valid():
            return _new_person(request, form.cleaned_data, token)
    except Invalid as error:
        form.add_violations(error.violations)
    except NotFound:
        request.session.pop(_IN_SESSION, None)
        return refused(request, 404, _GONE)
    return render(request, "console/invitation.html", _context(found, form))


def _context(found: Invitation, form: NewPersonForm) -> dict[str, Any]:
    onward = urlencode({"next": reverse("invitation")}, doseq=False)
    return {"invitation": found, "form": form, "sign_in": f"{reverse('sign_in')}?{onward}"}


def _new_person(request: HttpRequest, data: dict[str, str], token: str) -> HttpResponse:
    user = accept_as_new_person(token, data["username"], data["new"], **_trace(request))
    signed_in = authenticate(request, username=user.username, password=data["new"])
    if signed_in is None:
        messages.success(request, "Your user has been created; sign in now.")
        return redirect("sign_in")
    login(request, signed_in)
    return _welcome(request, user.memberships.select_related("account").get())


def _welcome(request: HttpRequest, member: Membership) -> HttpResponse:
    """Switch to the account just joined."""
    request.session.pop(_IN_SESSION, None)
    request.session[ACCOUNT_KEY] = str(member.account_id)
    messages.success(request, f"You are now {member.role} in the account {member.account.name}.")
    return redirect("/")


def _trace(request: HttpRequest) -> dict[str, str]:
    return {
        "address": client_address(request.META),
        "request_id": getattr(request, "request_id", ""),
    }
