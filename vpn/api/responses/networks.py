"""Regions, zones, VPCs and address prefixes (contract sections 2.5 and 2.6)."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import NamedTuple
from uuid import UUID

from console.core.api.response_schema import (
    ANY,
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
    choice,
    constant,
    crn_of,
    link_to,
    nothing,
    same_row,
)
from console.core.api.responses import REASONS, ResourceGroupReference, listed, paged
from console.core.api.versions import GENERATION_2
from vpn import models
from vpn.domain.cidrs import parse_cidr


class RegionReference(ResponseSchema):
    # The row is the region's name.
    name = Field(STRING, same_row)
    href = Field(URL, lambda region, context: context.links.href("regions", region))


class Region(RegionReference):
    """The region of this installation; there is only one."""

    endpoint = Field(URL, lambda region, context: context.links.base)
    status = constant("available")


class ZoneReference(ResponseSchema):
    # The row is the zone's name.
    name = Field(STRING, same_row)
    href = Field(URL, lambda zone, context: context.links.href(f"regions/{context.links.region}/zones", zone))


class Zone(ZoneReference):
    """A zone of the region."""

    region = Field(RegionReference, lambda zone, context: context.links.region)
    status = constant("available")


class VPCReference(ResponseSchema, shared=True):
    id = Field(IDENTIFIER)
    crn = Field(STRING, crn_of("vpc"))
    href = Field(URL, link_to("vpcs"))
    name = Field(STRING)
    resource_type = constant("vpc")


class InNameOnly(NamedTuple):
    """An object that clients expect of every VPC and that this service has in name only: its VPC, its
    collection, and its kind in CRNs."""

    vpc: models.Vpc
    collection: str
    kind: str

    @property
    def id(self) -> UUID:
        return self.vpc.id


class InName(ResponseSchema):
    """An object that a VPC has in name only: it permits all traffic."""

    id = Field(IDENTIFIER)
    crn = Field(STRING, lambda one, context: context.links.crn(one.kind, one.id))
    href = Field(URL, lambda one, context: context.links.href(one.collection, one.id))
    name = Field(STRING, lambda one, context: f"{one.vpc.name}-default")


class RoutingTable(InName):
    """In name only."""

    resource_type = constant("routing_table")


def network_acl(vpc: models.Vpc) -> InNameOnly:
    return InNameOnly(vpc, "network_acls", "network-acl")


def routing_table(vpc: models.Vpc) -> InNameOnly:
    return InNameOnly(vpc, f"vpcs/{vpc.id}/routing_tables", "routing-table")


class Resolver(ResponseSchema):
    servers = Field(Many(IPV4), nothing)
    type = constant("system")
    configuration = constant("default")


class Dns(ResponseSchema):
    enable_hub = Field(BOOLEAN, Always(False))
    resolution_binding_count = Field(COUNT, Always(0))
    resolver = Field(Resolver, same_row)


class VPC(VPCReference):
    """A virtual private cloud: an isolated network."""

    created_at = Field(TIMESTAMP)
    status = Field(
        choice("available", "failed"), lambda vpc, context: "failed" if vpc.failure else "available"
    )
    classic_access = Field(BOOLEAN)
    resource_group = Field(ResourceGroupReference)
    health_state = Field(
        choice("ok", "faulted"), lambda vpc, context: "faulted" if vpc.failure else "ok", since=GENERATION_2
    )
    health_reasons = Field(REASONS, nothing, since=GENERATION_2)
    cse_source_ips = Field(Many(ANY), nothing, since=GENERATION_2)
    public_address_ranges = Field(Many(ANY), nothing, since=GENERATION_2)
    dns = Field(Dns, same_row, since=GENERATION_2)
    default_network_acl = Field(InName, lambda vpc, context: network_acl(vpc))
    default_security_group = Field(
        InName, lambda vpc, context: InNameOnly(vpc, "security_groups", "security-group")
    )
    default_routing_table = Field(RoutingTable, lambda vpc, context: routing_table(vpc), since=GENERATION_2)


def blocks_of(vpc_id: UUID) -> list[IPv4Network]:
    """The blocks of the VPC's subnets, which rendering address prefixes needs."""
    rows = models.Subnet.objects.filter(vpc_id=vpc_id)
    return [parse_cidr(text) for text in rows.values_list("ipv4_cidr_block", flat=True)]


def _has_subnets(prefix: models.AddressPrefix, context: Context) -> bool:
    network, blocks = parse_cidr(prefix.cidr), context.related
    return any(block.subnet_of(network) for block in blocks)


class AddressPrefix(ResponseSchema):
    """A block that contains subnets of a VPC."""

    id = Field(IDENTIFIER)
    name = Field(STRING)
    href = Field(URL, link_to("vpcs", "vpc_id", "address_prefixes"))
    created_at = Field(TIMESTAMP)
    cidr = Field(STRING)
    zone = Field(ZoneReference)
    is_default = Field(BOOLEAN)
    has_subnets = Field(BOOLEAN, _has_subnets)


RegionList = listed("regions", Region)
ZoneList = listed("zones", Zone)
VPCList = paged("vpcs", VPC)
AddressPrefixList = paged("address_prefixes", AddressPrefix)
