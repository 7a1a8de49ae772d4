"""Reasons for the manual, and what to do about one."""

from __future__ import annotations

from typing import NamedTuple

from django import template

from vpn.domain import reasons

register = template.Library()


class Told(NamedTuple):
    """One code of the manual's table."""

    code: str
    sentence: str
    remedy: str


@register.simple_tag
def reason_rows() -> list[Told]:
    """Every reason that a status may carry, with its fix."""
    return [Told(code.value, text, reasons.REMEDIES[code]) for code, text in reasons.SENTENCES.items()]


@register.filter
def remedy(reason: dict[str, str]) -> str:
    """What to do about a reason."""
    return reasons.remedy(reason.get("code", ""), reason.get("message", ""))
