"""Peer devices for the manual, from the same tables as their configurations."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import NamedTuple

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from policies.domain.algorithms import INTEGRATED
from policies.domain.generations import EVERYTHING
from policies.strength import api_name
from vpn.handoff.support import KeyIds, Phase, Support, Word
from vpn.handoff.vendors import VENDORS, Vendor

register = template.Library()
# Every algorithm of the API, in the order of its tables; no policy has combined ciphers in phase 1.
_IKE: tuple[Word, ...] = (*EVERYTHING.encryption, *EVERYTHING.authentication, *EVERYTHING.dh_groups)
_ESP: tuple[Word, ...] = (
    *EVERYTHING.esp_encryption,
    *(word for word in EVERYTHING.esp_authentication if word != INTEGRATED),
    *EVERYTHING.dh_groups,
)


class Device(NamedTuple):
    """A vendor, and the algorithms that its devices lack, have only in some releases, or no longer have.

    `unwritten` algorithms may be supported, but generated configurations never use them.
    """

    vendor: Vendor
    missing: list[str]
    unwritten: list[str]
    unsure: list[str]
    only_v2: list[str]
    retired: str
    dpd: str
    key: str
    key_ids: str


@register.simple_tag
def devices() -> list[Device]:
    """Every device with a generated configuration, in the order of the hand-off page."""
    return [_device(vendor) for vendor in VENDORS.values()]


def _device(vendor: Vendor) -> Device:
    support = vendor.support
    return Device(
        vendor=vendor,
        missing=_missing(support),
        unwritten=[_word(word) for word in _IKE if word in support.unwritten],
        unsure=_by_phase(support.ike.unsure, support.esp.unsure),
        only_v2=[_word(word) for word in _ESP if word in support.only_v2],
        retired=_retired(support),
        dpd=_dpd(vendor),
        key=_key(support),
        key_ids=_KEY_IDS[support.key_ids],
    )


_KEY_IDS = {
    KeyIds.BYTES: "",
    KeyIds.TEXT: "as plain text only; for other bytes the file has a place to fill in.",
    KeyIds.NONE: "are not written; the file has a place to fill in.",
}


def _missing(support: Support) -> list[str]:
    ike = {word for word in _IKE if not _has(support.ike, word)}
    esp = {word for word in _ESP if not _has(support.esp, word)}
    return _by_phase(ike - support.unwritten, esp - support.unwritten)


def _has(phase: Phase, word: Word) -> bool:
    return word in phase.ciphers | phase.digests | phase.groups


def _by_phase(ike: Set[Word], esp: Set[Word]) -> list[str]:
    """Without a phase if it applies to both, or can apply only to phase 2."""
    words = []
    for word in dict.fromkeys((*_ESP, *_IKE)):
        if word in ike and word in esp:
            words.append(_word(word))
        elif word in ike:
            words.append(f"{_word(word)} in phase 1")
        elif word in esp:
            words.append(f"{_word(word)} in phase 2" if word in _IKE else _word(word))
    return words


def _word(word: Word) -> str:
    return api_name(word) if isinstance(word, str) else f"DH group {word}"


def _retired(support: Support) -> str:
    words = sorted(_word(word) for word in support.retired)
    return f"{', '.join(words)} {support.since}" if words else ""


def _dpd(vendor: Vendor) -> str:
    low, high = vendor.support.dpd
    return f"{low} to {high} s" if (low, high) != Support().dpd else ""


def _key(support: Support) -> str:
    """The restrictions on pre-shared keys."""
    parts = []
    if characters := " ".join(char for char in support.key_characters if not char.isspace()):
        space = " and spaces" if any(char.isspace() for char in support.key_characters) else ""
        parts.append(f"no {characters}{space} in it")
    if support.key_beginnings:
        parts.append(f"not {' or '.join(support.key_beginnings)} at its beginning")
    return ", ".join(parts)


@register.filter
def ticked(note: str) -> SafeString:
    """Renders text in backticks as code."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(note))))  # noqa: S308
