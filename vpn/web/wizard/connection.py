"""Step 2 of the wizard: the connection, and what the rules say of it with the other steps."""

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
from vpn.web.wizard.drafts import get_draft, next_submission, part, raw, save_draft, save_field, subnet_of
from vpn.web.wizard.steps import onward, shown, step_context

# Buttons after which a part of the page is drawn anew.
_IN_PLACE = {"add", "remove", "generate"}
_SIDES = ("local_cidrs", "peer_cidrs")


@form_page(Role.EDITOR)
def connection_step(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """Step 2. Every button of it keeps what was entered."""
    draft = get_draft(request, draft_id)
    if draft.gateway_id:
        return redirect("gateway", gateway_id=draft.gateway_id)
    if request.method == "POST":
        return _take_connection(request, draft)
    return _show_connection(request, draft, connection_form(request, draft, bound=False))


@command(Role.EDITOR, back="wizard_connection")
def check_connection_field(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """The messages of the one field of step 2 that was left; what stands there is kept, a key if
    it is one."""
    draft, name = get_draft(request, draft_id), request.htmx.trigger_name
    form = WizardConnectionForm(request.POST, actor=request.actor, kept_key=draft.open_psk())
    form.is_valid()
    form.add_violations(connection_violations(request, draft, form))
    found = errors_of(form, name)
    sound = name == "psk" and not found
    psk = request.POST.get("psk", "") if sound else ""
    save_field(draft, {"connection": raw(form)}, request.POST, psk=psk)
    return render(request, "_messages.html", {"found": found})


def connection_form(request: ConsoleRequest, draft: WizardDraft, *, bound: bool) -> WizardConnectionForm:
    """With what the draft has: to be judged when `bound`, else to be filled in."""
    values = part(draft, "connection")
    kept = draft.open_psk()
    if bound:
        # A step that was passed over, or filled from a paste, has what its form begins with.
        begun = {n: f.initial for n, f in WizardConnectionForm.base_fields.items() if f.initial is not None}
        return WizardConnectionForm(begun | values, actor=request.actor, kept_key=kept)
    check = reverse("wizard_check", kwargs={"draft_id": draft.pk})
    initial = _preset(draft) | values
    return WizardConnectionForm(actor=request.actor, initial=initial, kept_key=kept, check=check)


def connection_fields(
    request: ConsoleRequest, draft: WizardDraft, form: WizardConnectionForm
) -> ConnectionFields:
    """Of steps 2 and 3 together; `form` was validated."""
    security = SecurityForm(part(draft, "security"), actor=request.actor)
    security.is_valid()
    return {**form.given(), **security.given()}


def connection_violations(
    request: ConsoleRequest, draft: WizardDraft, form: WizardConnectionForm
) -> list[Violation]:
    """What the rules say of the connection that the draft would make."""
    subnet = subnet_of(draft)
    fields = connection_fields(request, draft, form)
    return check_connection(request.actor, fields, vpc_id=subnet.vpc_id if subnet else None)


def _take_connection(request: ConsoleRequest, draft: WizardDraft) -> HttpResponse:
    form = WizardConnectionForm(
        request.POST,
        actor=request.actor,
        kept_key=draft.open_psk(),
        check=reverse("wizard_check", kwargs={"draft_id": draft.pk}),
    )
    going, _, which = request.POST.get("go", "on").partition(":")
    entered = raw(form)
    if going == "remove":
        _without(entered, which)
    sent = next_submission(draft) if going not in _IN_PLACE else {}
    save_draft(
        draft, {"connection": entered, "skip": going == "skip"} | sent, psk=request.POST.get("psk", "")
    )
    if going in {"add", "remove"}:
        return _show_connection(
            request,
            draft,
            connection_form(request, draft, bound=False),
            blank=which if going == "add" else "",
        )
    if going == "generate":
        return _with_new_key(request, draft)
    if going in {"back", "skip"}:
        return redirect("wizard_gateway" if going == "back" else "wizard_review", draft_id=draft.pk)
    if form.is_valid():
        form.add_violations(connection_violations(request, draft, form))
    if form.is_valid():
        return onward(request, draft, "wizard_security")
    return _show_connection(request, draft, form)


def _without(entered: dict[str, Any], which: str) -> None:
    """Take one CIDR away; `which` is such as `peer_cidrs:0`."""
    name, _, number = which.partition(":")
    if name in _SIDES and number.isdecimal():
        entered[name] = [cidr for index, cidr in enumerate(entered[name]) if index != int(number)]


def _with_new_key(request: ConsoleRequest, draft: WizardDraft) -> HttpResponse:
    """The page again with a fresh key, shown this once, so that it can be copied."""
    psk = new_key()
    save_draft(draft, {}, psk=psk)
    form = connection_form(request, draft, bound=False)
    form.show_key(psk)
    return _show_connection(request, draft, form, new_key=psk)


def _show_connection(
    request: ConsoleRequest, draft: WizardDraft, form: WizardConnectionForm, **more: Any
) -> HttpResponse:
    context = step_context(request, draft, 2) | {
        "form": form,
        "sides": [shown(form[name], add=more.get("blank") == name) for name in _SIDES],
        "subnet": subnet_of(draft),
        "pasted": draft.data.get("pasted"),
    }
    return render(request, "vpn/gateways/wizard_connection.html", context | more)


def _preset(draft: WizardDraft) -> dict[str, Any]:
    """What step 2 begins with: never ask for what step 1 said."""
    subnet = subnet_of(draft)
    return {"name": random_name(), "local_cidrs": [subnet.ipv4_cidr_block] if subnet else []}
