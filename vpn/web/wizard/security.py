"""Step 3 of the wizard: auto-negotiation, an existing policy, or a new one."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.core.actor import Role
from console.core.errors import Refused, Violation
from console.core.web.forms import errors_of
from console.core.web.pages import command, form_page
from console.core.web.requests import ConsoleRequest
from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION
from policies.domain.proposals import AUTO_ESP, AUTO_IKE
from policies.domain.verdicts import Verdict
from policies.strength import api_name
from policies.web.forms import given
from vpn.models import WizardDraft
from vpn.web.forms.wizard import SecurityForm
from vpn.web.wizard.connection import connection_form, connection_violations
from vpn.web.wizard.drafts import get_draft, next_submission, raw_values, save_draft, save_field, step_data
from vpn.web.wizard.policies import (
    KINDS,
    clear_policy,
    entered_policies,
    not_created_violations,
    pending_policies,
    policy_form,
)
from vpn.web.wizard.steps import redirect_to_step, step_context


class Offered(NamedTuple):
    """An algorithm of auto-negotiation, with its strength according to the RFCs."""

    use: str
    word: str
    verdict: Verdict


class Phase(NamedTuple):
    """What auto-negotiation offers in one phase, best first."""

    title: str
    lifetime: int
    rows: list[Offered]


@form_page(Role.EDITOR)
def security_step(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """Step 3. Each of its buttons saves what was entered."""
    draft = get_draft(request, draft_id)
    if draft.gateway_id:
        return redirect("gateway", gateway_id=draft.gateway_id)
    if request.method != "POST":
        return _render_step(
            request, draft, SecurityForm(actor=request.actor, initial=step_data(draft, "security"))
        )
    return _submit(request, draft)


@command(Role.EDITOR, back="wizard_security", keep=("draft_id",))
def check_policy_field(request: ConsoleRequest, draft_id: UUID, kind: str) -> HttpResponse:
    """The errors of the field of a new policy that lost the focus. Its value is saved."""
    draft = get_draft(request, draft_id)
    save_field(draft, entered_policies(draft, request.POST), request.POST)
    form = KINDS[kind].form(request.POST, prefix=kind)
    if form.is_valid():
        form.add_violations(KINDS[kind].check(request.actor, given(form)))
    name = (request.htmx.trigger_name or "").removeprefix(f"{kind}-")
    return render(request, "_messages.html", {"found": errors_of(form, name)})


def auto_phases() -> list[Phase]:
    """Auto-negotiation as two tables, derived from the proposals."""
    ike, esp = AUTO_IKE.proposal, AUTO_ESP.proposal
    first = [
        *(Offered("Encryption", api_name(name), ENCRYPTION[name].ike) for name in ike.encryption),
        *(Offered("Authentication", api_name(name), AUTHENTICATION[name].ike) for name in ike.integrity),
        *(Offered("DH group", str(number), DH_GROUPS[number].ike) for number in ike.groups),
    ]
    second = [
        *(Offered("Encryption", api_name(name), ENCRYPTION[name].esp) for name in esp.encryption),
        *(Offered("Authentication", api_name(name), AUTHENTICATION[name].esp) for name in esp.integrity),
    ]
    return [
        Phase("Phase 1 (IKE)", AUTO_IKE.lifetime, first),
        Phase("Phase 2 (IPsec)", AUTO_ESP.lifetime, second),
    ]


def _submit(request: ConsoleRequest, draft: WizardDraft) -> HttpResponse:
    form = SecurityForm(request.POST, actor=request.actor)
    action, _, which = request.POST.get("go", "on").partition(":")
    values = entered_policies(draft, request.POST) | next_submission(draft)
    save_draft(draft, values | ({"security": raw_values(form), "skip": False} if form.is_valid() else {}))
    if action == "enter" and (unfinished := pending_policies(draft)):
        # The Enter key does not tell in which field it was pressed: create the policy that is filled in.
        action, which = "create", unfinished[0]
    if action == "create" and which in KINDS:
        return _create_policy(request, draft, which)
    if action == "drop" and which in KINDS:
        clear_policy(draft, which)
        return redirect_to_step(request, draft, "wizard_security", stay=True)
    if action == "back":
        return redirect("wizard_connection", draft_id=draft.pk)
    if form.is_valid():
        form.add_violations(not_created_violations(pending_policies(draft)))
    if form.is_valid():
        form.add_violations(v for v in _violations(request, draft) if form.field_of(v.field))
    if form.is_valid():
        return redirect_to_step(request, draft, "wizard_review")
    return _render_step(request, draft, form)


def _violations(request: ConsoleRequest, draft: WizardDraft) -> list[Violation]:
    connection = connection_form(request, draft, bound=True)
    connection.is_valid()
    return connection_violations(request, draft, connection)


def _create_policy(request: ConsoleRequest, draft: WizardDraft, which: str) -> HttpResponse:
    """The policy is created immediately, since it is useful without the connection; the draft selects it."""
    kind = KINDS[which]
    form = policy_form(draft, which, request.POST)
    if form.is_valid():
        try:
            policy = kind.create(request.actor, given(form))
        except Refused as error:
            form.add_violations(error.violations)
        else:
            chosen = step_data(draft, "security") | {f"{which}_policy": str(policy.pk)}
            clear_policy(draft, which)
            save_draft(draft, {"security": chosen})
            messages.success(request, f"The {kind.noun} {policy.name} is created and selected.")
            return redirect_to_step(request, draft, "wizard_security", stay=True)
    security = SecurityForm(actor=request.actor, initial=step_data(draft, "security"))
    return _render_step(request, draft, security, **{f"new_{which}": form})


def _render_step(
    request: ConsoleRequest, draft: WizardDraft, form: SecurityForm, **more: Any
) -> HttpResponse:
    context = step_context(request, draft, 3) | {
        "form": form,
        "phases": auto_phases(),
        "new_ike": policy_form(draft, "ike"),
        "new_ipsec": policy_form(draft, "ipsec"),
        "pending": pending_policies(draft),
        "wanted": step_data(draft, "suites"),
        "ike_chosen": str(form["ike_policy"].value() or ""),
        "ipsec_chosen": str(form["ipsec_policy"].value() or ""),
        "pasted": draft.data.get("pasted"),
    }
    return render(request, "vpn/gateways/wizard_security.html", context | more)
