"""VPCs, subnets and instances: what a gateway stands in."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from console.actor import Actor, Role
from console.errors import Conflict, Invalid, Refused
from console.web.lists.views import bulk_page, list_page
from console.web.pages import command, form_page, page
from console.web.requests import ConsoleRequest
from vpn.domain.cidrs import CidrError, parse_cidr
from vpn.models import AddressPrefix, Subnet, Vpc
from vpn.services import networks, subnets
from vpn.services.fields import InstanceFields, SubnetFields, VpcFields
from vpn.web.forms.networks import InstanceForm, SubnetForm, VpcForm
from vpn.web.lists.networks import NETWORKS


@page()
def network_list(request: ConsoleRequest, kind: str) -> HttpResponse:
    """One of the three lists, with the way to the others."""
    spec = NETWORKS[kind]
    return list_page(request, spec, f"vpn/networks/{spec.plural.lower()}.html", {"kind": kind})


@form_page(Role.EDITOR)
def networks_bulk(request: ConsoleRequest, kind: str) -> HttpResponse:
    return bulk_page(request, NETWORKS[kind])


@form_page(Role.EDITOR)
def vpc_new(request: ConsoleRequest) -> HttpResponse:
    """A VPC with its first subnet, both or nothing."""
    form = VpcForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            with transaction.atomic():
                vpc = _add_vpc(request.actor, form)
                form.paths = {**VpcForm.paths, "name": "subnet_name"}
                fields = _subnet_fields(vpc, data["subnet_name"], data["zone"], data["ipv4_cidr_block"])
                _add_subnet(request.actor, vpc, fields)
        except Refused as error:
            form.add_violations(error.violations)
        else:
            return _done(request, f"The VPC {vpc.name} is created.")
    context = {"form": form, "title": "New VPC", "next": request.GET.get("next", "")}
    return render(request, "vpn/networks/form.html", context)


@form_page(Role.EDITOR)
def subnet_new(request: ConsoleRequest) -> HttpResponse:
    form = SubnetForm(request.POST if request.method == "POST" else None, actor=request.actor)
    if form.is_valid():
        data = form.cleaned_data
        try:
            with transaction.atomic():
                vpc = networks.get_vpc(request.actor, UUID(data["vpc"]))
                fields = _subnet_fields(vpc, data["name"], data["zone"], data["ipv4_cidr_block"])
                subnet = _add_subnet(request.actor, vpc, fields)
        except Refused as error:
            form.add_violations(error.violations)
        else:
            return _done(request, f"The subnet {subnet.name} is created.", "subnets")
    context = {"form": form, "title": "New subnet", "next": request.GET.get("next", "")}
    return render(request, "vpn/networks/form.html", context)


@form_page(Role.EDITOR)
def instance_new(request: ConsoleRequest) -> HttpResponse:
    form = InstanceForm(request.POST if request.method == "POST" else None, actor=request.actor)
    if form.is_valid():
        data = form.cleaned_data
        fields: InstanceFields = {"subnet": {"id": data["subnet"]}, "address": data["address"]}
        if data["name"]:
            fields["name"] = data["name"]
        try:
            instance = subnets.create_instance(request.actor, fields)
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
        else:
            message = f"The instance {instance.name} has the address {instance.address}."
            return _done(request, message, "instances")
    context = {"form": form, "title": "New instance", "next": ""}
    return render(request, "vpn/networks/form.html", context)


@command(Role.EDITOR, back="networks", keep=())
def network_delete(request: ConsoleRequest, kind: str, row_id: UUID) -> HttpResponse:
    """Delete a VPC, subnet or instance that nothing needs any more."""
    services = {
        "vpc": networks.delete_vpc,
        "subnet": subnets.delete_subnet,
        "instance": subnets.delete_instance,
    }
    services[kind](request.actor, row_id)
    spec = NETWORKS[kind]
    return _done(request, f"The {spec.noun} is deleted.", spec.url)


def _add_vpc(actor: Actor, form: VpcForm) -> Vpc:
    """Prefixes by hand: the subnet's own block becomes the first."""
    name = form.cleaned_data["name"]
    fields: VpcFields = {"address_prefix_management": "manual"}
    if name:
        fields["name"] = name
    return networks.create_vpc(actor, fields)


def _subnet_fields(vpc: Vpc, name: str, zone: str, block: str) -> SubnetFields:
    fields: SubnetFields = {"vpc": {"id": str(vpc.pk)}, "zone": {"name": zone}, "ipv4_cidr_block": block}
    if name:
        fields["name"] = name
    return fields


def _add_subnet(actor: Actor, vpc: Vpc, fields: SubnetFields) -> Subnet:
    """With an address prefix for its block where the VPC has none around it."""
    block, zone = fields["ipv4_cidr_block"], fields["zone"]
    if _needs_prefix(vpc, block):
        networks.create_address_prefix(actor, vpc.pk, {"cidr": block, "zone": zone})
    return subnets.create_subnet(actor, fields)


def _needs_prefix(vpc: Vpc, block: str) -> bool:
    try:
        wanted = parse_cidr(block)
    except CidrError:
        return False
    prefixes = AddressPrefix.objects.filter(vpc=vpc).values_list("cidr", flat=True)
    return not any(wanted.subnet_of(parse_cidr(cidr)) for cidr in prefixes)


def _done(request: ConsoleRequest, message: str, where: str = "networks") -> HttpResponse:
    messages.success(request, message)
    onward = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(onward, allowed_hosts=None)
    return redirect(onward if onward and safe else where)
