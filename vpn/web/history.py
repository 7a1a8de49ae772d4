"""The history of a gateway or connection, page by page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from console.core.web.requests import ConsoleRequest
from vpn.models import StatusChange

PAGE = 50
# So that the number fits into a 64-bit id.
_MAX_DIGITS = 18


def history_page(request: ConsoleRequest, rows: QuerySet[StatusChange], title: str) -> dict[str, Any]:
    """`?before=` is the id of the previous page's last row; invalid values are ignored."""
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal() and len(before) <= _MAX_DIGITS:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.select_related("connection").order_by("-id")[: PAGE + 1])
    more = found[PAGE - 1].pk if len(found) > PAGE else None
    return {"rows": found[:PAGE], "more": more, "title": title, "days": settings.HISTORY_DAYS}
