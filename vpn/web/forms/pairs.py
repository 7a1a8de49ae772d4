"""The forms that join two gateways of one account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from console.core.actor import Actor
from console.core.identifiers import parse_uuid
from console.core.web.forms import RuleForm, WordsField
from vpn.domain.spec import DpdAction
from vpn.models import Gateway, Subnet
from vpn.services.fields import ConnectionFields
from vpn.services.pairs import End
from vpn.web.forms.connections import PLAIN, SettingsForm, dpd_field

_GATEWAY, _SUBNET = "gateway", "subnet"
SIDES = ("here", "there")


class SidesForm(RuleForm):
    """Selects both sides: existing gateways, or subnets that will get a new one."""

    paths = {"here.place": "here", "there.place": "there"}
    here = forms.ChoiceField(label="One side", error_messages={"required": "Select one side."})
    there = forms.ChoiceField(label="The other side", error_messages={"required": "Select the other side."})

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = SideChoices(actor)
        for name in SIDES:
            control = self.fields[name]
            if isinstance(control, forms.ChoiceField):
                control.choices = [("", "Select…"), *self.places.choices()]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        here, there = (self.places.vpc_of(data.get(name, "")) for name in SIDES)
        if here is not None and here == there:
            self.add_error("there", "Both sides are in one VPC; its subnets reach each other anyway.")
        return data


class SideChoices:
    """The account's existing gateways and its subnets, by the values of the field."""

    def __init__(self, actor: Actor) -> None:
        living = Gateway.objects.owned_by(actor).filter(deleted_at=None).select_related("subnet", "vpc")
        self.gateways = {f"{_GATEWAY}:{row.pk}": row for row in living.order_by("vpc__name", "name")}
        rows = Subnet.objects.owned_by(actor).select_related("vpc").order_by("vpc__name", "name")
        self.subnets = {f"{_SUBNET}:{row.pk}": row for row in rows}

    def choices(self) -> list[tuple[str, list[tuple[str, str]]]]:
        existing = [
            (value, f"{row.name} · VPC {row.vpc.name} · {row.subnet.ipv4_cidr_block}")
            for value, row in self.gateways.items()
        ]
        new = [
            (value, f"{row.name} · VPC {row.vpc.name} · {row.ipv4_cidr_block}")
            for value, row in self.subnets.items()
        ]
        groups = (("Existing gateways", existing), ("Subnets: a new gateway is created", new))
        return [(word, rows) for word, rows in groups if rows]

    def subnet_of(self, value: str) -> Subnet | None:
        if value in self.gateways:
            return self.gateways[value].subnet
        return self.subnets.get(value)

    def vpc_of(self, value: str) -> UUID | None:
        subnet = self.subnet_of(value)
        return subnet.vpc_id if subnet else None


class PairForm(SettingsForm):
    """Both connections; `places` are the values of the first page."""

    paths = {
        **SettingsForm.paths,
        "here.name": "here_name",
        "there.name": "there_name",
        "here.local.cidrs": "here_cidrs",
        "there.peer.cidrs": "here_cidrs",
        "there.local.cidrs": "there_cidrs",
        "here.peer.cidrs": "there_cidrs",
        "here.gateway_name": "here_gateway",
        "there.gateway_name": "there_gateway",
    }
    dpd_action = dpd_field(DpdAction.RESTART)
    here_gateway = forms.CharField(label="Name of its gateway", required=False)
    here_name = forms.CharField(
        label="Name of its connection", required=False, widget=forms.TextInput(attrs=PLAIN)
    )
    here_cidrs = WordsField(label="Its CIDRs", required=False, help_text="One per line.")
    there_gateway = forms.CharField(label="Name of its gateway", required=False)
    there_name = forms.CharField(
        label="Name of its connection", required=False, widget=forms.TextInput(attrs=PLAIN)
    )
    there_cidrs = WordsField(label="Its CIDRs", required=False, help_text="One per line.")

    def __init__(self, *args: Any, places: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = places
        del self.fields["name"], self.fields["peer_address"], self.fields["establish_mode"]
        for side in SIDES:
            if places[side].startswith(_GATEWAY):
                del self.fields[f"{side}_gateway"]

    def field_of(self, path: str) -> str | None:
        """`here.psk` and the like have no field; fields that both sides share have no prefix."""
        side, _, rest = path.partition(".")
        if side not in SIDES:
            return super().field_of(path)
        return super().field_of(f"{side}.{rest}") or super().field_of(rest)

    def end(self, side: str) -> End:
        """After `is_valid`."""
        kind, _, ident = self.places[side].partition(":")
        row = parse_uuid(ident)
        return End(
            gateway_id=row if kind == _GATEWAY else None,
            subnet_id=row if kind == _SUBNET else None,
            local_cidrs=tuple(self.cleaned_data.get(f"{side}_cidrs", ())),
            name=self.cleaned_data.get(f"{side}_name", ""),
            gateway_name=self.cleaned_data.get(f"{side}_gateway", ""),
        )

    def security(self) -> ConnectionFields:
        """After `is_valid`: what both connections share."""
        return self.given()


class MirrorForm(RuleForm):
    """Only the name can be entered: everything else follows from the other side."""

    name = forms.CharField(
        label="Name of the connection",
        required=False,
        help_text="Unique in its gateway.",
        widget=forms.TextInput(attrs=PLAIN),
    )
