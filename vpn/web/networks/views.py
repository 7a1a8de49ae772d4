"""VPCs, subnets and instances: what a gateway stands in."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from console.core.actor import Role
from console.core.errors import Conflict, Invalid, Refused
from console.core.web.lists.views import bulk_page, list_page
from console.core.web.pages import command, form_page, page
from console.core.web.requests import ConsoleRequest
from vpn.services import networks, subnets
from vpn.services.fields import InstanceFields, SubnetFields, VpcFields
from vpn.services.gateway_subnet import create_home
from vpn.web.forms.networks import InstanceForm, SubnetForm, VpcForm
from vpn.web.lists.networks import NETWORKS

Named = TypeVar("Named", VpcFields, SubnetFields, InstanceFields)


@page()
def network_list(request: ConsoleRequest, kind: str) -> HttpResponse:
    """One of the three lists, with the way to the others."""
    spec = NETWORKS[kind]
    title = spec.plural[0].upper() + spec.plural[1:]
    extra = {"kind": kind, "title": title, "noun": spec.noun, "new": reverse(f"{kind}_new")}
    return list_page(request, spec, f"vpn/networks/{spec.plural.lower()}.html", extra)


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
            vpc: VpcFields = {}
            fields = _subnet_fields(data["subnet_name"], data)
            subnet = create_home(request.actor, _named(vpc, data["name"]), fields)
        except Refused as error:
            form.add_violations(error.violations)
        else:
            return _done(request, f"The VPC {subnet.vpc.name} is created.")
    context = {"form": form, "title": "New VPC", "next": request.GET.get("next", "")}
    return render(request, "vpn/networks/form.html", context)


@form_page(Role.EDITOR)
def subnet_new(request: ConsoleRequest) -> HttpResponse:
    form = SubnetForm(request.POST if request.method == "POST" else None, actor=request.actor)
    if form.is_valid():
        data = form.cleaned_data
        try:
            fields = _subnet_fields(data["name"], data)
            subnet = create_home(request.actor, UUID(data["vpc"]), fields)
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
        try:
            instance = subnets.create_instance(request.actor, _named(fields, data["name"]))
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


def _named(fields: Named, name: str) -> Named:
    """Without a name the service chooses one."""
    if name:
        fields["name"] = name
    return fields


def _subnet_fields(name: str, data: dict[str, Any]) -> SubnetFields:
    fields: SubnetFields = {"zone": {"name": data["zone"]}, "ipv4_cidr_block": data["ipv4_cidr_block"]}
    return _named(fields, name)


def _done(request: ConsoleRequest, message: str, where: str = "networks") -> HttpResponse:
    messages.success(request, message)
    onward = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(onward, allowed_hosts=None)
    return redirect(onward if onward and safe else where)
