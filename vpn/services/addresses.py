"""Address allocation: from subnets for members and instances, from the provider network for gateways."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv4Network
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from vpn.models import Gateway, GatewayMember, Instance, Subnet, SubnetAddress

# The provider keeps the network address, the router, two more, and the broadcast address.
RESERVED_FIRST = 4
_FIRST_PUBLIC = 10
# Any number that no other advisory lock of this database uses.
_PUBLIC_LOCK = 1769172840


def free_count(subnet: Subnet) -> int:
    """Free addresses of the subnet."""
    return IPv4Network(subnet.ipv4_cidr_block).num_addresses - RESERVED_FIRST - 1 - subnet.addresses.count()


def used_addresses(subnet: Subnet) -> frozenset[str]:
    return frozenset(subnet.addresses.values_list("address", flat=True))


def reserve_address(subnet: Subnet, owner: UUID, wanted: str = "") -> str | None:
    """Reserve `wanted`, or the lowest free address; None if there is none. Returns the address."""
    used = used_addresses(subnet)
    address = wanted or next((a for a in _assignable(subnet) if a not in used), None)
    if address is not None:
        SubnetAddress.objects.create(subnet=subnet, address=address, owner=owner)
    return address


def release_addresses(owner: UUID) -> None:
    SubnetAddress.objects.filter(owner=owner).delete()


def free_public_address() -> str | None:
    """The lowest address of the provider network that no gateway uses.

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


def reserved_ips(subnet: Subnet) -> QuerySet[SubnetAddress]:
    """The subnet's addresses in use by members and instances, with `created_at` of the owner."""
    members = GatewayMember.objects.filter(pk=OuterRef("owner")).values("gateway__created_at")
    instances = Instance.objects.filter(pk=OuterRef("owner")).values("created_at")
    since = Coalesce(Subquery(members[:1]), Subquery(instances[:1]), F("subnet__created_at"))
    return SubnetAddress.objects.filter(subnet=subnet).select_related("subnet").annotate(created_at=since)


def owner_names(rows: Collection[SubnetAddress]) -> dict[UUID, str]:
    """The names of their owners, members and instances, by id; two queries for all of them."""
    owners = [row.owner for row in rows]
    members = GatewayMember.objects.filter(pk__in=owners).select_related("gateway")
    names = {member.pk: f"{member.gateway.name}-{member.index + 1}" for member in members}
    return names | dict(Instance.objects.filter(pk__in=owners).values_list("pk", "name"))
