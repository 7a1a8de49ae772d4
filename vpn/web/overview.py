"""The overview: what stands, what needs attention, what happened."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import pluralize
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from console.contributions import used
from console.models import AuditEvent
from console.quotas import limits_for
from console.web.pages import page
from console.web.quotas import quota_rows
from console.web.requests import ConsoleRequest
from vpn.models import StatusChange
from vpn.web.attention import attention, is_weak
from vpn.web.snapshot import Snapshot, stamp_of, suites, take
from vpn.web.topology import draw
from vpn.web.topology_lines import STATES

# Each is redrawn by itself, when it looks different.
PARTS = ("counts", "lead", "topology", "activity", "changes")
_RECENT = 8


@page()
def overview(request: ConsoleRequest) -> HttpResponse:
    """A poll says what it has seen, one stamp for all and one digest for each part: it gets 204
    for nothing new, or only the parts that look different."""
    now = timezone.now()
    stamp = stamp_of(request.actor, now)
    known, _, digests = request.GET.get("seen", "").partition(".")
    if request.htmx and known == stamp:
        return HttpResponse(status=204)
    context = _context(request, take(request.actor, now))
    parts = {name: render_to_string(f"vpn/overview/{name}.html", context, request) for name in PARTS}
    marks = {name: hashlib.sha256(text.encode()).hexdigest()[:8] for name, text in parts.items()}
    context["seen"] = f"{stamp}.{'.'.join(marks.values())}"
    if not request.htmx:
        return render(request, "vpn/overview.html", context | {"parts": parts})
    before = dict(zip(PARTS, digests.split("."), strict=False))
    fresh: dict[str, SafeString] = {n: text for n, text in parts.items() if before.get(n) != marks[n]}
    return render(request, "vpn/overview.html#fresh", context | {"fresh": fresh})


def _context(request: ConsoleRequest, seen: Snapshot) -> dict[str, Any]:
    actor = request.actor
    limits, usage = limits_for(actor.account_id), used(actor.account_id)
    quotas = quota_rows(limits, usage)
    links = seen.links()
    items = attention(seen, quotas, suites(actor, is_weak))
    states = Counter(link.state for link in links)
    up = states["up"] + states["partly"]
    return {
        "gateways": len(seen.gateways),
        "connections": len(links),
        "states": states,
        "up": up,
        "used": usage,
        "near": [row for row in quotas if row.state != "ok"],
        "most": limits["gateways"],
        "items": items,
        "picture": draw(seen.places(), seen.stands(), links),
        "states_shown": [state for state in STATES if states[state]],
        "subnets": len(seen.subnets),
        "events": list(AuditEvent.objects.filter(account_id=actor.account_id)[:_RECENT]),
        "changes": list(_changes(request)),
        "announce": _told(len(seen.gateways), up, len(links), len(items)),
    }


def _told(gateways: int, up: int, connections: int, items: int) -> str:
    return (
        f"{gateways} gateway{pluralize(gateways)}, "
        f"{up} of {connections} connection{pluralize(connections)} up, "
        f"{items} thing{pluralize(items)} to look after."
    )


def _changes(request: ConsoleRequest) -> Any:
    rows = StatusChange.objects.filter(gateway__account_id=request.actor.account_id)
    return rows.select_related("gateway", "connection")[:_RECENT]
