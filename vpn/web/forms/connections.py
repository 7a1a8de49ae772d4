"""The forms of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms

from console.core.actor import Actor
from console.core.web.forms import RuleForm, WordsField
from policies.models import IKEPolicy, IPsecPolicy
from policies.strength import warnings_of
from vpn.domain.connection_drafts import DECLARED
from vpn.domain.declarations import put_at
from vpn.domain.identities import IdentityType, is_fqdn
from vpn.domain.spec import DpdAction
from vpn.models import Connection
from vpn.services.fields import ConnectionFields

if TYPE_CHECKING:
    PolicyField = forms.ModelChoiceField[IKEPolicy | IPsecPolicy]
else:
    PolicyField = forms.ModelChoiceField

# For values that are not natural language.
PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
KEY_HINT = "The same at both ends: 6 to 128 letters, digits and -+&!@#$%^*(),.:_"


def key_field() -> forms.CharField:
    """Never rendered with a value: the hint says whether a key is set."""
    return forms.CharField(
        label="Pre-shared key",
        required=False,
        strip=False,
        help_text=KEY_HINT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )


def dpd_field(initial: str = DpdAction.NONE) -> forms.ChoiceField:
    return forms.ChoiceField(
        label="DPD action",
        choices=[(action.value, action.value) for action in DpdAction],
        initial=str(initial),
        help_text="none: do not probe, so that a dead peer may be shown as up for hours; clear: end the "
        "tunnel; hold: end it and negotiate when a packet needs it; restart: negotiate again immediately.",
    )


class PolicyChoice(PolicyField):
    """Auto-negotiation or a policy of the account; the labels of weak policies say so."""

    def label_from_instance(self, obj: Any) -> str:
        weak = ", ".join(warned.word for warned in warnings_of(obj))
        return f"{obj.name} (weak: {weak})" if weak else str(obj.name)


# Collapsed by default; expanded if one of them has an error.
_ADVANCED = {
    *("dpd_action", "dpd_interval", "dpd_timeout"),
    *("local_identity", "local_identity_type", "peer_identity", "peer_identity_type"),
}


_POLICIES = ("ike_policy", "ipsec_policy")
_MAY_BE_EMPTIED = {"name", "peer_address"}


def connection_paths(**elsewhere: str) -> dict[str, str]:
    """The fields of forms by the paths that violations have; `elsewhere` those that have another name."""
    found = {one.path.removesuffix("[0]"): elsewhere.get(name, name) for name, one in DECLARED.items()}
    return found | {"dead_peer_detection": "dpd_action"}


class SettingsForm(RuleForm):
    """The settings that an edit may change; CIDRs and the key have their own forms."""

    # A peer's name is entered in the field of its address.
    paths = connection_paths(peer_fqdn="peer_address")

    name = forms.CharField(
        required=False,
        help_text="Unique in its gateway.",
        widget=forms.TextInput(attrs=PLAIN),
    )
    peer_address = forms.CharField(
        required=False,
        help_text="The public IPv4 address of the other side, such as 203.0.113.9, or its full domain name.",
        widget=forms.TextInput(attrs=PLAIN),
    )
    ike_policy = PolicyChoice(
        label="IKE policy",
        queryset=IKEPolicy.objects.none(),
        required=False,
        empty_label="Auto-negotiation",
        help_text="Phase 1. Auto-negotiation works with every suite in the manual's tables.",
    )
    ipsec_policy = PolicyChoice(
        label="IPsec policy",
        queryset=IPsecPolicy.objects.none(),
        required=False,
        empty_label="Auto-negotiation",
        help_text="Phase 2.",
    )
    establish_mode = forms.ChoiceField(
        label="Initiated by",
        required=False,
        choices=[("bidirectional", "either side"), ("peer_only", "the peer only; this side responds")],
        initial="bidirectional",
    )
    dpd_action = dpd_field()
    dpd_interval = forms.IntegerField(
        label="Interval", required=False, initial=30, help_text="Seconds between probes."
    )
    dpd_timeout = forms.IntegerField(
        label="Timeout", required=False, initial=120, help_text="Seconds of silence; IKEv1 only."
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, model in zip(_POLICIES, (IKEPolicy, IPsecPolicy), strict=True):
            control = self.fields[name]
            if isinstance(control, forms.ModelChoiceField):
                control.queryset = model.objects.owned_by(actor).order_by("name")

    @property
    def has_advanced_errors(self) -> bool:
        """Whether a collapsed field has an error."""
        return not _ADVANCED.isdisjoint(self.errors)

    def given(self, *, only_changed: bool = False) -> ConnectionFields:
        """After `is_valid`; empty fields are omitted, and an empty policy is auto-negotiation."""
        names = set(self.changed_data if only_changed else self.fields)
        body: dict[str, Any] = {}
        for name in names & self.cleaned_data.keys():
            value = self._value(name)
            if name in _POLICIES:
                body[name] = {"id": str(value.pk)} if value else None
            elif name in DECLARED and self._is_given(name, value, only_changed):
                by_name = name == "peer_address" and is_fqdn(value)
                put_at(body, DECLARED["peer_fqdn" if by_name else name].path, value)
        return cast(ConnectionFields, body)

    def _value(self, name: str) -> Any:
        """In the API's form."""
        return self.cleaned_data[name]

    @staticmethod
    def _is_given(name: str, value: Any, only_changed: bool) -> bool:
        """Clearing a field is a change, which the rules validate; a default can be omitted."""
        if only_changed and name in _MAY_BE_EMPTIED:
            return True
        if name == "establish_mode" and not only_changed and value == DECLARED[name].default:
            return False
        return value not in (None, "")


_IDENTITIES = [
    ("", "the default"),
    (IdentityType.FQDN.value, "a full domain name"),
    (IdentityType.HOSTNAME.value, "a host name"),
    (IdentityType.IPV4_ADDRESS.value, "another IPv4 address"),
    (IdentityType.KEY_ID.value, "a key ID, in base64"),
]


def _identity_fields(side: str) -> tuple[forms.ChoiceField, forms.CharField]:
    kind = forms.ChoiceField(label=f"{side} IKE identity", required=False, choices=_IDENTITIES)
    hint = "Default: the public address, or the peer's domain name. It cannot be changed later."
    value = forms.CharField(
        label=f"{side} identity value", required=False, help_text=hint, widget=forms.TextInput(attrs=PLAIN)
    )
    return kind, value


class ConnectionForm(SettingsForm):
    """A new connection. `saved_key`: the draft's key, used if the field is left empty."""

    # Without `type` a path leads to the value.
    paths = SettingsForm.paths | {
        "local.ike_identities.type": "local_identity_type",
        "peer.ike_identity.type": "peer_identity_type",
    }

    psk = key_field()
    # Not the API's default, which does not detect a dead peer.
    dpd_action = dpd_field(DpdAction.RESTART)
    local_cidrs = WordsField(
        label="Local CIDRs", required=False, help_text="On this side, one per line: what the peer can reach."
    )
    peer_cidrs = WordsField(
        label="Peer CIDRs", required=False, help_text="Behind the peer, one per line: what you want to reach."
    )

    local_identity_type, local_identity = _identity_fields("Local")
    peer_identity_type, peer_identity = _identity_fields("Peer")

    field_order = ["name", "peer_address", "psk", "local_cidrs", "peer_cidrs"]

    def __init__(self, *args: Any, saved_key: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._saved_key = saved_key
        if saved_key:
            hint = f"A key of {len(saved_key)} characters is set. Leave this empty to keep it."
            self["psk"].help_text = hint

    def _value(self, name: str) -> Any:
        value = super()._value(name)
        if name == "psk":
            return value or self._saved_key
        if name in ("local_identity", "peer_identity"):
            # Nothing if neither field was filled in.
            kind = self.cleaned_data.get(f"{name}_type", "")
            return {"type": kind, "value": value} if kind or value else None
        return value


class KeyForm(RuleForm):
    psk = key_field()


class CidrForm(RuleForm):
    """One CIDR to add."""

    paths = {"local.cidrs": "cidr", "peer.cidrs": "cidr"}
    cidr = forms.CharField(
        label="Add a CIDR",
        required=False,
        widget=forms.TextInput(attrs=PLAIN | {"placeholder": "10.2.1.0/24"}),
    )


def settings_initial(row: Connection) -> dict[str, Any]:
    """The form's initial values for an existing connection."""
    columns = {name: getattr(row, name) for name in SettingsForm.base_fields if name in DECLARED}
    policies = {name: getattr(row, f"{name}_id") for name in _POLICIES}
    return columns | policies | {"peer_address": row.peer}
