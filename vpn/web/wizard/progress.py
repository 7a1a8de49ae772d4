"""The page after the wizard: the observed progress until the gateway runs and its tunnels are up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from console.core.web.pages import page
from console.core.web.requests import ConsoleRequest
from vpn.domain.states import LifecycleState
from vpn.models import Connection, Gateway, GatewayMember
from vpn.services.gateways import get_gateway
from vpn.web.shown import status_label

DONE, NOW, LATER, FAILED = "done", "now", "later", "failed"
_TEMPLATE = "vpn/wizard/progress.html"


class Stage(NamedTuple):
    """`state` is done, now, later or failed; `detail` is derived from the rows."""

    word: str
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """`final`: nothing changes any more by itself; `succeeded`: everything is up."""

    stages: list[Stage]
    final: bool
    succeeded: bool
    reasons: list[dict[str, Any]] = field(default_factory=list)

    @property
    def announcement(self) -> str:
        """For screen readers, when the page changes: one sentence per stage that has started."""
        ends = {DONE: ".", NOW: " in progress.", FAILED: " failed."}
        return " ".join(stage.word + ends[stage.state] for stage in self.stages if stage.state in ends)


@page()
def progress_page(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    """Polled every second until it is final; then it redirects to the gateway."""
    gateway = get_gateway(request.actor, gateway_id)
    there = reverse("gateway", kwargs={"gateway_id": gateway_id})
    if request.htmx and "done" in request.GET:
        return HttpResponseClientRedirect(there)
    members = list(gateway.members.all())
    newest = _newest(gateway)
    shown = progress_of(gateway, members, newest)
    seen = str(gateway.stamp)
    if request.htmx and request.GET.get("seen") == seen and not shown.final:
        return HttpResponse(status=204)
    context = {"gateway": gateway, "connections": newest, "progress": shown, "seen": seen}
    return render(request, f"{_TEMPLATE}#live" if request.htmx else _TEMPLATE, context)


def _newest(gateway: Gateway) -> list[Connection]:
    """The connection that was created last: an existing gateway may have others."""
    return list(Connection.objects.filter(gateway=gateway).order_by("-created_at", "-id")[:1])


def progress_of(
    gateway: Gateway, members: Iterable[GatewayMember], connections: Iterable[Connection]
) -> Progress:
    """The progress, derived only from observations."""
    stages = [*_gateway_stages(gateway, list(members))]
    wanted = [row for row in connections if row.admin_state_up]
    failed = gateway.lifecycle_state == LifecycleState.FAILED or gateway.deleted_at is not None
    is_ready = stages[-1].state == DONE
    if wanted:
        stages += _tunnels(wanted, is_ready)
    succeeded = all(stage.state == DONE for stage in stages)
    reasons = (
        [*gateway.lifecycle_reasons, *gateway.health_reasons] if status_label(gateway) != "available" else []
    )
    reasons += [reason for row in wanted if is_ready and row.status != "up" for reason in row.status_reasons]
    return Progress(stages, succeeded or failed, succeeded, reasons)


def _gateway_stages(gateway: Gateway, members: list[GatewayMember]) -> list[Stage]:
    private = ", ".join(member.private_address for member in members)
    running = [member for member in members if member.health_state == "ok"]
    loaded = gateway.observed_generation >= gateway.generation
    stable = gateway.lifecycle_state == LifecycleState.STABLE
    bad = gateway.lifecycle_state == LifecycleState.FAILED
    states = [True, stable or len(running) == len(members), stable and loaded]
    details = [
        f"Public {gateway.public_address}, private {private}",
        f"{len(running)} of {len(members)} running",
        f"Version {gateway.observed_generation} of {gateway.generation}" if not loaded else "",
    ]
    words = ["Addresses reserved", "Members started", "Configuration loaded"]
    return _in_order(words, states, details, bad)


def _tunnels(wanted: list[Connection], is_ready: bool) -> list[Stage]:
    up = [row for row in wanted if row.status == "up"]
    down = [row for row in wanted if row.status != "up" and row.status_reasons]
    names = ", ".join(row.name for row in wanted)
    described = f"{len(up)} of {len(wanted)} up: {names}"
    if not is_ready:
        return [Stage("Negotiating", LATER), Stage("Up", LATER)]
    if len(up) == len(wanted):
        return [Stage("Negotiated", DONE), Stage("Up", DONE, described)]
    return [
        Stage("Negotiating", FAILED if down else NOW, "The gateway keeps trying."),
        Stage("Up", LATER, described),
    ]


def _in_order(words: list[str], states: list[bool], details: list[str], bad: bool) -> list[Stage]:
    """The first stage that is not done is in progress, or has failed; those after it are waiting."""
    stages: list[Stage] = []
    open_yet = True
    for word, done, detail in zip(words, states, details, strict=True):
        if done and open_yet:
            stages.append(Stage(word, DONE, detail))
        else:
            state = (FAILED if bad else NOW) if open_yet else LATER
            stages.append(Stage(word, state, detail if open_yet else ""))
            open_yet = False
    return stages
