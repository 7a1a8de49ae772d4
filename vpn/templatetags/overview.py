"""Words and symbols of the overview."""

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
_LOOKS = {
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
    """The class of a word's colour."""
    return _LOOKS[word][0]


@register.simple_tag
def symbol(word: str, x: int, y: int, size: int = 18) -> SafeString:
    """The symbol of a word, its middle at (x, y)."""
    shape = '<use class="topo-symbol {}" href="{}#{}" x="{}" y="{}" width="{}" height="{}"></use>'
    name = _LOOKS[word]
    corner = (x - size // 2, y - size // 2)
    return format_html(shape, name[0], icons(), name[1], *corner, size, size)


@register.filter
def page(shape: Line | Card) -> str:
    """Where a line or a peer leads: its connection, or the gateway when it stands for several."""
    return _page(shape.gateway, shape.connection)


@lru_cache(maxsize=4096)
def _page(gateway: UUID, connection: UUID | None) -> str:
    """A picture asks for hundreds of addresses, each time for the same ones."""
    if connection:
        return reverse("connection", args=[gateway, connection])
    return reverse("gateway", args=[gateway])


@register.filter
def plain(state: str) -> str:
    """A state in plain words."""
    return _WORDS[state][1] if state in _WORDS else state


@register.filter
def css_class(state: str) -> str:
    """The class under which the tag `status` shows a state."""
    return _WORDS[state][0] if state in _WORDS else state
