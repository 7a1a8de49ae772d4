"""What a person began in the wizard and has not ended."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from vpn.web.drafts import unfinished

register = template.Library()


@register.inclusion_tag("vpn/wizard/_drafts.html", takes_context=True)
def drafts(context: Context) -> dict[str, Any]:
    """A list of them with ways on, or nothing; one query."""
    return {"drafts": unfinished(context["request"])}
