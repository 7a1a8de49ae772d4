"""The forms of policies. Their choices carry the strength that the RFCs give them."""

from __future__ import annotations

from typing import Any

from django import forms

from console.web.forms import RuleForm
from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION, GENERATION_1, IKE_VERSIONS, PFS
from policies.domain.checks import IKE_LIFETIME, IPSEC_LIFETIME
from policies.models import IKEPolicy, IPsecPolicy
from policies.web.shown import labelled

_LEAST, _MOST = GENERATION_1.min_lifetime, GENERATION_1.max_lifetime
_LIFETIME_HINT = f"Seconds, {_LEAST} to {_MOST}."


class IKEPolicyForm(RuleForm):
    """Phase 1."""

    name = forms.CharField(required=False)
    ike_version = forms.TypedChoiceField(
        label="IKE version",
        coerce=int,
        initial=2,
        choices=[(n, labelled(f"IKEv{n}", IKE_VERSIONS[n])) for n in reversed(GENERATION_1.ike_versions)],
    )
    encryption_algorithm = forms.ChoiceField(
        label="Encryption",
        initial="aes256",
        choices=[(w, labelled(w, ENCRYPTION[w].ike)) for w in reversed(GENERATION_1.encryption)],
    )
    authentication_algorithm = forms.ChoiceField(
        label="Authentication",
        initial="sha256",
        choices=[(w, labelled(w, AUTHENTICATION[w].ike)) for w in reversed(GENERATION_1.authentication)],
    )
    dh_group = forms.TypedChoiceField(
        label="Diffie-Hellman group",
        coerce=int,
        initial=14,
        choices=[(n, labelled(str(n), DH_GROUPS[n].ike)) for n in reversed(GENERATION_1.dh_groups)],
    )
    key_lifetime = forms.IntegerField(required=False, initial=IKE_LIFETIME, help_text=_LIFETIME_HINT)


class IPsecPolicyForm(RuleForm):
    """Phase 2."""

    name = forms.CharField(required=False)
    encryption_algorithm = forms.ChoiceField(
        label="Encryption",
        initial="aes256",
        choices=[(w, labelled(w, ENCRYPTION[w].esp)) for w in reversed(GENERATION_1.encryption)],
    )
    authentication_algorithm = forms.ChoiceField(
        label="Authentication",
        initial="sha256",
        choices=[(w, labelled(w, AUTHENTICATION[w].esp)) for w in reversed(GENERATION_1.authentication)],
    )
    pfs = forms.ChoiceField(
        label="Perfect forward secrecy",
        initial="group_14",
        choices=[(w, labelled(w, PFS[w])) for w in reversed(GENERATION_1.pfs)],
        help_text="A fresh Diffie-Hellman exchange for every phase 2 key.",
    )
    key_lifetime = forms.IntegerField(required=False, initial=IPSEC_LIFETIME, help_text=_LIFETIME_HINT)


def given(form: forms.Form, *, only_changed: bool = False) -> dict[str, Any]:
    """The service's fields out of a valid form; what was left empty is not given."""
    names = form.changed_data if only_changed else list(form.fields)
    return {n: form.cleaned_data[n] for n in names if form.cleaned_data.get(n) not in ("", None)}


def ike_initial(policy: IKEPolicy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in IKEPolicyForm.base_fields}


def ipsec_initial(policy: IPsecPolicy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in IPsecPolicyForm.base_fields}
