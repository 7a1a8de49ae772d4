"""The audit trail of an account: who did what, to what, when and from where."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from console.core.actor import Actor
from console.core.audit import target_label
from console.core.models import AuditEvent
from console.core.registry import pages_of
from console.core.web.audit_filter import AuditFilterForm, choices_of, query_link
from console.core.web.audit_links import own_pages
from console.core.web.lists.sheet import harmless
from console.core.web.pages import page
from console.core.web.requests import ConsoleRequest

PAGE = 50
# The number of lines that spreadsheets can still open.
MOST = 100_000
_VERBS = {
    "create": "created",
    "update": "changed",
    "delete": "deleted",
    "add": "added",
    "remove": "removed",
    "revoke": "revoked",
    "restart": "restarted",
    "reveal_key": "revealed the key of",
    "read_key": "read the key of",
    "handoff_key": "took the other side's file with the key of",
    "handoff_share": "shared the other side's parameters of",
    "handoff_read": "read the shared parameters of",
    "handoff_revoke": "ended the shared link of",
    "add_local_cidr": "added a local CIDR to",
    "add_peer_cidr": "added a peer CIDR to",
    "remove_local_cidr": "removed a local CIDR from",
    "remove_peer_cidr": "removed a peer CIDR from",
    "act_begin": "superuser began to act",
    "act_end": "superuser ended acting",
    "sign_in": "signed in",
    "sign_in_failed": "failed to sign in",
    "password_failed": "gave a wrong password",
    "sign_out": "signed out",
    "session_end": "session ended",
}
_COLUMNS = ("at", "who", "via", "address", "action", "target_type", "target_id", "target_name", "request_id")


@dataclass(frozen=True, slots=True)
class Line:
    """An event, with the page of its object if that still exists."""

    event: AuditEvent
    url: str

    @property
    def verb(self) -> str:
        word = self.event.action.rpartition(".")[2]
        return _VERBS.get(word, word.replace("_", " "))

    @property
    def kind(self) -> str:
        """The label of the kind of object."""
        return target_label(self.event.target_type)

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """Field, before, after; for a secret only that it changed."""
        return [
            (field, _text(pair[0]), _text(pair[1])) if isinstance(pair, list) else (field, "", str(pair))
            for field, pair in self.event.changes.items()
        ]


@page()
def activity(request: ConsoleRequest) -> HttpResponse:
    """A page of events, newest first; `format=csv` returns all that match as a file."""
    choices = choices_of(request.actor.account_id)
    form = AuditFilterForm(request.GET, choices=choices)
    form.is_valid()
    if request.GET.get("format") == "csv":
        return _file(request.actor, form)
    events, newer, older = _page(request, form)
    urls = pages_of(request.actor.account_id, {(e.target_type, e.target_id) for e in events})
    urls |= own_pages(request.actor, events)
    context = {
        "form": form,
        "lines": [Line(event, urls.get((event.target_type, event.target_id), "")) for event in events],
        "newer": query_link(request.GET, after=events[0].pk) if newer else "",
        "older": query_link(request.GET, before=events[-1].pk) if older else "",
        "newest": query_link(request.GET),
        "file": query_link(request.GET, format="csv"),
        "chips": form.chips(request.GET),
    }
    return render(request, "console/activity.html", context)


def _page(request: ConsoleRequest, form: AuditFilterForm) -> tuple[list[AuditEvent], bool, bool]:
    """Events, whether there are newer ones, and whether there are older ones."""
    rows = form.filtered(AuditEvent.objects.filter(account_id=request.actor.account_id))
    before, after = (_number(request.GET.get(name, "")) for name in ("before", "after"))
    if after:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: PAGE + 1])
        return found[:PAGE][::-1], len(found) > PAGE, bool(found)
    found = list((rows.filter(pk__lt=before) if before else rows).order_by("-pk")[: PAGE + 1])
    return found[:PAGE], bool(before and found), len(found) > PAGE


def _file(actor: Actor, form: AuditFilterForm) -> HttpResponse:
    rows = form.filtered(AuditEvent.objects.filter(account_id=actor.account_id)).order_by("-pk")[:MOST]
    response = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="activity-{timezone.now():%Y-%m-%d}.csv"'
    return cast(HttpResponse, response)


def _lines(rows: Any) -> Iterator[str]:
    yield _written((*_COLUMNS, "changes"))
    for event in rows.iterator(chunk_size=500):
        values = [event.at.isoformat(), *(getattr(event, name) for name in _COLUMNS[1:])]
        yield _written([*map(harmless, values), json.dumps(event.changes, sort_keys=True)])


def _written(values: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
