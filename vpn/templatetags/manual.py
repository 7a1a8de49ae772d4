"""Peer devices for the manual, from the same source as their configurations."""

from __future__ import annotations

import re
from typing import NamedTuple

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from policies.strength import word_of
from vpn.domain.handoff.support import Support
from vpn.domain.handoff.vendors import VENDORS, Vendor

register = template.Library()
_EVERYTHING = Support()


class Device(NamedTuple):
    """A vendor, and what its devices have not or have no more."""

    vendor: Vendor
    missing: list[str]
    retired: str
    dpd: str
    key: str


@register.simple_tag
def devices() -> list[Device]:
    """Every device for which a configuration can be had, in the order of the hand-off page."""
    return [
        Device(vendor, _missing(vendor.support), _retired(vendor.support), _dpd(vendor), _key(vendor.support))
        for vendor in VENDORS.values()
    ]


def _missing(support: Support) -> list[str]:
    words = [word_of(name) for name in sorted(_EVERYTHING.ciphers - support.ciphers)]
    words += [word_of(name) for name in sorted(_EVERYTHING.digests - support.digests)]
    return words + [f"DH group {number}" for number in sorted(_EVERYTHING.groups - support.groups)]


def _retired(support: Support) -> str:
    words = sorted(word if isinstance(word, str) else f"DH group {word}" for word in support.retired)
    return f"{', '.join(map(word_of, words))} {support.since}" if words else ""


def _dpd(vendor: Vendor) -> str:
    low, high = vendor.support.dpd
    return f"{low} to {high} s" if (low, high) != _EVERYTHING.dpd else ""


def _key(support: Support) -> str:
    """What a pre-shared key may not have there."""
    parts = []
    if characters := " ".join(char for char in support.key_characters if not char.isspace()):
        space = " and spaces" if any(char.isspace() for char in support.key_characters) else ""
        parts.append(f"no {characters}{space} in it")
    if support.key_beginnings:
        parts.append(f"not {' or '.join(support.key_beginnings)} at its beginning")
    return ", ".join(parts)


@register.filter
def ticked(note: str) -> SafeString:
    """What stands in backticks is to be typed."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(note))))  # noqa: S308
