"""Rows to spec. Pre-shared keys stay sealed until a driver loads them."""

from __future__ import annotations

from ipaddress import IPv4Network
from uuid import UUID

from django.db.models import Prefetch

from vpn.domain.spec import (
    ConnectionSpec,
    DeadPeerDetection,
    DpdAction,
    GatewaySpec,
    InstanceSpec,
    MemberSpec,
    NetworkSpec,
    SealedSecret,
    Selector,
    SubnetSpec,
)
from vpn.models import Connection, ConnectionCidr, Gateway, GatewayMember, Subnet, Vpc

_CIDRS = Prefetch("connections__cidrs", ConnectionCidr.objects.only("connection_id", "side", "cidr"))


def router_address(cidr: str) -> str:
    """The first host address of a subnet: the VPC's router."""
    return str(IPv4Network(cidr)[1])


def load_gateway(gateway_id: UUID) -> Gateway | None:
    """The gateway with all that its spec needs, in five queries."""
    connections = Connection.objects.select_related("ike_policy", "ipsec_policy").order_by("created_at", "id")
    return (
        Gateway.objects.filter(pk=gateway_id)
        .select_related("subnet")
        .prefetch_related("members", Prefetch("connections", connections), _CIDRS)
        .first()
    )


def spec_for(gateway: Gateway) -> GatewaySpec:
    return GatewaySpec(
        id=gateway.id,
        name=gateway.name,
        generation=gateway.generation,
        members=tuple(member_spec(gateway, member) for member in gateway.members.all()),
        connections=tuple(_connection(row) for row in gateway.connections.all()),
        deleted=gateway.deleted_at is not None,
    )


def member_spec(gateway: Gateway, member: GatewayMember) -> MemberSpec:
    subnet = gateway.subnet
    return MemberSpec(
        id=member.id,
        gateway_id=gateway.id,
        index=member.index,
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.id,
        subnet_cidr=subnet.ipv4_cidr_block,
        router_address=router_address(subnet.ipv4_cidr_block),
        private_address=member.private_address,
        public_address=gateway.public_address,
    )


def members_on(node: str) -> list[MemberSpec]:
    """Every member that the host carries; the listener reads them every second."""
    rows = GatewayMember.objects.filter(gateway__node=node).select_related("gateway__subnet")
    return [member_spec(row.gateway, row) for row in rows]


def generations_on(node: str) -> dict[UUID, int]:
    """The generation of every gateway that the host carries and that is not being deleted."""
    rows = Gateway.objects.filter(node=node, deleted_at__isnull=True)
    return dict(rows.values_list("id", "generation"))


def _connection(row: Connection) -> ConnectionSpec:
    cidrs = list(row.cidrs.all())
    local = [c.cidr for c in cidrs if c.side == ConnectionCidr.LOCAL]
    remote = [c.cidr for c in cidrs if c.side == ConnectionCidr.PEER]
    return ConnectionSpec(
        id=row.id,
        name=row.name,
        enabled=row.admin_state_up,
        peer_address=row.address,
        peer_name=row.peer_fqdn,
        name_fault=row.name_fault,
        local_id=row.local_identity_text(),
        remote_id=row.peer_identity_text(),
        ike=row.ike_offer(),
        esp=row.esp_offer(),
        selectors=tuple(Selector(one, other) for one in local for other in remote),
        dpd=DeadPeerDetection(DpdAction(row.dpd_action), row.dpd_interval, row.dpd_timeout),
        psk=SealedSecret(row.psk_id, row.open_psk),
        initiate=row.establish_mode == "bidirectional",
        restart_at=row.restart_at,
    )


def network_spec(vpc: Vpc) -> NetworkSpec:
    subnets = list(Subnet.objects.filter(vpc=vpc).prefetch_related("instances").order_by("created_at", "id"))
    return NetworkSpec(
        vpc_id=vpc.id,
        subnets=tuple(
            SubnetSpec(s.id, s.ipv4_cidr_block, router_address(s.ipv4_cidr_block)) for s in subnets
        ),
        instances=tuple(
            InstanceSpec(i.id, i.name, s.id, i.address) for s in subnets for i in s.instances.all()
        ),
    )
