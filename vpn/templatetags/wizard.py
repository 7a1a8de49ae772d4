"""The user's unfinished wizard drafts."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from vpn.web.wizard.drafts import unfinished_drafts

register = template.Library()
_SHOWN = 3


@register.inclusion_tag("vpn/wizard/_drafts.html", takes_context=True)
def drafts(context: Context) -> dict[str, Any]:
    """The newest drafts, and the number of others."""
    found = unfinished_drafts(context["request"])
    return {"drafts": found[:_SHOWN], "more": len(found[_SHOWN:])}
