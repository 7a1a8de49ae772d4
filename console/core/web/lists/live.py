"""Lists that keep themselves up to date, row by row."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from console.core.web.fragments import Fragment
from console.core.web.lists.build import build
from console.core.web.lists.state import State
from console.core.web.requests import ConsoleRequest

# Seconds for which a version is remembered that changed nothing on a page.
_REMEMBERED = 300


def live_list(
    request: ConsoleRequest, state: State, template: str, extra: dict[str, Any], version: str
) -> HttpResponse:
    """The page; to a poll the rows that differ from what was `seen`, or 204 if none does. The version
    covers the whole list, and so changes more often than one page."""
    known, _, seen = request.GET.get("seen", "").partition(".")
    remembered = _key(request)
    if request.htmx and (known == version or cache.get(remembered) == version):
        return HttpResponse(status=204)
    listing = build(request.actor, state)
    box = Fragment.of(render_to_string(f"{template}#rows", {"listing": listing} | extra, request))
    diff = box.diff(seen)
    if request.htmx and not diff:
        cache.set(remembered, version, _REMEMBERED)
        return HttpResponse(status=204)
    listing = replace(listing, seen=f"{version}.{box.seen}")
    context = {"listing": listing, "box": box.text, "diff": diff} | extra
    return render(request, "lists/_diff.html" if request.htmx else template, context)


def _key(request: ConsoleRequest) -> str:
    actor = request.actor
    asked = f"{actor.account_id} {actor.role} {request.get_full_path()}"
    return f"seen-list:{hashlib.sha256(asked.encode()).hexdigest()}"
