"""A gateway and its first connection in four steps: gateway, connection, security, review.

Each step is a page of its own; what was entered waits in a draft. Nothing of the gateway is
created before the last button, then all of it in one transaction. Here: step 1.
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
from vpn.services.gateway_subnet import create_home, try_home
from vpn.services.gateways import check_gateway
from vpn.web.forms.wizard import HomeForm, WizardGatewayForm
from vpn.web.wizard.drafts import (
    begun_draft,
    get_draft,
    new_draft,
    next_submission,
    part,
    raw,
    save_draft,
    save_field,
    unfinished,
)
from vpn.web.wizard.steps import onward, step_context

_NOT_MADE = "This subnet is not created yet: press Create the subnet, or leave its fields empty."


@form_page(Role.EDITOR)
def gateway_step(request: ConsoleRequest, draft_id: UUID | None = None) -> HttpResponse:
    """Step 1. Without a draft this is where the wizard begins."""
    draft = get_draft(request, draft_id) if draft_id else _draft_of(request)
    if draft.gateway_id:
        return redirect("gateway", gateway_id=draft.gateway_id)
    if request.method == "POST":
        return _take(request, draft)
    return _show(request, draft, _kept_form(request, draft), _kept_home(request, draft))


@command(Role.EDITOR, back="gateway_new")
def check_gateway_field(request: ConsoleRequest) -> HttpResponse:
    """The messages of the one field of step 1 that was left; what stands there is kept."""
    posted = _with_vpc(request.POST)
    form, home = _forms(request, posted)
    save_field(_draft_of(request), _entered(form, home), posted)
    name = request.htmx.trigger_name or ""
    if name.startswith("new_"):
        if home.is_valid():
            _refusals_of_home(request, home)
        return render(request, "_messages.html", {"found": errors_of(home, name)})
    form.is_valid()
    form.add_violations(check_gateway(request.actor, form.given()))
    return render(request, "_messages.html", {"found": errors_of(form, name)})


def _draft_of(request: ConsoleRequest) -> WizardDraft:
    """The page that begins the wizard names its draft before there is one."""
    return begun_draft(request, request.POST.get("draft")) if request.POST else new_draft(request)


def _with_vpc(posted: QueryDict) -> QueryDict:
    """A subnet to be made goes with the VPC chosen above, until its own is chosen by itself."""
    above, before = posted.get("vpc"), posted.get("new_vpc_before")
    if not above or before is None or posted.get("new_vpc") != before:
        return posted
    followed = posted.copy()
    followed["new_vpc"] = followed["new_vpc_before"] = above
    return followed


def _forms(request: ConsoleRequest, posted: QueryDict) -> tuple[WizardGatewayForm, HomeForm]:
    check = reverse("gateway_check")
    return (
        WizardGatewayForm(posted, actor=request.actor, check=check),
        HomeForm(posted, actor=request.actor, check=check),
    )


def _entered(form: WizardGatewayForm, home: HomeForm) -> dict[str, Any]:
    return {"gateway": raw(form), "home": raw(home) if home.described() else {}}


def _take(request: ConsoleRequest, draft: WizardDraft) -> HttpResponse:
    going, posted = request.POST.get("go", ""), _with_vpc(request.POST)
    form, home = _forms(request, posted)
    save_draft(draft, _entered(form, home) | (next_submission(draft) if going != "subnets" else {}))
    if going == "subnets":
        return _show(request, draft, _kept_form(request, draft), _unjudged(request, posted))
    if going == "home":
        return _make_home(request, draft, home)
    if home.described():
        home.add_error("new_block", _NOT_MADE)
    else:
        home = _unjudged(request, posted)
    if form.is_valid():
        form.add_violations(check_gateway(request.actor, form.given()))
    if not form.is_valid() or home.is_bound:
        return _show(request, draft, form, home)
    return onward(request, draft, "wizard_connection")


def _make_home(request: ConsoleRequest, draft: WizardDraft, home: HomeForm) -> HttpResponse:
    """The subnet is made at once, since it may serve others too; the draft chooses it."""
    if home.is_valid():
        try:
            subnet = create_home(request.actor, home.vpc(), home.subnet())
        except Refused as error:
            home.add_violations(error.violations)
        else:
            chosen = part(draft, "gateway") | {"vpc": str(subnet.vpc_id), "subnet": str(subnet.pk)}
            save_draft(draft, {"gateway": chosen, "home": {}})
            messages.success(request, f"The subnet {subnet.name} is created and chosen.")
            return onward(request, draft, "wizard_gateway", stay=True)
    return _show(request, draft, _kept_form(request, draft), home)


def _refusals_of_home(request: ConsoleRequest, home: HomeForm) -> None:
    try:
        try_home(request.actor, home.vpc(), home.subnet())
    except Refused as error:
        home.add_violations(error.violations)


def _kept_form(request: ConsoleRequest, draft: WizardDraft) -> WizardGatewayForm:
    """Not judged; after a paste it begins in the subnet that the other side wants to reach."""
    initial = {"name": random_name()} | part(draft, "gateway")
    near = part(draft, "connection").get("local_cidrs") or []
    return WizardGatewayForm(actor=request.actor, initial=initial, near=near, check=reverse("gateway_check"))


def _kept_home(request: ConsoleRequest, draft: WizardDraft) -> HomeForm:
    return HomeForm(actor=request.actor, initial=part(draft, "home"), check=reverse("gateway_check"))


def _unjudged(request: ConsoleRequest, posted: QueryDict) -> HomeForm:
    """As it was sent: it is filled in by whoever wants a subnet."""
    initial = {name: posted[name] for name in HomeForm.base_fields if name in posted}
    return HomeForm(actor=request.actor, initial=initial, check=reverse("gateway_check"))


def _show(
    request: ConsoleRequest, draft: WizardDraft, form: WizardGatewayForm, home: HomeForm
) -> HttpResponse:
    if not home.is_bound and "new_vpc" not in home.initial and form.chosen_vpc:
        home.initial["new_vpc"] = form.chosen_vpc
    posted = _with_vpc(request.POST)
    context: dict[str, Any] = step_context(request, draft, 1) | {
        "form": form,
        "home": home,
        "before": posted.get("new_vpc_before", home.first_vpc()),
        "open": home.is_bound or not form.subnets or bool(part(draft, "home")),
        "pasted": draft.data.get("pasted"),
        "drafts": unfinished(request) if draft._state.adding else [],
    }
    return render(request, "vpn/gateways/wizard_gateway.html", context)
