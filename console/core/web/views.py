"""The manual, which is public."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from console.core.web.manual import GROUPS, MANUAL, neighbours, with_contents


@require_safe
def manual(request: HttpRequest, slug: str = "index") -> HttpResponse:
    """A page of the manual."""
    if slug not in MANUAL:
        raise Http404(f"The manual has no page {slug}.")
    groups = [(word, [(name, MANUAL[name]) for name in names]) for word, names in GROUPS]
    around = [(name, MANUAL.get(name, "")) for name in neighbours(slug)]
    context = {"slug": slug, "groups": groups, "around": around, "page_title": MANUAL[slug]}
    page = render_to_string(f"docs/{slug}.html", context | _figures(), request)
    response = HttpResponse(with_contents(page))
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _figures() -> dict[str, int]:
    """Those of this installation."""
    return {
        "session_hours": settings.SESSION_COOKIE_AGE // 3600,
        "idle_minutes": settings.SESSION_IDLE_SECONDS // 60,
        "lockout_failures": settings.LOCKOUT_FAILURES,
        "lockout_minutes": int(settings.LOCKOUT_WINDOW.total_seconds()) // 60,
        "audit_days": settings.HISTORY_DAYS + 365,
    }
