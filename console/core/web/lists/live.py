"""Lists that keep themselves up to date, row by row."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from console.core.web.fragments import Piece
from console.core.web.lists.build import build
from console.core.web.lists.state import State
from console.core.web.requests import ConsoleRequest

# So long it is remembered that a page looks the same though the stamp has moved.
_REMEMBERED = 300


def live_list(
    request: ConsoleRequest, state: State, template: str, extra: dict[str, Any], stamp: str
) -> HttpResponse:
    """The page, or to a poll what of its rows looks different from what was `seen`, in 204 if
    nothing does. The stamp changes with more than one page shows."""
    known, _, seen = request.GET.get("seen", "").partition(".")
    remembered = _key(request)
    if request.htmx and (known == stamp or cache.get(remembered) == stamp):
        return HttpResponse(status=204)
    listing = build(request.actor, state)
    box = Piece.of(render_to_string(f"{template}#rows", {"listing": listing} | extra, request))
    news = box.news(seen)
    if request.htmx and not news:
        cache.set(remembered, stamp, _REMEMBERED)
        return HttpResponse(status=204)
    listing = replace(listing, seen=f"{stamp}.{box.seen}")
    context = {"listing": listing, "box": box.text, "news": news} | extra
    return render(request, "lists/_news.html" if request.htmx else template, context)


def _key(request: ConsoleRequest) -> str:
    actor = request.actor
    asked = f"{actor.account_id} {actor.role} {request.get_full_path()}"
    return f"seen-list:{hashlib.sha256(asked.encode()).hexdigest()}"
