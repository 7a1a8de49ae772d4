"""Subnets and the instances in them (contract section 2.5)."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from console.core.api.dry_run import creates, refusals
from console.core.api.parameters import RESOURCE_GROUP, Parameter
from console.core.api.versions import GENERATION_2
from console.core.api.views import ApiView, path_id
from console.core.errors import not_found
from console.core.identifiers import parse_uuid
from vpn.api.requests.networks import InstanceCreate, InstancePatch, SubnetCreate, SubnetPatch
from vpn.api.responses import subnets as schemas
from vpn.api.responses.subnets import InstanceList, ReservedIPList, SubnetList, taken_addresses
from vpn.api.versions import SUBNET
from vpn.models import Instance, Subnet
from vpn.services.addresses import owner_names, reserved_ips
from vpn.services.fields import InstanceFields
from vpn.services.subnets import (
    create_instance,
    create_subnet,
    delete_instance,
    delete_subnet,
    get_instance,
    get_subnet,
    update_instance,
    update_subnet,
)

_FILTERS = {
    "vpc.id": "Only those of the VPC with this id.",
    "vpc.crn": "Only those of the VPC with this CRN.",
    "vpc.name": "Only those of the VPC with this name.",
    "zone.name": "Only those of this zone.",
}


def _subnet_id(text: str) -> UUID:
    return path_id(text, "subnet_not_found", "subnet")


def _instance_id(text: str) -> UUID:
    return path_id(text, "instance_not_found", "instance")


class SubnetApiView(ApiView):
    """The base of the views of subnets."""

    changes = SUBNET


class SubnetsView(SubnetApiView):
    """The account's subnets, newest first."""

    requests = {"POST": SubnetCreate}
    responses = {"GET": SubnetList, "POST": schemas.Subnet}
    filters = (RESOURCE_GROUP, *(Parameter(name, text) for name, text in _FILTERS.items()))

    def get(self, request: Request) -> Response:
        rows = Subnet.objects.owned_by(self.actor).select_related("vpc", "resource_group")
        narrowed, filters = self.resource_group_filter(rows)
        narrowed, more = self.narrowed(narrowed)
        page = self.page(narrowed, "subnets", filters=filters | more)
        return self.respond(page, taken_addresses(page.rows))

    def narrowed(self, rows: QuerySet[Subnet]) -> tuple[QuerySet[Subnet], dict[str, str]]:
        """By `vpc.id`, `vpc.crn`, `vpc.name` and `zone.name`."""
        query = self.request.query_params
        filters = {n: query[n] for n in _FILTERS if n in query}
        for name, value in filters.items():
            if name in {"vpc.id", "vpc.crn"}:
                ident = parse_uuid(value.rpartition(":")[2])
                rows = rows.filter(vpc_id=ident) if ident else rows.none()
            else:
                rows = rows.filter(**{"zone" if name == "zone.name" else "vpc__name": value})
        return rows, filters

    @creates
    def post(self, request: Request) -> Response:
        check = refusals(lambda given: create_subnet(self.actor, given))
        subnet = create_subnet(self.actor, self.fields(SubnetCreate, check=check))
        return self.respond(subnet, taken_addresses([subnet]), status=201)


class SubnetView(SubnetApiView):
    """One subnet. It cannot be deleted while anything is in it."""

    requests = {"PATCH": SubnetPatch}
    responses = {"GET": schemas.Subnet, "PATCH": schemas.Subnet}

    def get(self, request: Request, subnet_id: str) -> Response:
        subnet = get_subnet(self.actor, _subnet_id(subnet_id))
        return self.respond(subnet, taken_addresses([subnet]))

    def patch(self, request: Request, subnet_id: str) -> Response:
        ident = _subnet_id(subnet_id)
        check = refusals(lambda given: update_subnet(self.actor, ident, given))
        fields = self.fields(SubnetPatch, of=lambda: get_subnet(self.actor, ident), check=check)
        subnet = update_subnet(self.actor, ident, fields)
        return self.respond(subnet, taken_addresses([subnet]))

    def delete(self, request: Request, subnet_id: str) -> Response:
        delete_subnet(self.actor, _subnet_id(subnet_id))
        return self.deleted()


class ReservedIpsView(ApiView):
    """The addresses of a subnet that members of gateways and instances use, newest first."""

    name = "Reserved IPs"
    responses = {"GET": ReservedIPList}
    since = GENERATION_2

    def get(self, request: Request, subnet_id: str) -> Response:
        subnet = get_subnet(self.actor, _subnet_id(subnet_id))
        page = self.page(reserved_ips(subnet), f"subnets/{subnet.pk}/reserved_ips", ident="owner")
        return self.respond(page, owner_names(page.rows))


class ReservedIpView(ApiView):
    """An address that a member of a gateway or an instance uses."""

    name = "Reserved IP"
    responses = {"GET": schemas.ReservedIP}
    since = GENERATION_2

    def get(self, request: Request, subnet_id: str, reserved_ip_id: str) -> Response:
        subnet = get_subnet(self.actor, _subnet_id(subnet_id))
        ident = path_id(reserved_ip_id, "not_found", "reserved IP", "subnet")
        found = list(reserved_ips(subnet).filter(owner=ident))
        if not found:
            raise not_found("not_found", "reserved IP", ident, "subnet")
        return self.respond(found[0], owner_names(found))


class InstancesView(ApiView):
    """Instances: hosts with an address in a subnet, to try connections with."""

    requests = {"POST": InstanceCreate}
    responses = {"GET": InstanceList, "POST": schemas.Instance}
    filters = (RESOURCE_GROUP,)

    def get(self, request: Request) -> Response:
        rows, filters = self.resource_group_filter(Instance.objects.owned_by(self.actor))
        rows = rows.select_related("subnet__vpc", "resource_group")
        return self.respond(self.page(rows, "instances", filters=filters))

    @creates
    def post(self, request: Request) -> Response:
        check = refusals(lambda given: create_instance(self.actor, _instance_fields(given)))
        instance = create_instance(self.actor, _instance_fields(self.fields(InstanceCreate, check=check)))
        return self.respond(instance, status=201)


class InstanceView(ApiView):
    """One instance."""

    requests = {"PATCH": InstancePatch}
    responses = {"GET": schemas.Instance, "PATCH": schemas.Instance}

    def get(self, request: Request, instance_id: str) -> Response:
        instance = get_instance(self.actor, _instance_id(instance_id))
        return self.respond(instance)

    def patch(self, request: Request, instance_id: str) -> Response:
        ident = _instance_id(instance_id)
        check = refusals(lambda given: update_instance(self.actor, ident, given))
        fields = self.fields(InstancePatch, of=lambda: get_instance(self.actor, ident), check=check)
        instance = update_instance(self.actor, ident, fields)
        return self.respond(instance)

    def delete(self, request: Request, instance_id: str) -> Response:
        delete_instance(self.actor, _instance_id(instance_id))
        return self.deleted()


def _instance_fields(given: dict[str, Any]) -> InstanceFields:
    """The interface's subnet and address, and the name of the profile and the id of the image."""
    interface = given.get("primary_network_interface", {})
    fields = {name: value for name, value in given.items() if name != "primary_network_interface"}
    for name, word in (("profile", "name"), ("image", "id")):
        if name in given:
            fields[name] = given[name].get(word, "")[:63]
    for name, word in (("subnet", "subnet"), ("address", "primary_ipv4_address")):
        if word in interface:
            fields[name] = interface[word]
    return cast(InstanceFields, fields)
