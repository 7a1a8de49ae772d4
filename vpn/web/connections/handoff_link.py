"""The public hand-off page of a link: no account needed, and never the key."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.core.api.throttling import WINDOW, count_in_window
from console.core.errors import NotFound
from console.core.origin import client_address
from vpn.handoff.vendors import VENDORS, CannotRender
from vpn.models import HandoffLink
from vpn.services import handoff
from vpn.web.connections.handoff import SHEET, attachment, device_context, text_of

# Per address and minute; a user with a valid link causes none.
MOST_MISSES = 30
_LONGEST_TOKEN = 128


@require_safe
def shared_handoff(request: HttpRequest, token: str) -> HttpResponse:
    link = _link(request, token)
    if link is None:
        return _invalid_link(request)
    slug = request.GET.get("vendor", "")
    vendor = None if slug == SHEET else VENDORS.get(slug, next(iter(VENDORS.values())))
    context = device_context(link.connection, vendor)
    context |= {"token": token, "here": request.path, "shared": True, "ends": link.expires_at}
    return _private(render(request, "vpn/handoff/public.html", context))


@require_safe
def shared_file(request: HttpRequest, token: str, vendor: str) -> HttpResponse:
    link = _link(request, token)
    if link is None:
        return _invalid_link(request)
    row = link.connection
    try:
        device = None if vendor == SHEET else handoff.find_vendor(vendor)
        return _private(attachment(row, device, text_of(row, device)))
    except (CannotRender, NotFound):
        return _invalid_link(request)


def _link(request: HttpRequest, token: str) -> HandoffLink | None:
    if len(token) > _LONGEST_TOKEN:
        return None
    request_id = getattr(request, "request_id", "")
    return handoff.read_link(token, address=client_address(request.META), request_id=request_id)


def _invalid_link(request: HttpRequest) -> HttpResponse:
    """The same response for a link that expired, was revoked, or never existed."""
    if count_in_window(f"shared:{client_address(request.META)}") > MOST_MISSES:
        response = HttpResponse("Too many invalid links; wait a minute.\n", status=429)
        response["Content-Type"], response["Retry-After"] = "text/plain; charset=utf-8", str(WINDOW)
        return _private(response)
    return _private(render(request, "vpn/handoff/invalid_link.html", status=404))


def _private(response: HttpResponse) -> HttpResponse:
    """Not cached, not indexed, and its address is not sent as a referrer."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
