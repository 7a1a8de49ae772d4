"""The forms of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from console.core.actor import Actor
from console.core.web.forms import RuleForm, WordsField
from policies.models import IKEPolicy, IPsecPolicy
from policies.strength import warnings_of
from vpn.domain.identities import IdentityType, is_fqdn
from vpn.domain.spec import DpdAction
from vpn.services.fields import ConnectionFields, DpdFields

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


class SettingsForm(RuleForm):
    """The settings that an edit may change; CIDRs and the key have their own forms."""

    paths = {
        "peer_fqdn": "peer_address",
        "dead_peer_detection": "dpd_action",
        "dead_peer_detection.action": "dpd_action",
        "dead_peer_detection.interval": "dpd_interval",
        "dead_peer_detection.timeout": "dpd_timeout",
    }

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
        for name, model in (("ike_policy", IKEPolicy), ("ipsec_policy", IPsecPolicy)):
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
        data = self.cleaned_data
        fields: ConnectionFields = {}
        # Clearing a field is a change, which the rules validate.
        if "name" in names and (data.get("name") or only_changed):
            fields["name"] = data.get("name", "")
        peer = data.get("peer_address", "")
        if "peer_address" in names and (peer or only_changed):
            fields["peer_fqdn" if is_fqdn(peer) else "peer_address"] = peer
        mode = data.get("establish_mode") or "bidirectional"
        if "establish_mode" in names and (only_changed or mode != "bidirectional"):
            fields["establish_mode"] = mode
        if "ike_policy" in names:
            fields["ike_policy"] = _reference(data.get("ike_policy"))
        if "ipsec_policy" in names:
            fields["ipsec_policy"] = _reference(data.get("ipsec_policy"))
        if dpd := self._dpd(names):
            fields["dead_peer_detection"] = dpd
        return fields

    def _dpd(self, names: set[str]) -> DpdFields:
        dpd: DpdFields = {}
        if "dpd_action" in names and self.cleaned_data.get("dpd_action"):
            dpd["action"] = self.cleaned_data["dpd_action"]
        if "dpd_interval" in names and self.cleaned_data.get("dpd_interval") is not None:
            dpd["interval"] = self.cleaned_data["dpd_interval"]
        if "dpd_timeout" in names and self.cleaned_data.get("dpd_timeout") is not None:
            dpd["timeout"] = self.cleaned_data["dpd_timeout"]
        return dpd


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

    paths = SettingsForm.paths | {
        f"{side}_identity.{word}": f"{side}_identity{ending}"
        for side in ("local", "peer")
        for word, ending in (("type", "_type"), ("value", ""))
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

    def given(self, *, only_changed: bool = False) -> ConnectionFields:
        fields = super().given(only_changed=only_changed)
        if psk := self.cleaned_data.get("psk") or self._saved_key:
            fields["psk"] = psk
        if local := self._identity("local_identity"):
            fields["local_identity"] = local
        if peer := self._identity("peer_identity"):
            fields["peer_identity"] = peer
        fields["local_cidrs"] = self.cleaned_data.get("local_cidrs", [])
        fields["peer_cidrs"] = self.cleaned_data.get("peer_cidrs", [])
        return fields

    def _identity(self, name: str) -> dict[str, str]:
        """In the API's form; empty if neither field was filled in."""
        kind, value = (self.cleaned_data.get(one, "") for one in (f"{name}_type", name))
        return {"type": kind, "value": value} if kind or value else {}


class KeyForm(RuleForm):
    psk = key_field()


class CidrForm(RuleForm):
    """One CIDR to add."""

    paths = {"local_cidrs": "cidr", "peer_cidrs": "cidr"}
    cidr = forms.CharField(
        label="Add a CIDR",
        required=False,
        widget=forms.TextInput(attrs=PLAIN | {"placeholder": "10.2.1.0/24"}),
    )


def settings_initial(row: Any) -> dict[str, Any]:
    """The form's initial values for an existing connection."""
    return {
        "name": row.name,
        "peer_address": row.peer,
        "establish_mode": row.establish_mode,
        "ike_policy": row.ike_policy_id,
        "ipsec_policy": row.ipsec_policy_id,
        "dpd_action": row.dpd_action,
        "dpd_interval": row.dpd_interval,
        "dpd_timeout": row.dpd_timeout,
    }


def _reference(policy: IKEPolicy | IPsecPolicy | None) -> dict[str, str] | None:
    return {"id": str(policy.pk)} if policy else None
