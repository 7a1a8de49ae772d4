"""VPN gateways and their members in the newest form (contract sections 4.1 and 4.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

from console.core.api.links import Links, format_timestamp
from console.core.api.resource_groups import resource_group_reference
from console.core.errors import not_found
from console.core.models.prepared import PreparedQuery
from vpn.api.bodies.networks import subnet_reference, vpc_reference
from vpn.models import Connection, Gateway, GatewayMember

# A standby has none of its own (contract section 4.2).
NO_ADDRESS = str(IPv4Address(0))


_members = PreparedQuery(
    lambda gateway: GatewayMember.objects.filter(gateway_id=gateway).order_by("index"), (UUID,)
)
_connections = PreparedQuery(
    lambda gateway: (
        Connection.objects.filter(gateway_id=gateway).order_by("created_at", "id").only("gateway", "name")
    ),
    (UUID,),
)


def gateway_body(gateway: Gateway, links: Links) -> dict[str, Any]:
    """Two queries. Subnet, VPC and resource group come with the row. Raises NotFound when its deletion
    was finished since the row was read: its members are gone then."""
    members = _members(gateway.pk)
    if not members:
        raise not_found("vpn_gateway_not_found", "VPN gateway", gateway.pk)
    references = [
        connection_reference(gateway.pk, ident, name, links)
        for ident, name in _connections.tuples(gateway.pk, names=("id", "name"))
    ]
    return _body(gateway, members, references, links)


def gateway_bodies(gateways: Sequence[Gateway], links: Links) -> list[dict[str, Any]]:
    """Two queries for all of them. Subnet, VPC and resource group come with the rows. Left out is
    one whose deletion was finished since the rows were read."""
    ids = [gateway.pk for gateway in gateways]
    members: dict[UUID, list[GatewayMember]] = defaultdict(list)
    for member in GatewayMember.objects.filter(gateway_id__in=ids).order_by("index"):
        members[member.gateway_id].append(member)
    connections: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    rows = Connection.objects.filter(gateway_id__in=ids).order_by("created_at", "id")
    for gateway_id, ident, name in rows.values_list("gateway_id", "id", "name"):
        connections[gateway_id].append(connection_reference(gateway_id, ident, name, links))
    return [_body(row, members[row.pk], connections[row.pk], links) for row in gateways if members[row.pk]]


def connection_reference(gateway_id: UUID, ident: UUID, name: str, links: Links) -> dict[str, Any]:
    return {
        "id": str(ident),
        "href": links.href(f"vpn_gateways/{gateway_id}/connections", ident),
        "name": name,
        "resource_type": "vpn_gateway_connection",
    }


def _body(
    gateway: Gateway, members: Iterable[GatewayMember], connections: list[dict[str, Any]], links: Links
) -> dict[str, Any]:
    ident = str(gateway.pk)
    return {
        "id": ident,
        "crn": links.crn("vpn", ident),
        "name": gateway.name,
        "href": links.href("vpn_gateways", ident),
        "created_at": format_timestamp(gateway.created_at),
        "subnet": subnet_reference(gateway.subnet, links),
        "resource_group": resource_group_reference(gateway.resource_group, links),
        "resource_type": "vpn_gateway",
        "mode": gateway.mode,
        "availability_mode": "zonal",
        "vpc": vpc_reference(gateway.vpc, links),
        "members": [member_body(member, gateway, links) for member in members],
        "connections": connections,
        "lifecycle_state": gateway.lifecycle_state,
        "lifecycle_reasons": gateway.lifecycle_reasons,
        "health_state": gateway.health_state,
        "health_reasons": gateway.health_reasons,
    }


def member_body(member: GatewayMember, gateway: Gateway, links: Links) -> dict[str, Any]:
    """The pair shares one public address, which stands with the active one (contract 4.2)."""
    active = member.role == "active"
    ident, subnet = str(member.pk), gateway.subnet
    return {
        "id": ident,
        "href": links.href(f"vpn_gateways/{gateway.pk}/members", ident),
        "role": member.role,
        "public_ip": {"address": gateway.public_address if active else NO_ADDRESS},
        "private_ip": {
            "address": member.private_address,
            "href": links.href(f"subnets/{subnet.pk}/reserved_ips", ident),
            "id": ident,
            "name": f"{gateway.name}-{member.index + 1}",
            "resource_type": "subnet_reserved_ip",
            "subnet": subnet_reference(subnet, links),
        },
        "health_state": member.health_state,
        "health_reasons": member.health_reasons,
        "lifecycle_state": gateway.lifecycle_state,
        "lifecycle_reasons": gateway.lifecycle_reasons,
    }
