"""Policies that are created within step 3 of the wizard: their forms, and those not created yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from django.http import QueryDict
from django.urls import reverse

from console.core.actor import Actor
from console.core.errors import Violation
from console.core.web.forms import RuleForm
from policies.models import IKEPolicy, IPsecPolicy
from policies.services import check_ike_policy, check_ipsec_policy, create_ike_policy, create_ipsec_policy
from policies.web.forms import IKEPolicyForm, IPsecPolicyForm
from vpn.models import WizardDraft
from vpn.web.wizard.drafts import raw_values, save_draft, step_data

_NOT_CREATED = "This policy is not created yet: press Create and select the {noun}, or Discard it."


class Kind(NamedTuple):
    """The form and the services for the policies of one phase."""

    noun: str
    form: type[RuleForm]
    check: Callable[[Actor, Mapping[str, Any]], list[Violation]]
    create: Callable[[Actor, Mapping[str, Any]], IKEPolicy | IPsecPolicy]


KINDS = {
    "ike": Kind("IKE policy", IKEPolicyForm, check_ike_policy, create_ike_policy),
    "ipsec": Kind("IPsec policy", IPsecPolicyForm, check_ipsec_policy, create_ipsec_policy),
}


def policy_form(draft: WizardDraft, which: str, posted: QueryDict | None = None) -> RuleForm:
    """Its initial values are those that the other side requires, and those entered earlier.

    With `posted`, `has_changed` tells whether anything differs from the requirements.
    """
    check = reverse("wizard_policy_check", kwargs={"draft_id": draft.pk, "kind": which})
    initial = step_data(draft, "suites").get(which, {})
    if posted is None:
        initial = initial | step_data(draft, "policies").get(which, {})
    return KINDS[which].form(posted, prefix=which, check=check, initial=initial)


def entered_policies(draft: WizardDraft, posted: QueryDict) -> dict[str, Any]:
    """For the draft: the raw values of every policy form that was changed."""
    found = step_data(draft, "policies")
    for which in KINDS:
        form = policy_form(draft, which, posted)
        if form.add_prefix("name") not in posted:
            continue
        found.pop(which, None)
        if form.has_changed():
            found[which] = raw_values(form)
    return {"policies": found}


def clear_policy(draft: WizardDraft, which: str) -> None:
    """Resets the form of a policy that was created or discarded."""
    kept = {name: step_data(draft, name) for name in ("policies", "suites")}
    for values in kept.values():
        values.pop(which, None)
    save_draft(draft, kept)


def unfinished_policies(draft: WizardDraft) -> list[str]:
    """The kinds whose form was filled in, but whose policy is not created."""
    return [which for which in KINDS if which in step_data(draft, "policies")]


def pending_policies(draft: WizardDraft) -> list[str]:
    """Those, and kinds with requirements of the other side while no policy is selected."""
    chosen, wanted = step_data(draft, "security"), step_data(draft, "suites")
    unfinished = unfinished_policies(draft)
    return [k for k in KINDS if k in unfinished or (k in wanted and not chosen.get(f"{k}_policy"))]


def not_created_violations(kinds: Iterable[str]) -> list[Violation]:
    """Filled-in forms must not be ignored silently."""
    return [
        Violation("validation_failure", f"{which}_policy", _NOT_CREATED.format(noun=KINDS[which].noun))
        for which in kinds
    ]
