"""The overview: counts, what needs attention, the topology, and recent events."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone

from console.core.models import AuditEvent
from console.core.quotas import limits_for
from console.core.registry import used
from console.core.web.activity import Line
from console.core.web.pages import page
from console.core.web.quotas import quota_rows
from console.core.web.requests import ConsoleRequest
from vpn.models import StatusChange
from vpn.web.live_page import LivePage
from vpn.web.overview.attention import attention, is_weak
from vpn.web.overview.snapshot import Snapshot, suites, take_snapshot
from vpn.web.overview.topology import draw
from vpn.web.overview.topology_lines import STATES
from vpn.web.page_versions import overview_version

_LIVE = LivePage(
    "vpn/overview.html", "vpn/overview", ("counts", "attention", "topology", "activity", "changes")
)
_RECENT = 8


@page()
def overview(request: ConsoleRequest) -> HttpResponse:
    """The page; a poll gets the parts that have changed."""
    now = timezone.now()
    version, here = overview_version(request.actor, now), reverse("overview")
    if request.htmx:
        return _LIVE.diff(
            request, version, here, lambda: _context(request, take_snapshot(request.actor, now))
        )
    return _LIVE.whole(request, version, here, _context(request, take_snapshot(request.actor, now)))


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
        "settled": up + states["disabled"] == len(links)
        and {s.word for s in seen.positions()} <= {"available"},
        "picture": draw(seen.places(), seen.positions(), links),
        "states_shown": [state for state in STATES if states[state]],
        "subnets": len(seen.subnets),
        "events": [Line(event, "") for event in _events(request)],
        "changes": list(_changes(request)),
        "announce": _announcement(len(seen.gateways), up, len(links), len(items)),
    }


def _announcement(gateways: int, up: int, connections: int, items: int) -> str:
    return (
        f"{gateways} gateway{pluralize(gateways)}, "
        f"{up} of {connections} connection{pluralize(connections)} up, "
        f"{items} item{pluralize(items)} need{pluralize(items, 's,')} attention."
    )


def _events(request: ConsoleRequest) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(account_id=request.actor.account_id)[:_RECENT]


def _changes(request: ConsoleRequest) -> QuerySet[StatusChange]:
    rows = StatusChange.objects.filter(gateway__account_id=request.actor.account_id)
    return rows.select_related("gateway", "connection")[:_RECENT]
