"""The rules for deleting networks: only empty ones can be deleted (contract section 6.5)."""

from __future__ import annotations

from collections.abc import Sequence

from console.core.errors import Violation
from vpn.domain.cidrs import first_overlap, parse_cidr


def subnet_deletion_violations(*, gateways: int, instances: int) -> list[Violation]:
    """A subnet can be deleted only if it is empty; the arguments are counts."""
    if gateways:
        message = "A VPN gateway is in the subnet; delete the gateway first."
        return [Violation("subnet_not_empty_vpn_gway_exists", "id", message)]
    if instances:
        message = f"The subnet still has instances ({instances}); delete them first."
        return [Violation("subnet_not_empty", "id", message)]
    return []


def vpc_deletion_violations(*, subnets: int) -> list[Violation]:
    """A VPC can be deleted only if it has no subnets."""
    message = f"The VPC still has subnets ({subnets}); delete them first."
    return [Violation("vpc_not_empty", "id", message)] if subnets else []


def prefix_deletion_violations(cidr: str, *, blocks: Sequence[str]) -> list[Violation]:
    """An address prefix can be deleted only if no subnet lies in it; `blocks` are the VPC's subnets."""
    inside = first_overlap(parse_cidr(cidr), map(parse_cidr, blocks))
    message = f"The subnet {inside} lies in the address prefix; delete it first."
    return [Violation("address_prefix_in_use", "id", message)] if inside else []
