"""Decorators of the console's views: the role that each requires, and the pages that refuse."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.debug import sensitive_post_parameters
from django_htmx.http import HttpResponseClientRedirect

from console.core.actor import Role
from console.core.errors import Conflict, Invalid, NotAllowed, NotFound
from console.core.web.requests import ConsoleRequest
from console.core.web.sessions import sign_in_url

View = Callable[..., HttpResponse]
Decorator = Callable[[View], View]

_NO_ACCOUNT = (
    "You belong to no account. Ask an administrator of one for an invitation and open its link while you "
    "are signed in as {name}."
)
_ANY_ACCOUNT = (
    "You belong to no account. As a superuser you act in any: choose one in the menu under your name."
)


def page(role: Role = Role.VIEWER) -> Decorator:
    """A view that only reads."""
    return _page(role, ("GET", "HEAD"))


def form_page(role: Role) -> Decorator:
    """A view that shows a form and accepts it."""
    return _page(role, ("GET", "HEAD", "POST"))


def person_page(*methods: str) -> Decorator:
    """A view for everyone who is signed in, whether or not with an account."""

    def decorator(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            response = _to_sign_in(request) or view(request, **kwargs)
            response["Cache-Control"] = "no-store"
            return response

        return wrapper

    return decorator


def command(role: Role, *, back: str, keep: Collection[str] | None = None) -> Decorator:
    """A view that a button posts to. A refusal is shown on the page named `back`, which takes the
    arguments in `keep` (None: all of the view's)."""

    def decorator(view: View) -> View:
        @wraps(view)
        def wrapper(request: ConsoleRequest, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, **kwargs)
            except (Invalid, Conflict) as error:
                for violation in error.violations:
                    messages.error(request, violation.message)
                kept = {name: kwargs[name] for name in kwargs if keep is None or name in keep}
                return redirect(reverse(back, kwargs=kept))

        return _page(role, ("POST",))(wrapper)

    return decorator


def refused(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """The 403 or 404 page with its reason."""
    return render(request, f"{status}.html", {"message": message}, status=status)


def _page(role: Role, methods: tuple[str, ...]) -> Decorator:
    def decorator(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            response = _redirect_or_refuse(request) or _respond(
                cast(ConsoleRequest, request), role, lambda known: view(known, **kwargs)
            )
            # Pages belong to one account, and a fragment must not be cached as its page.
            response["Cache-Control"] = "no-store"
            patch_vary_headers(response, ["HX-Request", "Cookie"])
            return response

        # No report of an error shows what was entered: passwords and keys are among it.
        return sensitive_post_parameters()(wrapper)

    return decorator


def _redirect_or_refuse(request: HttpRequest) -> HttpResponse | None:
    if to_sign_in := _to_sign_in(request):
        return to_sign_in
    if getattr(request, "actor", None) is not None:
        return None
    no_account = _NO_ACCOUNT.format(name=request.user.get_username())
    message = _ANY_ACCOUNT if request.user.is_superuser else no_account
    return render(request, "403.html", {"message": message, "no_account": True}, status=403)


def _to_sign_in(request: HttpRequest) -> HttpResponse | None:
    if request.user.is_authenticated:
        return None
    url = sign_in_url(request)
    return HttpResponseClientRedirect(url) if getattr(request, "htmx", False) else redirect(url)


def _respond(
    request: ConsoleRequest, role: Role, view: Callable[[ConsoleRequest], HttpResponse]
) -> HttpResponse:
    try:
        request.actor.require(role)
        return view(request)
    except NotAllowed as error:
        return refused(request, 403, error.violations[0].message)
    except NotFound as error:
        return refused(request, 404, error.violations[0].message)
