"""The forms of the wizard's steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.utils.datastructures import MultiValueDict

from console.core.actor import Actor
from console.core.web.forms import RuleForm, WordsField
from policies.models import IKEPolicy, IPsecPolicy
from vpn.models import Vpc
from vpn.services.fields import ConnectionFields, SubnetFields, VpcFields
from vpn.services.gateway_subnet import full_zones
from vpn.web.forms.connections import PLAIN, ConnectionForm
from vpn.web.forms.gateways import GatewayForm, grouped, suggested

NEW_VPC = "new"
# Encoded as a form, this still fits into DATA_UPLOAD_MAX_MEMORY_SIZE.
LONGEST_PASTE = 20_000
# The most inputs of a list with one input per item.
MOST_CONTROLS = 100
_GONE = "There is no such policy in this account; select another."


class WizardGatewayForm(GatewayForm):
    """Step 1. A selected VPC limits the choice of subnets; without one, all are offered."""

    vpc = forms.ChoiceField(label="VPC", required=False)
    field_order = ["name", "vpc", "subnet"]

    def __init__(self, *args: Any, actor: Actor, near: Sequence[str] = (), **kwargs: Any) -> None:
        """`near`: CIDRs that the subnet should overlap, if possible."""
        super().__init__(*args, actor=actor, **kwargs)
        full = full_zones(actor.account_id)
        vpcs = list(Vpc.objects.owned_by(actor).order_by("name").values_list("pk", "name"))
        everywhere = [("", "All VPCs")] if len(vpcs) != 1 else []
        _choices(self, "vpc", [*everywhere, *((str(ident), name) for ident, name in vpcs)])
        chosen = self["vpc"].value() or (str(vpcs[0][0]) if len(vpcs) == 1 else "")
        if chosen in {str(ident) for ident, _ in vpcs}:
            self.subnets = {k: row for k, row in self.subnets.items() if str(row.vpc_id) == chosen}
            message = "This subnet is not in the selected VPC; select one that is."
            self.fields["subnet"].error_messages["invalid_choice"] = message
        _choices(self, "subnet", grouped(self.subnets.values(), full))
        if self.initial.get("subnet") not in self.subnets:
            self.initial["subnet"] = suggested(self.subnets, full, near)
        self.chosen_vpc = chosen
        # The template reloads the subnets instead of validating this field.
        for name in ("hx-post", "hx-trigger", "hx-target", "hx-swap"):
            self.fields["vpc"].widget.attrs.pop(name, None)


class NewSubnetForm(RuleForm):
    """A subnet that is created within the wizard, in an existing VPC or in a new one."""

    paths = {
        "vpc.name": "new_vpc_name",
        "vpc": "new_vpc",
        "name": "new_subnet_name",
        "zone": "new_zone",
        "ipv4_cidr_block": "new_block",
        "cidr": "new_block",
    }
    # Fields that are filled in only deliberately: the others have a default.
    typed = ("new_vpc_name", "new_subnet_name", "new_block")
    new_vpc = forms.ChoiceField(label="In the VPC", required=False)
    new_vpc_name = forms.CharField(
        label="Name of the new VPC",
        required=False,
        help_text="Only for a new VPC. Empty: a generated name.",
        widget=forms.TextInput(attrs=PLAIN),
    )
    new_subnet_name = forms.CharField(
        label="Name of the subnet",
        required=False,
        help_text="Empty: a generated name.",
        widget=forms.TextInput(attrs=PLAIN),
    )
    new_zone = forms.ChoiceField(
        label="Zone", required=False, choices=lambda: [(zone, zone) for zone in settings.ZONES]
    )
    new_block = forms.CharField(
        label="CIDR of the subnet",
        required=False,
        help_text="A private block such as 192.168.100.0/24. A block outside the VPC's address prefixes is "
        "added to them.",
        widget=forms.TextInput(attrs=PLAIN),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Vpc.objects.owned_by(actor).order_by("name").values_list("pk", "name")
        _choices(self, "new_vpc", [*((str(pk), name) for pk, name in rows), (NEW_VPC, "A new VPC")])

    def described(self) -> bool:
        """Whether any field was filled in."""
        return any(str(self[name].value() or "").strip() for name in self.typed)

    def first_vpc(self) -> str:
        """The VPC that is selected in the form."""
        control = self.fields["new_vpc"]
        choices: Any = control.choices if isinstance(control, forms.ChoiceField) else []
        return str(self["new_vpc"].value() or next((value for value, _ in choices), ""))

    def vpc(self) -> UUID | VpcFields:
        """After `is_valid`: the id of the VPC, or the fields of a new one."""
        chosen = self.cleaned_data.get("new_vpc") or NEW_VPC
        if chosen != NEW_VPC:
            return UUID(chosen)
        name = self.cleaned_data.get("new_vpc_name")
        return {"name": name} if name else {}

    def subnet(self) -> SubnetFields:
        """After `is_valid`."""
        data = self.cleaned_data
        fields: SubnetFields = {
            "zone": {"name": data.get("new_zone") or settings.ZONES[0]},
            "ipv4_cidr_block": data.get("new_block", ""),
        }
        if name := data.get("new_subnet_name"):
            fields["name"] = name
        return fields


class CidrList(forms.TextInput):
    """One input per CIDR, all with the same name; several CIDRs in one input are split, unless that would
    exceed the limit of inputs."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[str]:
        given = data.getlist(name) if isinstance(data, MultiValueDict) else data.get(name) or []
        texts = [given] if isinstance(given, str) else [str(text) for text in given]
        words = _words(texts)
        return words if len(words) <= MOST_CONTROLS else [" ".join(texts)]


class CidrListField(WordsField):
    """Like WordsField, but with one input per word."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=CidrList(), **kwargs)

    def clean(self, value: Any) -> list[str]:
        words = _words(value or [])
        if len(words) > MOST_CONTROLS:
            message = f"At most {MOST_CONTROLS} CIDRs can be entered here; these are {len(words)}."
            raise forms.ValidationError(message)
        return words


def _words(texts: Iterable[str]) -> list[str]:
    return [word for text in texts for word in text.replace(",", " ").split()]


class WizardConnectionForm(ConnectionForm):
    """Step 2: a connection without its policies."""

    local_cidrs = CidrListField(
        label="Local CIDRs", required=False, help_text="On this side: what the peer can reach."
    )
    peer_cidrs = CidrListField(
        label="Peer CIDRs", required=False, help_text="Behind the peer: what you want to reach."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("ike_policy", "ipsec_policy"):
            del self.fields[name]

    def show_key(self, key: str) -> None:
        """Show the key once, so that it can be copied."""
        attrs = self.fields["psk"].widget.attrs
        self.fields["psk"].widget = forms.TextInput(attrs=attrs | {"class": "mono", "autocomplete": "off"})
        self.initial["psk"] = key
        self[
            "psk"
        ].help_text = "A new key: copy it for the other side. It is saved, and shown only this once."


class SecurityForm(RuleForm):
    """Step 3: an empty choice is auto-negotiation."""

    ike_policy = forms.ChoiceField(
        label="IKE policy", required=False, error_messages={"invalid_choice": _GONE}
    )
    ipsec_policy = forms.ChoiceField(
        label="IPsec policy", required=False, error_messages={"invalid_choice": _GONE}
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ike = list(IKEPolicy.objects.owned_by(actor).order_by("name"))
        self.ipsec = list(IPsecPolicy.objects.owned_by(actor).order_by("name"))
        _choices(self, "ike_policy", [("", "Auto-negotiation"), *((str(p.pk), p.name) for p in self.ike)])
        _choices(self, "ipsec_policy", [("", "Auto-negotiation"), *((str(p.pk), p.name) for p in self.ipsec)])

    def given(self) -> ConnectionFields:
        """After `is_valid`."""
        ike, ipsec = (self.cleaned_data.get(name) for name in ("ike_policy", "ipsec_policy"))
        return {
            "ike_policy": {"id": ike} if ike else None,
            "ipsec_policy": {"id": ipsec} if ipsec else None,
        }

    def chosen(self) -> tuple[IKEPolicy | None, IPsecPolicy | None]:
        """The selected policies."""
        ike, ipsec = str(self["ike_policy"].value() or ""), str(self["ipsec_policy"].value() or "")
        return (
            next((row for row in self.ike if str(row.pk) == ike), None),
            next((row for row in self.ipsec if str(row.pk) == ipsec), None),
        )


class PasteForm(RuleForm):
    """The pasted text of the other side; never rendered again, because it may contain a key."""

    text = forms.CharField(
        label="The other side's parameters",
        strip=False,
        max_length=LONGEST_PASTE,
        help_text="Its swanctl.conf, or a file generated by another Isthmus.",
        widget=forms.Textarea(
            attrs={
                "rows": 14,
                "spellcheck": "false",
                "autocapitalize": "off",
                "autocomplete": "off",
                "class": "mono",
            }
        ),
        error_messages={
            "required": "Paste the text first.",
            "max_length": f"The text is longer than {LONGEST_PASTE} characters; paste only this tunnel.",
        },
    )
    ours = forms.BooleanField(
        label="It describes our own side",
        required=False,
        help_text="Select this if the local and peer sides are swapped.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # With it, browsers would truncate the text silently.
        self.fields["text"].widget.attrs.pop("maxlength", None)


def _choices(form: forms.Form, name: str, choices: Any) -> None:
    control = form.fields[name]
    if isinstance(control, forms.ChoiceField):
        control.choices = choices
