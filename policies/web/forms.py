"""The forms of policies. Their choices carry the strength that the RFCs give them."""

from __future__ import annotations

from typing import Any

from django import forms

from console.web.forms import RuleForm
from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION, EVERYTHING, IKE_VERSIONS, PFS
from policies.domain.checks import IKE_LIFETIME, IPSEC_LIFETIME
from policies.models import MULTIPLE, MULTIPLE_GROUPS, IKEPolicy, IPsecPolicy
from policies.web.shown import labelled

_LEAST, _MOST = EVERYTHING.min_lifetime, EVERYTHING.max_lifetime
_LIFETIME_HINT = f"Seconds, {_LEAST} to {_MOST}."


# The first choice, what may follow it, and the list that both make.
_FURTHER = {
    "encryption_algorithm": ("encryption_further", "encryption_algorithms"),
    "authentication_algorithm": ("authentication_further", "authentication_algorithms"),
    "dh_group": ("dh_further", "dh_groups"),
    "pfs": ("pfs_further", "pfs_groups"),
}
_LISTS = {name: first for first, (_, name) in _FURTHER.items()}


def _further(what: str, example: str) -> forms.CharField:
    hint = f"If the peer cannot, in this order: {example}. IKEv2 only."
    return forms.CharField(required=False, label=f"Further {what}", help_text=hint)


class PolicyForm(RuleForm):
    """A first choice of each kind, and words for those that follow."""

    paths = _LISTS

    def keep_several(self) -> None:
        """For a form without words for those that follow."""
        for first in _FURTHER:
            self._keep(first)

    def _keep(self, name: str) -> None:
        """Several stay as they are until one is chosen."""
        field = self.fields.get(name)
        value = self.get_initial_for_field(field, name) if field else None
        if isinstance(field, forms.ChoiceField) and value in (MULTIPLE, MULTIPLE_GROUPS):
            choices: Any = field.choices
            field.choices = [(value, "several, as they are"), *choices]


class IKEPolicyForm(PolicyForm):
    """Phase 1."""

    name = forms.CharField(required=False)
    ike_version = forms.TypedChoiceField(
        label="IKE version",
        coerce=int,
        initial=2,
        choices=[(n, labelled(f"IKEv{n}", IKE_VERSIONS[n])) for n in reversed(EVERYTHING.ike_versions)],
    )
    encryption_algorithm = forms.ChoiceField(
        label="Encryption",
        initial="aes256",
        choices=[(w, labelled(w, ENCRYPTION[w].ike)) for w in reversed(EVERYTHING.encryption)],
    )
    encryption_further = _further("encryption", "aes192, aes128")
    authentication_algorithm = forms.ChoiceField(
        label="Authentication",
        initial="sha256",
        choices=[(w, labelled(w, AUTHENTICATION[w].ike)) for w in reversed(EVERYTHING.authentication)],
    )
    authentication_further = _further("authentication", "sha384, sha256")
    dh_group = forms.TypedChoiceField(
        label="Diffie-Hellman group",
        coerce=int,
        initial=14,
        choices=[(n, labelled(str(n), DH_GROUPS[n].ike)) for n in reversed(EVERYTHING.dh_groups)],
    )
    dh_further = _further("groups", "20, 19, 14")
    key_lifetime = forms.IntegerField(required=False, initial=IKE_LIFETIME, help_text=_LIFETIME_HINT)


class IPsecPolicyForm(PolicyForm):
    """Phase 2."""

    name = forms.CharField(required=False)
    encryption_algorithm = forms.ChoiceField(
        label="Encryption",
        initial="aes256",
        choices=[(w, labelled(w, ENCRYPTION[w].esp)) for w in reversed(EVERYTHING.esp_encryption)],
    )
    encryption_further = _further("encryption", "aes192, aes128")
    authentication_algorithm = forms.ChoiceField(
        label="Authentication",
        initial="sha256",
        choices=[(w, labelled(w, AUTHENTICATION[w].esp)) for w in reversed(EVERYTHING.esp_authentication)],
    )
    authentication_further = _further("authentication", "sha384, sha256")
    pfs = forms.ChoiceField(
        label="Perfect forward secrecy",
        initial="group_14",
        choices=[(w, labelled(w, PFS[w])) for w in reversed(EVERYTHING.pfs)],
        help_text="A fresh Diffie-Hellman exchange for every phase 2 key.",
    )
    pfs_further = _further("groups", "group_20, group_14")
    key_lifetime = forms.IntegerField(required=False, initial=IPSEC_LIFETIME, help_text=_LIFETIME_HINT)


def given(form: forms.Form, *, only_changed: bool = False) -> dict[str, Any]:
    """The service's fields out of a valid form; what was left empty is not given."""
    names = set(form.changed_data if only_changed else form.fields)
    said = {n: form.cleaned_data[n] for n in form.fields if form.cleaned_data.get(n) not in ("", None)}
    found = {}
    for first, (further, several) in _FURTHER.items():
        more = _words(said.pop(further, ""))
        if more and {first, further} & names and first in said:
            found[several] = [said.pop(first), *more]
        elif further in names:
            names.add(first)
    return found | {name: value for name, value in said.items() if name in names}


def _words(text: str) -> list[str | int]:
    """Groups by number, everything else by its word."""
    words = text.replace(",", " ").split()
    return [int(word) if word.isdecimal() and len(word) < 10 else word for word in words]


def ike_initial(policy: IKEPolicy) -> dict[str, Any]:
    return _initial(policy, IKEPolicyForm)


def ipsec_initial(policy: IPsecPolicy) -> dict[str, Any]:
    return _initial(policy, IPsecPolicyForm)


def _initial(policy: IKEPolicy | IPsecPolicy, form: type[PolicyForm]) -> dict[str, Any]:
    values = {name: getattr(policy, name) for name in form.base_fields if hasattr(policy, name)}
    for first, (further, several) in _FURTHER.items():
        if first in values:
            values[first], *more = getattr(policy, several)
            values[further] = ", ".join(str(word) for word in more)
    return values
