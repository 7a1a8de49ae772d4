"""The forms of VPCs, subnets and instances."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from console.core.actor import Actor
from console.core.web.forms import RuleForm
from vpn.models import Subnet, Vpc
from vpn.web.forms.gateways import grouped

_CIDR_HINT = "A private block such as 192.168.100.0/24."


def _zones() -> list[tuple[str, str]]:
    return [(zone, zone) for zone in settings.ZONES]


class VpcForm(RuleForm):
    """A VPC with its first subnet, which is what a gateway needs."""

    paths = {"cidr": "ipv4_cidr_block", "vpc.name": "name", "name": "subnet_name"}
    name = forms.CharField(label="Name of the VPC", required=False, initial="vpc-1")
    subnet_name = forms.CharField(label="Name of the subnet", required=False, initial="subnet-1")
    zone = forms.ChoiceField(choices=_zones)
    ipv4_cidr_block = forms.CharField(label="CIDR of the subnet", required=False, help_text=_CIDR_HINT)


class SubnetForm(RuleForm):
    paths = {"cidr": "ipv4_cidr_block"}
    vpc = forms.ChoiceField(label="VPC", error_messages={"required": "Select the VPC of the subnet."})
    name = forms.CharField(required=False)
    zone = forms.ChoiceField(choices=_zones)
    ipv4_cidr_block = forms.CharField(
        label="CIDR",
        required=False,
        help_text=f"{_CIDR_HINT} A block outside the VPC's address prefixes is added to them.",
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Vpc.objects.owned_by(actor).order_by("name")
        control = self.fields["vpc"]
        if isinstance(control, forms.ChoiceField):
            control.choices = [(str(row.pk), row.name) for row in rows]


class InstanceForm(RuleForm):
    paths = {"primary_network_interface": "subnet"}
    subnet = forms.ChoiceField(required=False)
    name = forms.CharField(required=False)
    address = forms.CharField(required=False, help_text="Empty: the first free address of the subnet.")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Subnet.objects.owned_by(actor).select_related("vpc").order_by("vpc__name", "name")
        control = self.fields["subnet"]
        if isinstance(control, forms.ChoiceField):
            control.choices = grouped(rows)
