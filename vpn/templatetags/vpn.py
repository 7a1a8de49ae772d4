"""Reasons and their remedies, for pages and the manual."""

from __future__ import annotations

from typing import NamedTuple

from django import template

from vpn.domain import reasons

register = template.Library()


class ReasonRow(NamedTuple):
    """One row of the manual's table of reasons."""

    code: str
    sentence: str
    remedy: str


@register.simple_tag
def reason_rows() -> list[ReasonRow]:
    """Every reason that a status may have, with its remedy."""
    return [ReasonRow(code.value, text, reasons.REMEDIES[code]) for code, text in reasons.SENTENCES.items()]


@register.filter
def remedy(reason: dict[str, str]) -> str:
    """What to do about a reason."""
    return reasons.remedy(reason.get("code", ""), reason.get("cause", ""))
