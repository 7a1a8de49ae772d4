"""Step 3 of the wizard: auto-negotiation, policies that are there, or one made right here."""

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
from vpn.web.wizard.drafts import get_draft, next_submission, part, raw, save_draft, save_field
from vpn.web.wizard.policies import (
    KINDS,
    entered_policies,
    forget_policy,
    not_made,
    policy_form,
    waiting,
)
from vpn.web.wizard.steps import onward, step_context


class Offered(NamedTuple):
    """One algorithm of auto-negotiation, with what the RFCs say of its use."""

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
    """Step 3. Every button of it keeps what was chosen."""
    draft = get_draft(request, draft_id)
    if draft.gateway_id:
        return redirect("gateway", gateway_id=draft.gateway_id)
    if request.method != "POST":
        return _show(request, draft, SecurityForm(actor=request.actor, initial=part(draft, "security")))
    return _take(request, draft)


@command(Role.EDITOR, back="wizard_security", keep=("draft_id",))
def check_policy_field(request: ConsoleRequest, draft_id: UUID, kind: str) -> HttpResponse:
    """The messages of the one field of a policy to be made that was left; what stands there is kept."""
    draft = get_draft(request, draft_id)
    save_field(draft, entered_policies(draft, request.POST), request.POST)
    form = KINDS[kind].form(request.POST, prefix=kind)
    if form.is_valid():
        form.add_violations(KINDS[kind].check(request.actor, given(form)))
    name = (request.htmx.trigger_name or "").removeprefix(f"{kind}-")
    return render(request, "_messages.html", {"found": errors_of(form, name)})


def auto_phases() -> list[Phase]:
    """Auto-negotiation as two tables, out of the proposals themselves."""
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


def _take(request: ConsoleRequest, draft: WizardDraft) -> HttpResponse:
    form = SecurityForm(request.POST, actor=request.actor)
    going, _, which = request.POST.get("go", "on").partition(":")
    values = entered_policies(draft, request.POST) | next_submission(draft)
    save_draft(draft, values | ({"security": raw(form), "skip": False} if form.is_valid() else {}))
    if going == "enter" and (begun := waiting(draft)):
        # The Enter key cannot say in which field: it creates what stands there.
        going, which = "create", begun[0]
    if going == "create" and which in KINDS:
        return _make_policy(request, draft, which)
    if going == "drop" and which in KINDS:
        forget_policy(draft, which)
        return onward(request, draft, "wizard_security", stay=True)
    if going == "back":
        return redirect("wizard_connection", draft_id=draft.pk)
    if form.is_valid():
        form.add_violations(not_made(waiting(draft)))
    if form.is_valid():
        form.add_violations(v for v in _violations(request, draft) if form.field_of(v.field))
    if form.is_valid():
        return onward(request, draft, "wizard_review")
    return _show(request, draft, form)


def _violations(request: ConsoleRequest, draft: WizardDraft) -> list[Violation]:
    connection = connection_form(request, draft, bound=True)
    connection.is_valid()
    return connection_violations(request, draft, connection)


def _make_policy(request: ConsoleRequest, draft: WizardDraft, which: str) -> HttpResponse:
    """The policy is made at once, since others may use it too; the draft chooses it."""
    kind = KINDS[which]
    form = policy_form(draft, which, request.POST)
    if form.is_valid():
        try:
            policy = kind.create(request.actor, given(form))
        except Refused as error:
            form.add_violations(error.violations)
        else:
            chosen = part(draft, "security") | {f"{which}_policy": str(policy.pk)}
            forget_policy(draft, which)
            save_draft(draft, {"security": chosen})
            messages.success(request, f"The {kind.noun} {policy.name} is created and chosen.")
            return onward(request, draft, "wizard_security", stay=True)
    security = SecurityForm(actor=request.actor, initial=part(draft, "security"))
    return _show(request, draft, security, **{f"new_{which}": form})


def _show(request: ConsoleRequest, draft: WizardDraft, form: SecurityForm, **more: Any) -> HttpResponse:
    context = step_context(request, draft, 3) | {
        "form": form,
        "phases": auto_phases(),
        "new_ike": policy_form(draft, "ike"),
        "new_ipsec": policy_form(draft, "ipsec"),
        "waiting": waiting(draft),
        "wanted": part(draft, "suites"),
        "ike_chosen": str(form["ike_policy"].value() or ""),
        "ipsec_chosen": str(form["ipsec_policy"].value() or ""),
        "pasted": draft.data.get("pasted"),
    }
    return render(request, "vpn/gateways/wizard_security.html", context | more)
