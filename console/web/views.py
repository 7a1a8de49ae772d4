"""The manual, for everyone."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

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


@require_safe
def manual(request: HttpRequest, slug: str = "index") -> HttpResponse:
    """A page of the manual, for everyone."""
    if slug not in MANUAL:
        raise Http404(f"The manual has no page {slug}.")
    context = {"slug": slug, "pages": MANUAL, "page_title": MANUAL[slug]}
    response = render(request, f"docs/{slug}.html", context)
    patch_cache_control(response, private=True, no_cache=True)
    return response
