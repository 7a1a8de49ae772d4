"""VPCs, address prefixes, subnets and instances."""

from __future__ import annotations

from typing import cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from console.core.admin.base import ServiceAdmin, ServiceForm, Values, admin_actor, references
from vpn.models import AddressPrefix, Instance, Subnet, Vpc
from vpn.services import networks, subnets
from vpn.services.fields import AddressPrefixFields, InstanceFields, SubnetFields, VpcFields
from vpn.triggers import request_network


class VpcForm(ServiceForm):
    address_prefix_management = forms.ChoiceField(
        choices=[("auto", "auto"), ("manual", "manual")],
        help_text="auto: one address prefix per zone is created immediately.",
    )


@admin.register(Vpc)
class VpcAdmin(ServiceAdmin):
    form = VpcForm
    settable = ("account", "resource_group", "name", "address_prefix_management", "classic_access")
    changeable = ("name",)
    shown = ("id", "created_at", "node", "generation")
    observed = ("observed_generation", "failure")
    actions = ("reconcile_now",)
    autocomplete_fields = ("account", "resource_group")
    list_display = ("name", "account", "node", "generation", "observed_generation", "failure", "created_at")
    list_filter = ("node", "account")
    list_select_related = ("account",)
    search_fields = ("name", "id", "account__name")
    ordering = ("-created_at",)

    def create(self, request: HttpRequest, values: Values) -> Vpc:
        actor = admin_actor(request, values.pop("account").pk)
        return networks.create_vpc(actor, cast(VpcFields, references(values, "resource_group")))

    def update(self, request: HttpRequest, row: Vpc, values: Values) -> Vpc:
        return networks.update_vpc(admin_actor(request, row.account_id), row.pk, cast(VpcFields, values))

    def remove(self, request: HttpRequest, row: Vpc) -> None:
        networks.delete_vpc(admin_actor(request, row.account_id), row.pk)

    @admin.action(description="Reconcile the selected networks now")
    def reconcile_now(self, request: HttpRequest, queryset: QuerySet[Vpc]) -> None:
        for vpc in queryset:
            request_network(vpc.pk, vpc.node)
        self.message_user(request, f"Reconcile runs requested: {len(queryset)}.", messages.SUCCESS)


def _zone() -> forms.ChoiceField:
    return forms.ChoiceField(choices=lambda: [(zone, zone) for zone in settings.ZONES])


class AddressPrefixForm(ServiceForm):
    zone = _zone()


@admin.register(AddressPrefix)
class AddressPrefixAdmin(ServiceAdmin):
    form = AddressPrefixForm
    settable = ("vpc", "name", "zone", "cidr", "is_default")
    changeable = ("name", "is_default")
    shown = ("id", "account", "created_at")
    autocomplete_fields = ("vpc",)
    list_display = ("name", "vpc", "zone", "cidr", "is_default", "account")
    list_filter = ("zone", "is_default", "account")
    list_select_related = ("vpc", "account")
    search_fields = ("name", "id", "cidr", "vpc__name")
    ordering = ("-created_at",)

    def create(self, request: HttpRequest, values: Values) -> AddressPrefix:
        vpc, zone = values.pop("vpc"), {"name": values.pop("zone")}
        actor = admin_actor(request, vpc.account_id)
        return networks.create_address_prefix(
            actor, vpc.pk, cast(AddressPrefixFields, {**values, "zone": zone})
        )

    def update(self, request: HttpRequest, row: AddressPrefix, values: Values) -> AddressPrefix:
        actor, fields = admin_actor(request, row.account_id), cast(AddressPrefixFields, values)
        return networks.update_address_prefix(actor, row.vpc_id, row.pk, fields)

    def remove(self, request: HttpRequest, row: AddressPrefix) -> None:
        networks.delete_address_prefix(admin_actor(request, row.account_id), row.vpc_id, row.pk)


class SubnetForm(ServiceForm):
    """Created with a CIDR block, or with a number of addresses and a zone."""

    ipv4_cidr_block = forms.CharField(required=False, label="IPv4 block", help_text="192.168.100.0/24")
    total_ipv4_address_count = forms.IntegerField(
        required=False, label="or number of addresses", help_text="A power of two; needs the zone."
    )
    zone = forms.ChoiceField(
        required=False, choices=lambda: [("", "of the block"), *((zone, zone) for zone in settings.ZONES)]
    )


@admin.register(Subnet)
class SubnetAdmin(ServiceAdmin):
    form = SubnetForm
    settable = ("vpc", "resource_group", "name", "ipv4_cidr_block", "total_ipv4_address_count", "zone")
    changeable = ("name",)
    shown = ("id", "account", "created_at")
    autocomplete_fields = ("vpc", "resource_group")
    list_display = ("name", "ipv4_cidr_block", "vpc", "zone", "account", "created_at")
    list_filter = ("zone", "account")
    list_select_related = ("vpc", "account")
    search_fields = ("name", "id", "ipv4_cidr_block", "vpc__name")
    ordering = ("-created_at",)

    def create(self, request: HttpRequest, values: Values) -> Subnet:
        actor = admin_actor(request, values["vpc"].account_id)
        if "zone" in values:
            values["zone"] = {"name": values["zone"]}
        return subnets.create_subnet(actor, cast(SubnetFields, references(values, "vpc", "resource_group")))

    def update(self, request: HttpRequest, row: Subnet, values: Values) -> Subnet:
        return subnets.update_subnet(admin_actor(request, row.account_id), row.pk, cast(SubnetFields, values))

    def remove(self, request: HttpRequest, row: Subnet) -> None:
        subnets.delete_subnet(admin_actor(request, row.account_id), row.pk)


class InstanceForm(ServiceForm):
    paths = {"primary_network_interface.subnet.id": "subnet", "primary_network_interface": "address"}
    address = forms.CharField(required=False, help_text="Empty: the first free one.")


@admin.register(Instance)
class InstanceAdmin(ServiceAdmin):
    form = InstanceForm
    settable = ("subnet", "resource_group", "name", "address", "profile", "image")
    changeable = ("name",)
    shown = ("id", "account", "created_at")
    autocomplete_fields = ("subnet", "resource_group")
    list_display = ("name", "address", "subnet", "account", "created_at")
    list_filter = ("account",)
    list_select_related = ("subnet", "account")
    search_fields = ("name", "id", "address", "subnet__name")
    ordering = ("-created_at",)

    def create(self, request: HttpRequest, values: Values) -> Instance:
        actor = admin_actor(request, values["subnet"].account_id)
        return subnets.create_instance(
            actor, cast(InstanceFields, references(values, "subnet", "resource_group"))
        )

    def update(self, request: HttpRequest, row: Instance, values: Values) -> Instance:
        actor = admin_actor(request, row.account_id)
        return subnets.update_instance(actor, row.pk, cast(InstanceFields, values))

    def remove(self, request: HttpRequest, row: Instance) -> None:
        subnets.delete_instance(admin_actor(request, row.account_id), row.pk)
