"""Setting one's own password by a link from an operator of the installation."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from console.core.errors import Invalid
from console.core.origin import client_address
from console.core.services.password_links import person_of_link, set_password_by_link
from console.core.web.forms import NewPasswordForm
from console.core.web.pages import refused

_LINK = "password_link"
_GONE = "This link has expired or has been used. Ask an operator of the installation for another one."


@never_cache
@require_GET
def open_link(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Moves the secret part to the session, so that no later address contains it."""
    if person_of_link(uid, token) is None:
        return refused(request, 404, _GONE)
    request.session[_LINK] = [uid, token]
    return redirect("password_link_form")


@never_cache
@sensitive_post_parameters("new", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def set_password(request: HttpRequest) -> HttpResponse:
    """Sets the password; the person then signs in with it."""
    link = request.session.get(_LINK)
    person = person_of_link(*map(str, link)) if isinstance(link, list) and len(link) == 2 else None
    if person is None:
        request.session.pop(_LINK, None)
        return refused(request, 404, _GONE)
    form = NewPasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        request_id = getattr(request, "request_id", "")
        address = client_address(request.META)
        try:
            set_password_by_link(person, form.cleaned_data["new"], address=address, request_id=request_id)
        except Invalid as error:
            form.add_violations(error.violations)
        else:
            request.session.pop(_LINK, None)
            messages.success(request, f"The password of {person.username} is set; sign in with it.")
            return redirect("sign_in")
    return render(request, "console/password_link.html", {"form": form, "person": person})
