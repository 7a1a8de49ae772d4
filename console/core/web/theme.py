"""Light or dark: the system's setting, or the person's own, kept in a cookie."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

# Value of the cookie and its label; "" is the system's setting.
THEMES = (("", "System"), ("light", "Light"), ("dark", "Dark"))
_COOKIE = "isthmus_theme"
_YEAR = 365 * 86400


def chosen_theme(request: HttpRequest) -> str:
    """ "light", "dark", or "" for the system's."""
    given = request.COOKIES.get(_COOKIE, "")
    return given if given in dict(THEMES) else ""


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Returns to the page it was set on."""
    onward = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(onward, allowed_hosts=None)
    response = HttpResponseRedirect(onward if onward and safe else "/")
    value = request.POST.get("theme", "")
    if value in dict(THEMES) and value:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(_COOKIE, value, max_age=_YEAR, httponly=True, samesite="Lax", secure=secure)
    else:
        response.delete_cookie(_COOKIE, samesite="Lax")
    return response
