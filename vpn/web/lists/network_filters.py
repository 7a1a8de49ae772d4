"""Filters of lists by the network of a row."""

from __future__ import annotations

from console.core.web.lists.declare import Filter, reference
from vpn.models import Subnet, Vpc


def by_vpc(path: str) -> Filter:
    """By a VPC of the account; `path` is the lookup from a row to its id."""
    return reference("vpc", "VPC", path, lambda a: Vpc.objects.owned_by(a).values_list("pk", "name"))


def by_subnet(path: str) -> Filter:
    """By a subnet of the account; `path` is the lookup from a row to its id."""
    return reference("subnet", "Subnet", path, lambda a: Subnet.objects.owned_by(a).values_list("pk", "name"))
