"""Connects two VPCs of one account, and creates the other side of a connection to an own gateway."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from console.core.actor import Role
from console.core.errors import Conflict, Invalid, Violation
from console.core.identifiers import parse_uuid
from console.core.names import random_name
from console.core.web.forms import errors_of
from console.core.web.pages import command, form_page
from console.core.web.requests import ConsoleRequest
from vpn.models import WizardDraft
from vpn.services import pairs
from vpn.services.connections import get_connection
from vpn.web.forms.pairs import SIDES, MirrorForm, PairForm, SideChoices, SidesForm
from vpn.web.wizard.drafts import (
    consume,
    get_draft,
    new_draft,
    next_submission,
    raw_values,
    save_draft,
    save_field,
    step_data,
)
from vpn.web.wizard.picture import Side, picture


@form_page(Role.EDITOR)
def connect_vpcs(request: ConsoleRequest) -> HttpResponse:
    """Selects both sides; the next page shows what follows from them."""
    posted = request.POST if request.method == "POST" else None
    ident = parse_uuid(request.GET.get("draft"))
    draft = get_draft(request, ident) if ident else new_draft(request)
    entered = step_data(draft, "pair")
    initial = {name: entered.get(name, request.GET.get(name, "")) for name in SIDES}
    form = SidesForm(posted, actor=request.actor, initial=initial)
    if posted is not None and form.is_valid():
        chosen = {name: form.cleaned_data[name] for name in SIDES}
        save_draft(draft, {"pair": entered | chosen | _suggested(form.places, chosen, entered)})
        return redirect("connect_review", draft_id=draft.pk)
    return render(request, "vpn/wizard/connect.html", {"form": form, "draft": draft if ident else None})


@form_page(Role.EDITOR)
def connect_review(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """Both sides on one page; the button creates everything in one transaction."""
    draft = get_draft(request, draft_id)
    if draft.gateway_id:
        return redirect("wizard_progress", gateway_id=draft.gateway_id)
    entered = step_data(draft, "pair")
    if not entered:
        return redirect("connect_vpcs")
    if request.method != "POST":
        form = _pair_form(request, draft, initial=entered)
        return _render_pair(request, draft, form)
    form = _pair_form(request, draft, request.POST)
    save_draft(draft, {"pair": entered | raw_values(form)} | next_submission(draft))
    if form.is_valid():
        try:
            made = consume(draft, lambda: _connect(request, form))
            return redirect("wizard_progress", gateway_id=made)
        except (Invalid, Conflict) as error:
            form.add_violations(_once(error.violations))
    return _render_pair(request, draft, form)


@command(Role.EDITOR, back="connect_review")
def check_pair_field(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """The errors of the field that lost the focus. Its value is saved."""
    draft = get_draft(request, draft_id)
    form = _pair_form(request, draft, request.POST)
    save_field(draft, {"pair": step_data(draft, "pair") | raw_values(form)}, request.POST)
    if form.is_valid():
        found = pairs.check_connect(request.actor, form.end("here"), form.end("there"), form.security())
        form.add_violations(_once(found))
    return render(request, "_messages.html", {"found": errors_of(form, request.htmx.trigger_name)})


@form_page(Role.EDITOR)
def other_side(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """Shows what will be created; a POST creates it, with the same key."""
    row = get_connection(request.actor, gateway_id, connection_id)
    mirror = pairs.mirror_of(request.actor, gateway_id, connection_id)
    posted = request.POST if request.method == "POST" else None
    form = MirrorForm(posted, initial={"name": f"{row.name}-back"[:63]})
    if posted is not None and form.is_valid():
        name = form.cleaned_data["name"]
        try:
            made = pairs.create_mirror(request.actor, gateway_id, connection_id, name)
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, f"The connection {made.name} is created as the other side.")
            return redirect("connection", gateway_id=made.gateway_id, connection_id=made.pk)
    elif posted is None and mirror.existing is None:
        name = str(form.initial["name"])
        form.paths = {}
        violations = pairs.check_mirror(request.actor, mirror, name)
        broken = [v.message for v in violations]
        return _render_mirror(request, row, mirror, form, broken)
    return _render_mirror(request, row, mirror, form, [])


def _render_mirror(
    request: ConsoleRequest, row: Any, mirror: pairs.Mirror, form: MirrorForm, broken: list[str]
) -> HttpResponse:
    fields = {name: value for name, value in mirror.fields.items() if name != "psk"}
    context = {
        "gateway": row.gateway,
        "connection": row,
        "peer": mirror.gateway,
        "existing": mirror.existing,
        "fields": fields,
        "form": form,
        "broken": broken,
    }
    return render(request, "vpn/wizard/other_side.html", context)


def _connect(request: ConsoleRequest, form: PairForm) -> UUID:
    first, _ = pairs.connect(request.actor, form.end("here"), form.end("there"), form.security())
    return first.gateway_id


def _pair_form(
    request: ConsoleRequest, draft: WizardDraft, posted: Any = None, initial: Any = None
) -> PairForm:
    places = {name: str(step_data(draft, "pair").get(name, "")) for name in SIDES}
    check = reverse("connect_check", kwargs={"draft_id": draft.pk})
    return PairForm(posted, actor=request.actor, places=places, initial=initial, check=check)


def _render_pair(request: ConsoleRequest, draft: WizardDraft, form: PairForm) -> HttpResponse:
    places = SideChoices(request.actor)
    sides = []
    for name in SIDES:
        subnet = places.subnet_of(form.places[name])
        gateway = places.gateways.get(form.places[name])
        fields = [
            form[f"{name}_{word}"] for word in ("gateway", "name", "cidrs") if f"{name}_{word}" in form.fields
        ]
        sides.append({"subnet": subnet, "gateway": gateway, "fields": fields})
    context = {"draft": draft, "form": form, "sides": sides, "picture": _picture(form, sides)}
    return render(request, "vpn/wizard/connect_review.html", context)


def _picture(form: PairForm, sides: list[dict[str, Any]]) -> Any:
    drawn = []
    for name, side in zip(SIDES, sides, strict=True):
        subnet = side["subnet"]
        own = (
            side["gateway"].name
            if side["gateway"]
            else str(form[f"{name}_gateway"].value() or "a new gateway")
        )
        place = f"VPC {subnet.vpc.name}" if subnet else "no longer exists"
        detail = f"subnet {subnet.name}, {subnet.ipv4_cidr_block}" if subnet else ""
        cidrs = str(form[f"{name}_cidrs"].value() or "").replace(",", " ").split()
        drawn.append(Side(place, detail, own, cidrs))
    return picture(drawn[0], drawn[1], line="both connections", suite="one shared key")


def _suggested(places: SideChoices, chosen: dict[str, str], entered: dict[str, Any]) -> dict[str, str]:
    """Names and CIDRs for the sides that differ from those in `entered`."""
    found: dict[str, str] = {}
    names = {}
    changed = [name for name in SIDES if chosen[name] != entered.get(name)]
    for name in SIDES:
        subnet = places.subnet_of(chosen[name])
        gateway = places.gateways.get(chosen[name])
        if name in changed and subnet is not None:
            found[f"{name}_cidrs"] = subnet.ipv4_cidr_block
        if name in changed and gateway is None:
            found[f"{name}_gateway"] = random_name()
        names[name] = (
            gateway.name if gateway else found.get(f"{name}_gateway", entered.get(f"{name}_gateway"))
        )
    for name, other in (SIDES, SIDES[::-1]):
        if other in changed:
            found[f"{name}_name"] = f"to-{names[other]}"[:63].rstrip("-")
    return found


def _once(violations: Any) -> list[Violation]:
    """Without duplicates: both connections may violate the same rule."""
    return list({(v.field, v.message): v for v in violations}.values())
