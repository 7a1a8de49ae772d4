"""Durations that the browser keeps up to date, on the pages of gateways and connections."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


def lasting(seconds: float) -> str:
    """A duration such as 1 h 5 min: the two largest units."""
    left = max(0, int(seconds))
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2]) or "0 s"


@register.filter
def until(value: datetime | str | None) -> SafeString | str:
    """The time until a moment; the browser counts it down."""
    if not value:
        return ""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    left = lasting((moment - timezone.now()).total_seconds())
    return format_html('<span data-until="{}">{}</span>', moment.isoformat(), left)


@register.filter
def since(value: datetime | str | None) -> SafeString | str:
    """The time since a moment; the browser keeps counting."""
    if not value:
        return ""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    gone = lasting((timezone.now() - moment).total_seconds())
    return format_html('<span data-since="{}">{}</span>', moment.isoformat(), gone)
