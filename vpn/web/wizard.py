"""A gateway and its first connection in three steps: gateway, connection, review.

Each step is a page of its own; what was entered waits in a draft. Nothing is created before the
last button, then all of it in one transaction.
"""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from console.actor import Role
from console.errors import Conflict, Invalid, Violation
from console.names import random_name
from console.web.forms import errors_of
from console.web.pages import command, form_page
from console.web.requests import ConsoleRequest
from vpn.models import Subnet, WizardDraft
from vpn.services.connections import check_connection
from vpn.services.gateways import check_gateway
from vpn.services.references import parse_id
from vpn.web.drafts import get_draft, new_draft, part, raw, unfinished, use_up
from vpn.web.forms.connections import ConnectionForm
from vpn.web.forms.gateways import GatewayForm

_TEMPLATE = "vpn/gateways/wizard_{}.html"


@form_page(Role.EDITOR)
def gateway_step(request: ConsoleRequest, draft_id: UUID | None = None) -> HttpResponse:
    """Step 1. Without a draft this is where the wizard begins."""
    draft = get_draft(request, draft_id) if draft_id else new_draft(request)
    if draft.gateway_id:
        return redirect("gateway", gateway_id=draft.gateway_id)
    posted = request.POST if request.method == "POST" else None
    initial = part(draft, "gateway") or {"name": random_name()}
    form = GatewayForm(posted, actor=request.actor, initial=initial, check=reverse("gateway_check"))
    if posted is not None and form.is_valid():
        form.add_violations(check_gateway(request.actor, form.given()))
    if posted is not None and form.is_valid():
        draft.data["gateway"] = raw(form)
        draft.save()
        return redirect("wizard_connection", draft_id=draft.pk)
    context = {"form": form, "draft": draft, "step": 1, "earlier": None if draft_id else unfinished(request)}
    return render(request, _TEMPLATE.format("gateway"), context)


@form_page(Role.EDITOR)
def connection_step(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """Step 2. Every button of it keeps what was entered."""
    draft = get_draft(request, draft_id)
    if draft.gateway_id:
        return redirect("gateway", gateway_id=draft.gateway_id)
    check = reverse("wizard_check", kwargs={"draft_id": draft_id})
    if request.method != "POST":
        form = _unbound(request, draft, check)
        return render(request, _TEMPLATE.format("connection"), _step_two(draft, form))
    form = ConnectionForm(request.POST, actor=request.actor, kept_key=draft.open_psk(), check=check)
    going = request.POST.get("go", "review")
    _keep(request, draft, form, skip=going == "skip")
    if going == "generate":
        return _with_new_key(request, draft, check)
    if going in {"back", "skip"}:
        return redirect("wizard_gateway" if going == "back" else "wizard_review", draft_id=draft_id)
    if form.is_valid():
        form.add_violations(_connection_violations(request, draft, form))
    if form.is_valid():
        return redirect("wizard_review", draft_id=draft_id)
    return render(request, _TEMPLATE.format("connection"), _step_two(draft, form))


@form_page(Role.EDITOR)
def review_step(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """Step 3. Asks all rules again; the button creates."""
    draft = get_draft(request, draft_id)
    if draft.gateway_id:
        return redirect("gateway", gateway_id=draft.gateway_id)
    gateway = GatewayForm(part(draft, "gateway"), actor=request.actor)
    connection = _bound(request, draft)
    gateway.is_valid()
    connection.is_valid()
    broken: list[Violation] = []
    if request.method == "POST":
        try:
            made = use_up(request, draft, gateway.given(), None if draft.data["skip"] else connection.given())
        except (Invalid, Conflict) as error:
            broken = list(error.violations)
        else:
            messages.success(request, "Created. Status changes show here by themselves.")
            return redirect("gateway", gateway_id=made)
    return render(request, _TEMPLATE.format("review"), _step_three(draft, gateway, connection, broken))


@command(Role.EDITOR, back="gateway_new")
def check_gateway_field(request: ConsoleRequest) -> HttpResponse:
    """The messages of the one field of step 1 that was left."""
    form = GatewayForm(request.POST, actor=request.actor)
    form.is_valid()
    form.add_violations(check_gateway(request.actor, form.given()))
    return render(request, "_messages.html", {"found": errors_of(form, request.htmx.trigger_name)})


@command(Role.EDITOR, back="wizard_connection")
def check_connection_field(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """The messages of the one field of step 2 that was left."""
    draft = get_draft(request, draft_id)
    form = ConnectionForm(request.POST, actor=request.actor, kept_key=draft.open_psk())
    form.is_valid()
    form.add_violations(_connection_violations(request, draft, form))
    return render(request, "_messages.html", {"found": errors_of(form, request.htmx.trigger_name)})


def _subnet(draft: WizardDraft) -> Subnet | None:
    ident = parse_id(part(draft, "gateway").get("subnet"))
    if ident is None:
        return None
    rows = Subnet.objects.filter(account_id=draft.account_id, pk=ident)
    return rows.select_related("vpc").first()


def _preset(draft: WizardDraft) -> dict[str, str]:
    """What step 2 begins with: never ask for what step 1 said."""
    subnet = _subnet(draft)
    return {"name": random_name(), "local_cidrs": subnet.ipv4_cidr_block if subnet else ""}


def _unbound(request: ConsoleRequest, draft: WizardDraft, check: str) -> ConnectionForm:
    initial: dict[str, Any] = part(draft, "connection") or _preset(draft)
    kept = draft.open_psk()
    return ConnectionForm(actor=request.actor, initial=initial, kept_key=kept, check=check)


def _bound(request: ConsoleRequest, draft: WizardDraft) -> ConnectionForm:
    return ConnectionForm(part(draft, "connection"), actor=request.actor, kept_key=draft.open_psk())


def _keep(request: ConsoleRequest, draft: WizardDraft, form: ConnectionForm, *, skip: bool) -> None:
    draft.data |= {"connection": raw(form), "skip": skip}
    if psk := request.POST.get("psk", ""):
        draft.seal_psk(psk)
    draft.save(update_fields=["data", "psk_sealed"])


def _with_new_key(request: ConsoleRequest, draft: WizardDraft, check: str) -> HttpResponse:
    """Without script: the page again with a fresh key, shown this once, so that it can be copied."""
    psk = new_key()
    draft.seal_psk(psk)
    draft.save(update_fields=["psk_sealed"])
    context = _step_two(draft, _unbound(request, draft, check)) | {"new_key": psk}
    return render(request, _TEMPLATE.format("connection"), context)


def new_key() -> str:
    """256 random bits in characters that every peer takes."""
    return "k" + secrets.token_urlsafe(32)


def _connection_violations(
    request: ConsoleRequest, draft: WizardDraft, form: ConnectionForm
) -> list[Violation]:
    subnet = _subnet(draft)
    return check_connection(request.actor, form.given(), vpc_id=subnet.vpc_id if subnet else None)


def _step_two(draft: WizardDraft, form: ConnectionForm) -> dict[str, Any]:
    return {"form": form, "draft": draft, "step": 2, "subnet": _subnet(draft)}


def _step_three(
    draft: WizardDraft, gateway: GatewayForm, connection: ConnectionForm, broken: list[Violation]
) -> dict[str, Any]:
    wrong = [(_place(v, gateway, connection), v.message) for v in broken]
    return {
        "draft": draft,
        "step": 3,
        "gateway": gateway.cleaned_data,
        "connection": None if draft.data["skip"] else connection.cleaned_data,
        "key_length": len(draft.open_psk()),
        "subnet": _subnet(draft),
        "wrong": wrong,
    }


def _place(violation: Violation, gateway: GatewayForm, connection: ConnectionForm) -> tuple[str, str]:
    """The step's route and the field's anchor that a violation belongs to."""
    where, _, rest = violation.field.partition(".")
    if where == "connection":
        return "wizard_connection", f"#id_{connection.field_of(rest) or 'name'}"
    return "wizard_gateway", f"#id_{gateway.field_of(rest) or 'name'}"
