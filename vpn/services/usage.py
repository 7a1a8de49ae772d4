"""How much of its quotas an account uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from console.core.registry import Use
from vpn.models import AddressPrefix, Connection, ConnectionCidr, Gateway, Instance, Subnet, Vpc


def usage_of(account_id: UUID) -> Iterator[Use]:
    """What the rules count (vpn.domain.checks.common); of limits per VPC, zone or gateway the fullest."""
    mine = {"account_id": account_id}
    yield Use("vpcs", Vpc.objects.filter(**mine).count())
    yield _fullest("subnets_per_vpc", Subnet.objects.filter(**mine), "vpc", "vpc__name")
    prefixes = AddressPrefix.objects.filter(**mine)
    yield _fullest("address_prefixes_per_zone", prefixes, "vpc", "vpc__name", "zone")
    yield Use("instances", Instance.objects.filter(**mine).count())
    yield Use("gateways", Gateway.objects.filter(**mine).count())
    yield _fullest("gateways_per_zone", Gateway.objects.filter(**mine), "subnet__zone")
    connections = Connection.objects.filter(**mine)
    yield _fullest("connections_per_gateway", connections, "gateway", "gateway__name")
    cidrs = ConnectionCidr.objects.filter(connection__account_id=account_id)
    yield _fullest("cidrs_per_gateway", cidrs, "connection__gateway", "side", "connection__gateway__name")
    yield _fullest("cidrs_per_connection", cidrs, "connection", "side", "connection__name")


def _fullest(name: str, rows: QuerySet[Any], *columns: str) -> Use:
    """Rows counted by `columns`. A group is labelled by its texts, not by the id that distinguishes it."""
    groups = rows.order_by().values_list(*columns).annotate(number=Count("pk"))
    # PostgreSQL returns equal rows in any order, and the page would change although nothing did.
    first = groups.order_by("-number", *columns).first()
    if first is None:
        return Use(name, 0)
    texts = [value for value in first[:-1] if isinstance(value, str)]
    return Use(name, first[-1], ", ".join(reversed(texts)))
