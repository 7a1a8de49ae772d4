"""Labels and symbols of the overview."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from console.core.templatetags.console import icons
from vpn.web.overview.topology import Card, Line

register = template.Library()

# Word of a gateway or state of a line: tone (a class of the stylesheet) and symbol (of icons.svg).
_STYLES = {
    "up": ("ok", "check"),
    "available": ("ok", "check"),
    "partly": ("warn", "warning"),
    "degraded": ("warn", "warning"),
    "down": ("bad", "cross"),
    "failed": ("bad", "cross"),
    "negotiating": ("info", "clock"),
    "pending": ("info", "clock"),
    "deleting": ("info", "clock"),
    "disabled": ("idle", "pause"),
}
_WORDS = {"partly": ("degraded", "up in part"), "negotiating": ("pending", "negotiating")}


@register.filter
def tone(word: str) -> str:
    """The CSS class for the colour of a status."""
    return _STYLES[word][0]


@register.simple_tag
def symbol(word: str, x: int, y: int, size: int = 18) -> SafeString:
    """The symbol of a status, centred at (x, y)."""
    shape = '<use class="topo-symbol {}" href="{}#{}" x="{}" y="{}" width="{}" height="{}"></use>'
    name = _STYLES[word]
    corner = (x - size // 2, y - size // 2)
    return format_html(shape, name[0], icons(), name[1], *corner, size, size)


@register.filter
def page(shape: Line | Card) -> str:
    """The page that a line or peer links to: its connection, or the gateway if it represents several."""
    return _page(shape.gateway, shape.connection)


@lru_cache(maxsize=4096)
def _page(gateway: UUID, connection: UUID | None) -> str:
    """Cached: a diagram needs hundreds of addresses, and the same ones for every poll."""
    if connection:
        return reverse("connection", args=[gateway, connection])
    return reverse("gateway", args=[gateway])


@register.filter
def plain(state: str) -> str:
    """The label of a state."""
    return _WORDS[state][1] if state in _WORDS else state


@register.filter
def css_class(state: str) -> str:
    """The name of a state for the tag `status`."""
    return _WORDS[state][0] if state in _WORDS else state
