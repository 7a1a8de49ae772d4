"""Addresses: of subnets for members and instances, of the provider network for gateways."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from uuid import UUID

from django.conf import settings
from django.db import connection

from vpn.models import Gateway, GatewayMember, Instance, Subnet, SubnetAddress

# The provider keeps the network address, the router, two more, and the broadcast address.
RESERVED_FIRST = 4
_FIRST_PUBLIC = 10
# Any number that no other advisory lock of this database has.
_PUBLIC_LOCK = 1769172840


def free_count(subnet: Subnet) -> int:
    """Addresses of the subnet that nobody has."""
    return IPv4Network(subnet.ipv4_cidr_block).num_addresses - RESERVED_FIRST - 1 - subnet.addresses.count()


def taken(subnet: Subnet) -> frozenset[str]:
    return frozenset(subnet.addresses.values_list("address", flat=True))


def take_address(subnet: Subnet, owner: UUID, wanted: str = "") -> str | None:
    """Reserve `wanted`, or the lowest free address; None when there is none left."""
    used = taken(subnet)
    address = wanted or next((a for a in _assignable(subnet) if a not in used), None)
    if address is not None:
        SubnetAddress.objects.create(subnet=subnet, address=address, owner=owner)
    return address


def release_addresses(owner: UUID) -> None:
    SubnetAddress.objects.filter(owner=owner).delete()


def free_public_address() -> str | None:
    """The lowest address of the provider network that no gateway has.

    Accounts share these addresses, and the lock of an account does not keep others out.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PUBLIC_LOCK])
    used = set(Gateway.objects.values_list("public_address", flat=True))
    network = IPv4Network(settings.PROVIDER_CIDR)
    first = int(network.network_address) + _FIRST_PUBLIC
    candidates = (str(IPv4Address(n)) for n in range(first, int(network.broadcast_address)))
    return next((address for address in candidates if address not in used), None)


def _assignable(subnet: Subnet) -> Iterator[str]:
    network = IPv4Network(subnet.ipv4_cidr_block)
    first = int(network.network_address) + RESERVED_FIRST
    return (str(IPv4Address(n)) for n in range(first, int(network.broadcast_address)))


def reserved_ip(subnet: Subnet, owner: UUID) -> tuple[SubnetAddress, str] | None:
    """The address that a member or an instance holds in the subnet, with a name for it."""
    row = SubnetAddress.objects.filter(subnet=subnet, owner=owner).select_related("subnet").first()
    if row is None:
        return None
    member = GatewayMember.objects.filter(pk=owner).select_related("gateway").first()
    if member is not None:
        return row, f"{member.gateway.name}-{member.index + 1}"
    instance = Instance.objects.filter(pk=owner).first()
    return row, instance.name if instance else row.address
