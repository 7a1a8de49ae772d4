"""The forms of policies. The label of each choice includes its strength according to the RFCs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms

from console.core.web.forms import RuleForm
from policies.domain.algorithms import (
    AUTHENTICATION,
    ENCRYPTION,
    IKE_VERSIONS,
    INTEGRATED,
    PFS,
    PFS_DISABLED,
    pfs_word,
)
from policies.domain.checks import IKE_LIFETIME, IPSEC_LIFETIME
from policies.domain.generations import EVERYTHING
from policies.domain.proposals import AUTO_ESP_2, AUTO_IKE_2, by_preference
from policies.models import MULTIPLE, MULTIPLE_GROUPS, IKEPolicy, IPsecPolicy
from policies.web.shown import algorithm_label, group_label, hash_label, pfs_label

_LEAST, _MOST = EVERYTHING.min_lifetime, EVERYTHING.max_lifetime
_LIFETIME_HINT = f"Seconds, {_LEAST} to {_MOST}."
_IKE, _ESP = AUTO_IKE_2.proposal, AUTO_ESP_2.proposal
_PFS_ORDER = tuple(pfs_word(number) for number in _IKE.groups)


class Kind(NamedTuple):
    """One kind of algorithm: the field of the first choice, the field of the check boxes for further ones,
    the list that both result in, and the order of the check boxes, strongest first."""

    first: str
    further: str
    several: str
    order: tuple[Any, ...]


_KINDS = (
    Kind("encryption_algorithm", "encryption_further", "encryption_algorithms", _ESP.encryption),
    Kind("authentication_algorithm", "authentication_further", "authentication_algorithms", _IKE.integrity),
    Kind("dh_group", "dh_further", "dh_groups", _IKE.groups),
    Kind("pfs", "pfs_further", "pfs_groups", _PFS_ORDER),
)


class Boxes(forms.CheckboxSelectMultiple):
    """Check boxes; the checked ones follow the first choice, in the order of the boxes."""


def _further(label: str, choices: Iterable[tuple[Any, str]], order: tuple[Any, ...]) -> Any:
    """The check boxes of one kind. Values of Diffie-Hellman groups are integers."""
    labels = dict(choices)
    words = by_preference(labels, order)
    kind = int if isinstance(words[0], int) else str
    return forms.TypedMultipleChoiceField(
        required=False,
        label=label,
        coerce=kind,
        choices=[(word, labels[word]) for word in words],
        widget=Boxes,
    )


class PolicyForm(RuleForm):
    """A first choice of each kind of algorithm, and check boxes for further ones."""

    paths = {kind.several: kind.first for kind in _KINDS}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in _KINDS:
            self._keep_order(kind)

    def _keep_order(self, kind: Kind) -> None:
        """A policy with another order keeps it: its own algorithms come first."""
        control, own = self.fields.get(kind.further), self.initial.get(kind.further) or []
        if isinstance(control, forms.ChoiceField) and tuple(own) != by_preference(own, kind.order):
            choices: Any = control.choices
            labels = dict(choices)
            rest = [word for word in labels if word not in own]
            control.choices = [(word, labels[word]) for word in (*own, *rest) if word in labels]

    def field_of(self, path: str) -> str | None:
        """Errors of a list with several algorithms are shown beside its check boxes."""
        head = path.partition("[")[0]
        boxes = next((kind.further for kind in _KINDS if kind.several == head), None)
        return boxes if boxes in self.fields else super().field_of(path)

    @property
    def choices(self) -> list[forms.BoundField]:
        """The fields above the check boxes."""
        return [self[name] for name in self.fields if name != "key_lifetime" and not self._is_box(name)]

    @property
    def boxes(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if self._is_box(name)]

    def _is_box(self, name: str) -> bool:
        return isinstance(self.fields[name].widget, Boxes)

    def keep_multiple(self) -> None:
        """For forms without check boxes: several algorithms are kept until one is selected."""
        for kind in _KINDS:
            self._keep(kind.first)

    def _keep(self, name: str) -> None:
        field = self.fields.get(name)
        value = self.get_initial_for_field(field, name) if field else None
        if isinstance(field, forms.ChoiceField) and value in (MULTIPLE, MULTIPLE_GROUPS):
            choices: Any = field.choices
            field.choices = [(value, "several, unchanged"), *choices]


_IKE_CIPHERS = [(w, algorithm_label(w, ENCRYPTION[w].ike)) for w in reversed(EVERYTHING.encryption)]
_IKE_HASHES = [(w, algorithm_label(w, AUTHENTICATION[w].ike)) for w in reversed(EVERYTHING.authentication)]
_GROUPS = [(n, group_label(n)) for n in reversed(EVERYTHING.dh_groups)]
_ESP_CIPHERS = [(w, algorithm_label(w, ENCRYPTION[w].esp)) for w in reversed(EVERYTHING.esp_encryption)]
_ESP_HASHES = [(w, hash_label(w, AUTHENTICATION[w].esp)) for w in reversed(EVERYTHING.esp_authentication)]
_PFS = [(w, pfs_label(w, PFS[w])) for w in reversed(EVERYTHING.pfs)]
# Not in the check boxes: these exclude all others.
_OTHER_HASHES = [(word, label) for word, label in _ESP_HASHES if word != INTEGRATED]
_OTHER_PFS = [(word, label) for word, label in _PFS if word != PFS_DISABLED]


class IKEPolicyForm(PolicyForm):
    """Phase 1."""

    name = forms.CharField(required=False)
    ike_version = forms.TypedChoiceField(
        label="IKE version",
        coerce=int,
        initial=2,
        choices=[
            (n, algorithm_label(f"IKEv{n}", IKE_VERSIONS[n])) for n in reversed(EVERYTHING.ike_versions)
        ],
    )
    encryption_algorithm = forms.ChoiceField(label="Encryption", initial="aes256", choices=_IKE_CIPHERS)
    authentication_algorithm = forms.ChoiceField(
        label="Authentication", initial="sha256", choices=_IKE_HASHES
    )
    dh_group = forms.TypedChoiceField(label="Diffie-Hellman group", coerce=int, initial=14, choices=_GROUPS)
    encryption_further = _further("Encryption", _IKE_CIPHERS, _IKE.encryption)
    authentication_further = _further("Authentication", _IKE_HASHES, _IKE.integrity)
    dh_further = _further("Diffie-Hellman groups", _GROUPS, _IKE.groups)
    key_lifetime = forms.IntegerField(required=False, initial=IKE_LIFETIME, help_text=_LIFETIME_HINT)


class IPsecPolicyForm(PolicyForm):
    """Phase 2."""

    name = forms.CharField(required=False)
    encryption_algorithm = forms.ChoiceField(label="Encryption", initial="aes256", choices=_ESP_CIPHERS)
    authentication_algorithm = forms.ChoiceField(
        label="Authentication", initial="sha256", choices=_ESP_HASHES
    )
    pfs = forms.ChoiceField(
        label="Perfect forward secrecy",
        initial="group_14",
        choices=_PFS,
        help_text="A fresh Diffie-Hellman exchange for every phase 2 key.",
    )
    encryption_further = _further("Encryption", _ESP_CIPHERS, _ESP.encryption)
    authentication_further = _further("Authentication", _OTHER_HASHES, _ESP.integrity)
    pfs_further = _further("Groups for perfect forward secrecy", _OTHER_PFS, _PFS_ORDER)
    key_lifetime = forms.IntegerField(required=False, initial=IPSEC_LIFETIME, help_text=_LIFETIME_HINT)


def given(form: forms.Form, *, only_changed: bool = False) -> dict[str, Any]:
    """The service's fields from a valid form; empty fields are omitted.

    Check boxes are ignored with IKEv1, which hides them, and so is one that repeats the first choice.
    """
    names = set(form.changed_data if only_changed else form.fields)
    values = {n: form.cleaned_data[n] for n in form.fields if form.cleaned_data.get(n) not in ("", None, [])}
    found = {}
    for kind in _KINDS:
        ticked = values.pop(kind.further, []) if values.get("ike_version") != 1 else []
        values.pop(kind.further, None)
        more = [
            word
            for word in _in_order(form, kind.further)
            if word in ticked and word != values.get(kind.first)
        ]
        if more and {kind.first, kind.further} & names and kind.first in values:
            found[kind.several] = [values.pop(kind.first), *more]
        elif kind.further in names or (form.initial.get(kind.further) and not more):
            names.add(kind.first)
    return found | {name: value for name, value in values.items() if name in names}


def _in_order(form: forms.Form, name: str) -> list[Any]:
    """The values of the check boxes in their order."""
    choices: Any = getattr(form.fields.get(name), "choices", ())
    return [word for word, _ in choices]


def ike_initial(policy: IKEPolicy) -> dict[str, Any]:
    return _initial(policy, IKEPolicyForm)


def ipsec_initial(policy: IPsecPolicy) -> dict[str, Any]:
    return _initial(policy, IPsecPolicyForm)


def _initial(policy: IKEPolicy | IPsecPolicy, form: type[PolicyForm]) -> dict[str, Any]:
    values = {name: getattr(policy, name) for name in form.base_fields if hasattr(policy, name)}
    for kind in _KINDS:
        if kind.first in values:
            values[kind.first], *values[kind.further] = getattr(policy, kind.several)
    return values
