"""A gateway and its first connection in four steps: gateway, connection, security, review.

Each step is a page of its own, and its values are saved in a draft. Nothing is created before the last step,
which creates everything in one transaction. This module is step 1.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from console.core.actor import Role
from console.core.errors import Refused
from console.core.names import random_name
from console.core.web.forms import errors_of
from console.core.web.pages import command, form_page
from console.core.web.requests import ConsoleRequest
from vpn.models import WizardDraft
from vpn.services.gateway_subnet import check_gateway_subnet, create_gateway_subnet
from vpn.services.gateways import check_gateway
from vpn.web.forms.wizard import NewSubnetForm, WizardGatewayForm
from vpn.web.wizard.drafts import (
    get_draft,
    get_or_start_draft,
    new_draft,
    next_submission,
    raw_values,
    save_draft,
    save_field,
    step_data,
    unfinished_drafts,
)
from vpn.web.wizard.steps import redirect_to_step, step_context

_NOT_CREATED = "This subnet is not created yet: press Create the subnet, or clear its fields."


@form_page(Role.EDITOR)
def gateway_step(request: ConsoleRequest, draft_id: UUID | None = None) -> HttpResponse:
    """Step 1. Without a draft, the start of the wizard."""
    draft = get_draft(request, draft_id) if draft_id else _draft_of(request)
    if draft.gateway_id:
        return redirect("gateway", gateway_id=draft.gateway_id)
    if request.method == "POST":
        return _submit(request, draft)
    return _render_step(request, draft, _unbound_form(request, draft), _unbound_subnet_form(request, draft))


@command(Role.EDITOR, back="gateway_new")
def check_gateway_field(request: ConsoleRequest) -> HttpResponse:
    """The errors of the field that lost the focus. Its value is saved."""
    posted = _with_vpc(request.POST)
    form, new_subnet = _forms(request, posted)
    save_field(_draft_of(request), _entered(form, new_subnet), posted)
    name = request.htmx.trigger_name or ""
    if name.startswith("new_"):
        if new_subnet.is_valid():
            _add_subnet_violations(request, new_subnet)
        return render(request, "_messages.html", {"found": errors_of(new_subnet, name)})
    form.is_valid()
    form.add_violations(check_gateway(request.actor, form.given()))
    return render(request, "_messages.html", {"found": errors_of(form, name)})


def _draft_of(request: ConsoleRequest) -> WizardDraft:
    """The first page contains the id of its draft before the draft is saved."""
    return get_or_start_draft(request, request.POST.get("draft")) if request.POST else new_draft(request)


def _with_vpc(posted: QueryDict) -> QueryDict:
    """A new subnet's VPC follows the VPC selected above it, until the user selects another one."""
    above, before = posted.get("vpc"), posted.get("new_vpc_before")
    if not above or before is None or posted.get("new_vpc") != before:
        return posted
    updated = posted.copy()
    updated["new_vpc"] = updated["new_vpc_before"] = above
    return updated


def _forms(request: ConsoleRequest, posted: QueryDict) -> tuple[WizardGatewayForm, NewSubnetForm]:
    check = reverse("gateway_check")
    return (
        WizardGatewayForm(posted, actor=request.actor, check=check),
        NewSubnetForm(posted, actor=request.actor, check=check),
    )


def _entered(form: WizardGatewayForm, new_subnet: NewSubnetForm) -> dict[str, Any]:
    return {"gateway": raw_values(form), "home": raw_values(new_subnet) if new_subnet.described() else {}}


def _submit(request: ConsoleRequest, draft: WizardDraft) -> HttpResponse:
    action, posted = request.POST.get("go", ""), _with_vpc(request.POST)
    form, new_subnet = _forms(request, posted)
    save_draft(draft, _entered(form, new_subnet) | (next_submission(draft) if action != "subnets" else {}))
    if action == "subnets":
        return _render_step(
            request, draft, _unbound_form(request, draft), _unvalidated_subnet_form(request, posted)
        )
    if action == "home":
        return _create_subnet(request, draft, new_subnet)
    if new_subnet.described():
        new_subnet.add_error("new_block", _NOT_CREATED)
    else:
        new_subnet = _unvalidated_subnet_form(request, posted)
    if form.is_valid():
        form.add_violations(check_gateway(request.actor, form.given()))
    if not form.is_valid() or new_subnet.is_bound:
        return _render_step(request, draft, form, new_subnet)
    return redirect_to_step(request, draft, "wizard_connection")


def _create_subnet(request: ConsoleRequest, draft: WizardDraft, new_subnet: NewSubnetForm) -> HttpResponse:
    """The subnet is created immediately, since it is useful without the gateway; the draft selects it."""
    if new_subnet.is_valid():
        try:
            subnet = create_gateway_subnet(request.actor, new_subnet.vpc(), new_subnet.subnet())
        except Refused as error:
            new_subnet.add_violations(error.violations)
        else:
            chosen = step_data(draft, "gateway") | {"vpc": str(subnet.vpc_id), "subnet": str(subnet.pk)}
            save_draft(draft, {"gateway": chosen, "home": {}})
            messages.success(request, f"The subnet {subnet.name} is created and selected.")
            return redirect_to_step(request, draft, "wizard_gateway", stay=True)
    return _render_step(request, draft, _unbound_form(request, draft), new_subnet)


def _add_subnet_violations(request: ConsoleRequest, new_subnet: NewSubnetForm) -> None:
    try:
        check_gateway_subnet(request.actor, new_subnet.vpc(), new_subnet.subnet())
    except Refused as error:
        new_subnet.add_violations(error.violations)


def _unbound_form(request: ConsoleRequest, draft: WizardDraft) -> WizardGatewayForm:
    """Not validated; after a paste, the subnet that the other side expects is preselected."""
    initial = {"name": random_name()} | step_data(draft, "gateway")
    near = step_data(draft, "connection").get("local_cidrs") or []
    return WizardGatewayForm(actor=request.actor, initial=initial, near=near, check=reverse("gateway_check"))


def _unbound_subnet_form(request: ConsoleRequest, draft: WizardDraft) -> NewSubnetForm:
    return NewSubnetForm(
        actor=request.actor, initial=step_data(draft, "home"), check=reverse("gateway_check")
    )


def _unvalidated_subnet_form(request: ConsoleRequest, posted: QueryDict) -> NewSubnetForm:
    """The posted values without validation: the fields are optional."""
    initial = {name: posted[name] for name in NewSubnetForm.base_fields if name in posted}
    return NewSubnetForm(actor=request.actor, initial=initial, check=reverse("gateway_check"))


def _render_step(
    request: ConsoleRequest, draft: WizardDraft, form: WizardGatewayForm, new_subnet: NewSubnetForm
) -> HttpResponse:
    if not new_subnet.is_bound and "new_vpc" not in new_subnet.initial and form.chosen_vpc:
        new_subnet.initial["new_vpc"] = form.chosen_vpc
    posted = _with_vpc(request.POST)
    context: dict[str, Any] = step_context(request, draft, 1) | {
        "form": form,
        "new_subnet": new_subnet,
        "before": posted.get("new_vpc_before", new_subnet.first_vpc()),
        "open": new_subnet.is_bound or not form.subnets or bool(step_data(draft, "home")),
        "pasted": draft.data.get("pasted"),
        "drafts": unfinished_drafts(request) if draft._state.adding else [],
    }
    return render(request, "vpn/gateways/wizard_gateway.html", context)
