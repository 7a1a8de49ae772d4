"""VPCs, address prefixes, subnets, instances, regions and zones (contract sections 2.5 and 2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Any

from django.db.models import Count

from console.core.api.links import Links, format_timestamp
from console.core.api.resource_groups import resource_group_reference
from vpn.domain.cidrs import parse_cidr, usable_addresses
from vpn.models import AddressPrefix, Instance, Subnet, SubnetAddress, Vpc
from vpn.services.addresses import holders_of

PROFILE, IMAGE = "bx2-2x8", "debian"


def region_body(links: Links) -> dict[str, Any]:
    name = links.region
    return {"name": name, "href": links.href("regions", name), "endpoint": links.base, "status": "available"}


def zone_reference(zone: str, links: Links) -> dict[str, Any]:
    return {"name": zone, "href": links.href(f"regions/{links.region}/zones", zone)}


def zone_body(zone: str, links: Links) -> dict[str, Any]:
    region = {"name": links.region, "href": links.href("regions", links.region)}
    return zone_reference(zone, links) | {"region": region, "status": "available"}


def vpc_reference(vpc: Vpc, links: Links) -> dict[str, Any]:
    ident = str(vpc.pk)
    return {
        "id": ident,
        "crn": links.crn("vpc", ident),
        "href": links.href("vpcs", ident),
        "name": vpc.name,
        "resource_type": "vpc",
    }


def vpc_body(vpc: Vpc, links: Links) -> dict[str, Any]:
    return vpc_reference(vpc, links) | {
        "created_at": format_timestamp(vpc.created_at),
        "status": "failed" if vpc.failure else "available",
        "classic_access": vpc.classic_access,
        "resource_group": resource_group_reference(vpc.resource_group, links),
        "health_state": "faulted" if vpc.failure else "ok",
        "health_reasons": [],
        "cse_source_ips": [],
        "public_address_ranges": [],
        "dns": {"enable_hub": False, "resolution_binding_count": 0, "resolver": _NO_RESOLVER},
        "default_network_acl": _in_name(vpc, "network_acls", "network-acl", links),
        "default_security_group": _in_name(vpc, "security_groups", "security-group", links),
        "default_routing_table": _routing_table(vpc, links),
    }


_NO_RESOLVER = {"servers": [], "type": "system", "configuration": "default"}


def _in_name(vpc: Vpc, collection: str, kind: str, links: Links) -> dict[str, Any]:
    """What today's clients ask of every VPC and this service has in name only: all is let through."""
    ident = str(vpc.pk)
    return {
        "id": ident,
        "crn": links.crn(kind, ident),
        "href": links.href(collection, ident),
        "name": f"{vpc.name}-default",
    }


def _routing_table(vpc: Vpc, links: Links) -> dict[str, Any]:
    ident = str(vpc.pk)
    return {
        "id": ident,
        "crn": links.crn("routing-table", ident),
        "href": links.href(f"vpcs/{ident}/routing_tables", ident),
        "name": f"{vpc.name}-default",
        "resource_type": "routing_table",
    }


def address_prefix_body(prefix: AddressPrefix, blocks: Sequence[IPv4Network], links: Links) -> dict[str, Any]:
    """`blocks` are those of the VPC's subnets."""
    network = parse_cidr(prefix.cidr)
    return {
        "id": str(prefix.pk),
        "name": prefix.name,
        "href": links.href(f"vpcs/{prefix.vpc_id}/address_prefixes", prefix.pk),
        "created_at": format_timestamp(prefix.created_at),
        "cidr": prefix.cidr,
        "zone": zone_reference(prefix.zone, links),
        "is_default": prefix.is_default,
        "has_subnets": any(block.subnet_of(network) for block in blocks),
    }


def subnet_reference(subnet: Subnet, links: Links) -> dict[str, Any]:
    ident = str(subnet.pk)
    return {
        "id": ident,
        "name": subnet.name,
        "href": links.href("subnets", ident),
        "crn": links.crn("subnet", ident, subnet.zone),
        "resource_type": "subnet",
    }


def subnet_bodies(subnets: Sequence[Subnet], links: Links) -> list[dict[str, Any]]:
    """One query for all of them. VPC and resource group come with the rows."""
    ids = [subnet.pk for subnet in subnets]
    counts = SubnetAddress.objects.filter(subnet_id__in=ids).values_list("subnet_id").annotate(Count("id"))
    taken = dict(counts)
    return [_subnet(subnet, taken.get(subnet.pk, 0), links) for subnet in subnets]


def _subnet(subnet: Subnet, taken: int, links: Links) -> dict[str, Any]:
    network = parse_cidr(subnet.ipv4_cidr_block)
    return subnet_reference(subnet, links) | {
        "created_at": format_timestamp(subnet.created_at),
        "status": "available",
        "ip_version": "ipv4",
        "ipv4_cidr_block": subnet.ipv4_cidr_block,
        "total_ipv4_address_count": network.num_addresses,
        "available_ipv4_address_count": max(0, usable_addresses(network) - taken),
        "zone": zone_reference(subnet.zone, links),
        "vpc": vpc_reference(subnet.vpc, links),
        "resource_group": resource_group_reference(subnet.resource_group, links),
        "network_acl": _in_name(subnet.vpc, "network_acls", "network-acl", links),
        "routing_table": _routing_table(subnet.vpc, links),
    }


def reserved_ip_bodies(rows: Sequence[SubnetAddress], links: Links) -> list[dict[str, Any]]:
    """Addresses that the provider holds, of members and instances: rows of `reserved_ips`."""
    names = holders_of(rows)
    return [_reserved_ip(row, names.get(row.owner, row.address), links) for row in rows]


def _reserved_ip(address: Any, name: str, links: Links) -> dict[str, Any]:
    ident, subnet = str(address.owner), address.subnet
    return {
        "id": ident,
        "address": address.address,
        "auto_delete": True,
        "created_at": format_timestamp(address.created_at),
        "href": links.href(f"subnets/{subnet.pk}/reserved_ips", ident),
        "lifecycle_state": "stable",
        "name": name,
        "owner": "provider",
        "resource_type": "subnet_reserved_ip",
    }


def instance_body(instance: Instance, links: Links) -> dict[str, Any]:
    ident, subnet = str(instance.pk), instance.subnet
    interface = {
        "name": "primary",
        "primary_ipv4_address": instance.address,
        "subnet": subnet_reference(subnet, links),
    }
    return {
        "id": ident,
        "crn": links.crn("instance", ident, subnet.zone),
        "href": links.href("instances", ident),
        "name": instance.name,
        "created_at": format_timestamp(instance.created_at),
        "status": "running",
        "profile": {"name": instance.profile or PROFILE},
        "image": {"id": instance.image or IMAGE},
        "primary_network_interface": interface,
        "network_interfaces": [interface],
        "zone": zone_reference(subnet.zone, links),
        "vpc": vpc_reference(subnet.vpc, links),
        "resource_group": resource_group_reference(instance.resource_group, links),
    }
