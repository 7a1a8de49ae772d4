"""The forms of gateways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from ipaddress import IPv4Network
from typing import Any

from django import forms

from console.core.actor import Actor
from console.core.web.forms import RuleForm
from vpn.domain.cidrs import CidrError, parse_cidr
from vpn.models import Subnet
from vpn.services.fields import GatewayFields


class GatewayForm(RuleForm):
    """Subnets of the account, grouped by VPC."""

    name = forms.CharField(
        required=False,
        help_text="Letters, digits, hyphens and underscores; unique in its VPC.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    subnet = forms.ChoiceField(
        required=False,
        help_text="The gateway uses two of its addresses, one for each member.",
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Subnet.objects.owned_by(actor).select_related("vpc").order_by("vpc__name", "name")
        self.subnets = {str(row.pk): row for row in rows}
        control = self.fields["subnet"]
        if isinstance(control, forms.ChoiceField):
            control.choices = grouped(self.subnets.values())

    def given(self) -> GatewayFields:
        """After `is_valid`; empty fields are omitted."""
        fields: GatewayFields = {}
        if name := self.cleaned_data.get("name"):
            fields["name"] = name
        if subnet := self.cleaned_data.get("subnet"):
            fields["subnet"] = {"id": subnet}
        return fields


class RenameForm(RuleForm):
    name = forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}))


class TypedNameForm(RuleForm):
    """Confirms a deletion that includes other objects, by typing the name."""

    name = forms.CharField(
        label="Name of the gateway",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if name != self.expected:
            raise forms.ValidationError(f"Type {self.expected} to confirm.")
        return name


def grouped(subnets: Iterable[Subnet], full: Collection[str] = ()) -> list[tuple[str, list[tuple[str, str]]]]:
    """The options of a subnet field, grouped by VPC; zones in `full` have no quota left for a gateway."""
    by_vpc: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for subnet in subnets:
        label = f"{subnet.name} · {subnet.ipv4_cidr_block} · {subnet.zone}"
        label += " (zone full)" if subnet.zone in full else ""
        by_vpc[f"VPC {subnet.vpc.name}"].append((str(subnet.pk), label))
    return list(by_vpc.items())


def suggested(subnets: Mapping[str, Subnet], full: Collection[str], near: Iterable[str]) -> str:
    """The key of the preselected subnet: one that can have a gateway, preferably one that overlaps `near`."""
    usable = {key: row for key, row in subnets.items() if row.zone not in full} or subnets
    wanted = [block for text in near if (block := _block(text))]
    candidates = (
        key
        for key, row in usable.items()
        if any(parse_cidr(row.ipv4_cidr_block).overlaps(block) for block in wanted)
    )
    return next(candidates, next(iter(usable), ""))


def _block(text: str) -> IPv4Network | None:
    try:
        return parse_cidr(text)
    except CidrError:
        return None
