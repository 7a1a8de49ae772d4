"""A list as CSV: what is shown, of all pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from django.http import HttpResponse
from django.utils import timezone

from console.core.actor import Actor
from console.core.web.lists.build import matching, shown
from console.core.web.lists.state import State

_AT_ONCE = 500
# A spreadsheet interprets a cell that begins with one of these as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def sheet(actor: Actor, state: State) -> HttpResponse:
    """The file as a download."""
    spec = state.spec
    found, _ = matching(actor, state)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.label for column in spec.columns])
    for start in range(0, len(found), _AT_ONCE):
        for row in shown(actor, state, found[start : start + _AT_ONCE]):
            writer.writerow([harmless(column.text(row)) for column in spec.columns])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"{spec.plural.replace(' ', '-').lower()}-{timezone.now():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def harmless(value: object) -> str:
    """A text that no spreadsheet interprets as a formula; items of a list are separated by spaces."""
    if value is None:
        return ""
    if isinstance(value, Iterable) and not isinstance(value, str):
        value = " ".join(str(part) for part in value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
