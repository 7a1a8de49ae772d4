"""Step 2 of the wizard: the connection, and its validation together with the other steps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from console.core.actor import Role
from console.core.errors import Violation
from console.core.names import random_name
from console.core.web.forms import errors_of
from console.core.web.pages import command, form_page
from console.core.web.requests import ConsoleRequest
from vpn.models import WizardDraft
from vpn.services.connection_checks import check_connection
from vpn.services.fields import ConnectionFields
from vpn.services.pairs import new_key
from vpn.web.forms.wizard import SecurityForm, WizardConnectionForm
from vpn.web.wizard.drafts import (
    get_draft,
    next_submission,
    raw_values,
    save_draft,
    save_field,
    step_data,
    subnet_of,
)
from vpn.web.wizard.steps import cidr_rows, redirect_to_step, step_context

# Buttons that render a part of the page again.
_IN_PLACE = {"add", "remove", "generate"}
_SIDES = ("local_cidrs", "peer_cidrs")


@form_page(Role.EDITOR)
def connection_step(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """Step 2. Each of its buttons saves what was entered."""
    draft = get_draft(request, draft_id)
    if draft.gateway_id:
        return redirect("gateway", gateway_id=draft.gateway_id)
    if request.method == "POST":
        return _submit_connection(request, draft)
    return _render_connection(request, draft, connection_form(request, draft, bound=False))


@command(Role.EDITOR, back="wizard_connection")
def check_connection_field(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """The errors of the field that lost the focus. Its value is saved, a key only if it is valid."""
    draft, name = get_draft(request, draft_id), request.htmx.trigger_name
    form = WizardConnectionForm(request.POST, actor=request.actor, saved_key=draft.open_psk())
    form.is_valid()
    form.add_violations(connection_violations(request, draft, form))
    found = errors_of(form, name)
    psk = request.POST.get("psk", "") if name == "psk" and not found else ""
    save_field(draft, {"connection": raw_values(form)}, request.POST, psk=psk)
    return render(request, "_messages.html", {"found": found})


def connection_form(request: ConsoleRequest, draft: WizardDraft, *, bound: bool) -> WizardConnectionForm:
    """The form with the draft's values; `bound` for validation, otherwise for editing."""
    values = step_data(draft, "connection")
    saved_key = draft.open_psk()
    if bound:
        # A step that was skipped, or filled from a paste, has the initial values of the form.
        initial = {n: f.initial for n, f in WizardConnectionForm.base_fields.items() if f.initial is not None}
        return WizardConnectionForm(initial | values, actor=request.actor, saved_key=saved_key)
    check = reverse("wizard_check", kwargs={"draft_id": draft.pk})
    initial = _preset(draft) | values
    return WizardConnectionForm(actor=request.actor, initial=initial, saved_key=saved_key, check=check)


def connection_fields(
    request: ConsoleRequest, draft: WizardDraft, form: WizardConnectionForm
) -> ConnectionFields:
    """The values of steps 2 and 3; `form` was validated."""
    security = SecurityForm(step_data(draft, "security"), actor=request.actor)
    security.is_valid()
    return {**form.given(), **security.given()}


def connection_violations(
    request: ConsoleRequest, draft: WizardDraft, form: WizardConnectionForm
) -> list[Violation]:
    """The violations of the connection that the draft would create."""
    subnet = subnet_of(draft)
    fields = connection_fields(request, draft, form)
    return check_connection(request.actor, fields, vpc_id=subnet.vpc_id if subnet else None)


def _submit_connection(request: ConsoleRequest, draft: WizardDraft) -> HttpResponse:
    form = WizardConnectionForm(
        request.POST,
        actor=request.actor,
        saved_key=draft.open_psk(),
        check=reverse("wizard_check", kwargs={"draft_id": draft.pk}),
    )
    action, _, which = request.POST.get("go", "on").partition(":")
    entered = raw_values(form)
    if action == "remove":
        _remove_cidr(entered, which)
    sent = next_submission(draft) if action not in _IN_PLACE else {}
    save_draft(
        draft, {"connection": entered, "skip": action == "skip"} | sent, psk=request.POST.get("psk", "")
    )
    if action in {"add", "remove"}:
        return _render_connection(
            request,
            draft,
            connection_form(request, draft, bound=False),
            blank=which if action == "add" else "",
        )
    if action == "generate":
        return _with_new_key(request, draft)
    if action in {"back", "skip"}:
        return redirect("wizard_gateway" if action == "back" else "wizard_review", draft_id=draft.pk)
    if form.is_valid():
        form.add_violations(connection_violations(request, draft, form))
    if form.is_valid():
        return redirect_to_step(request, draft, "wizard_security")
    return _render_connection(request, draft, form)


def _remove_cidr(entered: dict[str, Any], which: str) -> None:
    """Remove one CIDR; `which` is a text such as `peer_cidrs:0`."""
    name, _, number = which.partition(":")
    if name in _SIDES:
        entered[name] = [cidr for index, cidr in enumerate(entered[name]) if str(index) != number]


def _with_new_key(request: ConsoleRequest, draft: WizardDraft) -> HttpResponse:
    """The page with a generated key, shown only once, so that it can be copied."""
    psk = new_key()
    save_draft(draft, {}, psk=psk)
    form = connection_form(request, draft, bound=False)
    form.show_key(psk)
    return _render_connection(request, draft, form, new_key=psk)


def _render_connection(
    request: ConsoleRequest, draft: WizardDraft, form: WizardConnectionForm, **more: Any
) -> HttpResponse:
    context = step_context(request, draft, 2) | {
        "form": form,
        "sides": [cidr_rows(form[name], add=more.get("blank") == name) for name in _SIDES],
        "subnet": subnet_of(draft),
        "pasted": draft.data.get("pasted"),
    }
    return render(request, "vpn/gateways/wizard_connection.html", context | more)


def _preset(draft: WizardDraft) -> dict[str, Any]:
    """The initial values of step 2, derived from step 1."""
    subnet = subnet_of(draft)
    return {"name": random_name(), "local_cidrs": [subnet.ipv4_cidr_block] if subnet else []}
