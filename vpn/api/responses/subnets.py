"""Subnets, their reserved IPs, and the instances in them (contract section 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Count

from console.core.api.response_schema import (
    BOOLEAN,
    COUNT,
    IDENTIFIER,
    IPV4,
    STRING,
    TIMESTAMP,
    URL,
    Always,
    Context,
    Field,
    Many,
    ResponseSchema,
    attribute,
    constant,
    link_to,
    same_row,
)
from console.core.api.responses import ResourceGroupReference, paged
from console.core.api.versions import GENERATION_2
from vpn import models
from vpn.api.responses.networks import (
    InName,
    RoutingTable,
    VPCReference,
    ZoneReference,
    network_acl,
    routing_table,
)
from vpn.domain.cidrs import parse_cidr, usable_addresses

PROFILE, IMAGE = "bx2-2x8", "debian"


class SubnetReference(ResponseSchema, shared=True):
    id = Field(IDENTIFIER)
    name = Field(STRING)
    href = Field(URL, link_to("subnets"))
    crn = Field(STRING, lambda subnet, context: context.links.crn("subnet", subnet.id, subnet.zone))
    resource_type = constant("subnet")


def taken_addresses(subnets: Sequence[models.Subnet]) -> dict[UUID, int]:
    """The number of used addresses of each subnet, which rendering needs; one query for all."""
    rows = models.SubnetAddress.objects.filter(subnet_id__in=[subnet.id for subnet in subnets])
    return dict(rows.values_list("subnet_id").annotate(Count("id")))


def _available(subnet: models.Subnet, context: Context) -> int:
    taken: int = context.related.get(subnet.id, 0)
    return max(0, usable_addresses(parse_cidr(subnet.ipv4_cidr_block)) - taken)


class Subnet(SubnetReference):
    """A range of addresses in a zone of a VPC."""

    created_at = Field(TIMESTAMP)
    status = constant("available")
    ip_version = constant("ipv4")
    ipv4_cidr_block = Field(STRING)
    total_ipv4_address_count = Field(
        COUNT, lambda subnet, context: parse_cidr(subnet.ipv4_cidr_block).num_addresses
    )
    available_ipv4_address_count = Field(COUNT, _available)
    zone = Field(ZoneReference)
    vpc = Field(VPCReference)
    resource_group = Field(ResourceGroupReference)
    network_acl = Field(InName, lambda subnet, context: network_acl(subnet.vpc))
    routing_table = Field(RoutingTable, lambda subnet, context: routing_table(subnet.vpc), since=GENERATION_2)


class ReservedIP(ResponseSchema):
    """An address that the provider has reserved for a gateway's member or an instance."""

    # Rendered with the owners' names: vpn.services.addresses.owner_names.
    id = Field(IDENTIFIER, attribute("owner"))
    address = Field(IPV4)
    auto_delete = Field(BOOLEAN, Always(True))
    created_at = Field(TIMESTAMP)
    href = Field(URL, link_to("subnets", "subnet_id", "reserved_ips", ident="owner"))
    lifecycle_state = constant("stable")
    name = Field(STRING, lambda row, context: context.related.get(row.owner, row.address))
    owner = constant("provider")
    resource_type = constant("subnet_reserved_ip")


class Named(ResponseSchema):
    name = Field(STRING, same_row)


class Image(ResponseSchema):
    id = Field(STRING, same_row)


class NetworkInterface(ResponseSchema):
    name = Field(STRING, Always("primary"))
    primary_ipv4_address = Field(IPV4, attribute("address"))
    subnet = Field(SubnetReference)


class Instance(ResponseSchema):
    """A host with an address in its subnet, to try connections with."""

    id = Field(IDENTIFIER)
    crn = Field(STRING, lambda row, context: context.links.crn("instance", row.id, row.subnet.zone))
    href = Field(URL, link_to("instances"))
    name = Field(STRING)
    created_at = Field(TIMESTAMP)
    status = constant("running")
    profile = Field(Named, lambda row, context: row.profile or PROFILE)
    image = Field(Image, lambda row, context: row.image or IMAGE)
    primary_network_interface = Field(NetworkInterface, same_row)
    network_interfaces = Field(Many(NetworkInterface), lambda row, context: (row,))
    zone = Field(ZoneReference, attribute("subnet.zone"))
    vpc = Field(VPCReference, attribute("subnet.vpc"))
    resource_group = Field(ResourceGroupReference)


ReservedIPList = paged("reserved_ips", ReservedIP)
SubnetList = paged("subnets", Subnet)
InstanceList = paged("instances", Instance)
