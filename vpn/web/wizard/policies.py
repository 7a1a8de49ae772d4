"""Policies made on the way, on step 3 of the wizard: their forms, and what of them is not made yet."""

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
from vpn.web.wizard.drafts import part, raw, save_draft

_NOT_MADE = "This policy is not created yet: press Create the {noun} and choose it, or Do without it."


class Kind(NamedTuple):
    """What there is to do with the policies of one phase."""

    noun: str
    form: type[RuleForm]
    check: Callable[[Actor, Mapping[str, Any]], list[Violation]]
    create: Callable[[Actor, Mapping[str, Any]], IKEPolicy | IPsecPolicy]


KINDS = {
    "ike": Kind("IKE policy", IKEPolicyForm, check_ike_policy, create_ike_policy),
    "ipsec": Kind("IPsec policy", IPsecPolicyForm, check_ipsec_policy, create_ipsec_policy),
}


def policy_form(draft: WizardDraft, which: str, posted: QueryDict | None = None) -> RuleForm:
    """Begun with what the other side wants, and with what was entered on top of it.

    Posted, it has changed when somebody entered something else than what it began with.
    """
    check = reverse("wizard_policy_check", kwargs={"draft_id": draft.pk, "kind": which})
    begun = part(draft, "suites").get(which, {})
    if posted is None:
        begun = begun | part(draft, "policies").get(which, {})
    return KINDS[which].form(posted, prefix=which, check=check, initial=begun)


def entered_policies(draft: WizardDraft, posted: QueryDict) -> dict[str, Any]:
    """For the draft: the raw fields of every policy that somebody has begun to fill in."""
    found = part(draft, "policies")
    for which in KINDS:
        form = policy_form(draft, which, posted)
        if form.add_prefix("name") not in posted:
            continue
        found.pop(which, None)
        if form.has_changed():
            found[which] = raw(form)
    return {"policies": found}


def forget_policy(draft: WizardDraft, which: str) -> None:
    """It is made, or will not be: its fields begin empty again."""
    kept = {name: part(draft, name) for name in ("policies", "suites")}
    for values in kept.values():
        values.pop(which, None)
    save_draft(draft, kept)


def begun_policies(draft: WizardDraft) -> list[str]:
    """The kinds whose policy somebody has filled in and not created."""
    return [which for which in KINDS if which in part(draft, "policies")]


def waiting(draft: WizardDraft) -> list[str]:
    """Those, and the kinds filled in with what the other side wants, as long as nothing is chosen."""
    chosen, wanted = part(draft, "security"), part(draft, "suites")
    begun = begun_policies(draft)
    return [k for k in KINDS if k in begun or (k in wanted and not chosen.get(f"{k}_policy"))]


def not_made(kinds: Iterable[str]) -> list[Violation]:
    """What stands in a form must not be left out without a word."""
    return [
        Violation("validation_failure", f"{which}_policy", _NOT_MADE.format(noun=KINDS[which].noun))
        for which in kinds
    ]
