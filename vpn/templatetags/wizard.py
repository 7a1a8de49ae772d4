"""What a person began in the wizard and has not ended."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from vpn.web.wizard.drafts import unfinished

register = template.Library()
_SHOWN = 3


@register.inclusion_tag("vpn/wizard/_drafts.html", takes_context=True)
def drafts(context: Context) -> dict[str, Any]:
    """The newest with ways on, and how many more there are; one query."""
    found = unfinished(context["request"])
    return {"drafts": found[:_SHOWN], "more": len(found[_SHOWN:])}
