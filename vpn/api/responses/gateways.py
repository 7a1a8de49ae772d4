"""VPN gateways and their members (contract sections 4.1 and 4.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address
from typing import NamedTuple
from uuid import UUID

from console.core.api.response_schema import (
    IDENTIFIER,
    IPV4,
    STRING,
    TIMESTAMP,
    URL,
    Context,
    Field,
    Many,
    ResponseSchema,
    attribute,
    choice,
    constant,
    crn_of,
    link_to,
    nothing,
    same_row,
)
from console.core.api.responses import REASONS, ResourceGroupReference, paged
from console.core.api.versions import GENERATION_2, HEALTH, ROUTE_MODE
from console.core.errors import not_found
from console.core.models.prepared import PreparedQuery
from policies.api.responses import ConnectionReference
from vpn.api.responses.networks import VPCReference
from vpn.api.responses.subnets import SubnetReference
from vpn.domain.states import HealthState, LifecycleState, status_of
from vpn.models import Connection, Gateway, GatewayMember

# A standby has none of its own (contract section 4.2).
NO_ADDRESS = str(IPv4Address(0))
_LIFECYCLE = choice(*(state.value for state in LifecycleState))
_HEALTH = choice(*(state.value for state in HealthState))
_STATUSES = ("available", "deleting", "failed", "pending")


def _status(row: Gateway | GatewayMember, context: Context) -> str:
    """The status in versions before lifecycle and health states (contract section 1.3)."""
    gateway = row if isinstance(row, Gateway) else row.gateway
    return status_of(gateway.lifecycle_state, row.health_state)


class PublicIP(ResponseSchema):
    address = Field(IPV4, same_row)


class PrivateIP(ResponseSchema):
    # The row is the member.
    address = Field(IPV4, attribute("private_address"))
    href = Field(URL, link_to("subnets", "gateway.subnet_id", "reserved_ips"), since=GENERATION_2)
    id = Field(IDENTIFIER, since=GENERATION_2)
    name = Field(
        STRING, lambda member, context: f"{member.gateway.name}-{member.index + 1}", since=GENERATION_2
    )
    resource_type = constant("subnet_reserved_ip", since=GENERATION_2)
    subnet = Field(SubnetReference, attribute("gateway.subnet"), since=GENERATION_2)


def _public_address(member: GatewayMember, context: Context) -> str:
    """The pair shares one public address, which is shown with the active one (contract 4.2)."""
    return member.gateway.public_address if member.role == "active" else NO_ADDRESS


class VPNGatewayMember(ResponseSchema):
    """One of the two hosts behind a gateway. Both share the public address of the active one."""

    id = Field(IDENTIFIER, since=GENERATION_2)
    href = Field(URL, link_to("vpn_gateways", "gateway_id", "members"), since=GENERATION_2)
    role = Field(choice("active", "standby"))
    public_ip = Field(PublicIP, _public_address)
    private_ip = Field(PrivateIP, same_row)
    health_state = Field(_HEALTH)
    health_reasons = Field(REASONS)
    lifecycle_state = Field(_LIFECYCLE, attribute("gateway.lifecycle_state"))
    lifecycle_reasons = Field(REASONS, attribute("gateway.lifecycle_reasons"))
    status = Field(choice(*_STATUSES), _status, until=HEALTH)


class VPNGateway(ResponseSchema):
    """An IPsec gateway in a subnet."""

    id = Field(IDENTIFIER)
    crn = Field(STRING, crn_of("vpn"))
    name = Field(STRING)
    href = Field(URL, link_to("vpn_gateways"))
    created_at = Field(TIMESTAMP)
    subnet = Field(SubnetReference)
    resource_group = Field(ResourceGroupReference)
    resource_type = constant("vpn_gateway")
    mode = Field(choice("policy"))
    availability_mode = constant("zonal", since=GENERATION_2)
    vpc = Field(VPCReference)
    members = Field(Many(VPNGatewayMember), lambda row, context: context.related.members[row.id])
    connections = Field(Many(ConnectionReference), lambda row, context: context.related.connections[row.id])
    lifecycle_state = Field(_LIFECYCLE)
    lifecycle_reasons = Field(REASONS)
    health_state = Field(_HEALTH)
    health_reasons = Field(REASONS)
    status = Field(choice(*_STATUSES), _status, until=HEALTH)
    # Without route mode there is one address of a gateway.
    public_ip = Field(PublicIP, attribute("public_address"), until=ROUTE_MODE)


class ConnectionName(NamedTuple):
    """The columns of a connection that a reference needs."""

    gateway_id: UUID
    id: UUID
    name: str


class RelatedToGateways(NamedTuple):
    """The data that rendering gateways needs, by their ids. A gateway whose deletion has ended since its row
    was read has no members."""

    members: Mapping[UUID, Sequence[GatewayMember]]
    connections: Mapping[UUID, Sequence[ConnectionName]]


_members = PreparedQuery(
    lambda gateway: GatewayMember.objects.filter(gateway_id=gateway).order_by("index"), (UUID,)
)
_connections = PreparedQuery(
    lambda gateway: (
        Connection.objects.filter(gateway_id=gateway).order_by("created_at", "id").only("gateway", "name")
    ),
    (UUID,),
)


def related_to_gateway(gateway: Gateway) -> RelatedToGateways:
    """Two queries. Raises NotFound if it has no members any more."""
    members = _members(gateway.id)
    if not members:
        raise not_found("vpn_gateway_not_found", "VPN gateway", gateway.id)
    for member in members:
        member.gateway = gateway
    connections = _connections.tuples(gateway.id, names=ConnectionName._fields)
    return RelatedToGateways({gateway.id: members}, {gateway.id: [*map(ConnectionName._make, connections)]})


def related_to_gateways(gateways: Iterable[Gateway]) -> RelatedToGateways:
    """Two queries for all of them."""
    rows = {gateway.id: gateway for gateway in gateways}
    members: dict[UUID, list[GatewayMember]] = defaultdict(list)
    for member in GatewayMember.objects.filter(gateway_id__in=rows).order_by("index"):
        member.gateway = rows[member.gateway_id]
        members[member.gateway_id].append(member)
    connections: dict[UUID, list[ConnectionName]] = defaultdict(list)
    names = Connection.objects.filter(gateway_id__in=rows).order_by("created_at", "id")
    for one in names.values_list(*ConnectionName._fields):
        connections[one[0]].append(ConnectionName._make(one))
    return RelatedToGateways(members, connections)


class AdvertisedCidrs(ResponseSchema):
    """The CIDRs that a gateway of route mode advertises; empty for others."""

    advertised_cidrs = Field(Many(STRING), nothing)


class ServiceCreator(ResponseSchema):
    """The other service's object."""

    crn = Field(STRING)
    id = Field(STRING)
    resource_type = Field(STRING)


class ServiceConnection(ResponseSchema):
    """A connection of another service to a gateway; there are none."""

    id = Field(IDENTIFIER)
    created_at = Field(TIMESTAMP)
    creator = Field(ServiceCreator)
    lifecycle_state = Field(_LIFECYCLE)
    lifecycle_reasons = Field(REASONS)
    status = Field(choice("degraded", "down", "up"))
    status_reasons = Field(REASONS)


VPNGatewayList = paged("vpn_gateways", VPNGateway)
VPNGatewayMemberList = paged("members", VPNGatewayMember)
ServiceConnectionList = paged("service_connections", ServiceConnection)
