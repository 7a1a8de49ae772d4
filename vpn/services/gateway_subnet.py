"""A subnet for a new gateway, with its VPC and address prefix if they do not exist."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Count

from console.core.actor import Actor, Role
from console.core.errors import Conflict, Invalid
from console.core.services.change import change
from vpn.domain.cidrs import CidrError, parse_cidr
from vpn.models import Gateway, Subnet, Vpc
from vpn.services.fields import SubnetFields, VpcFields
from vpn.services.networks import create_address_prefix, create_vpc, get_vpc
from vpn.services.quotas import quotas_of
from vpn.services.subnets import create_subnet


def create_gateway_subnet(actor: Actor, vpc: UUID | VpcFields, subnet: SubnetFields) -> Subnet:
    """Creates all or nothing; `vpc` is an id, or the fields of a new VPC, whose violations have fields that
    begin with `vpc.`. Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    with change(actor, Role.EDITOR):
        row = get_vpc(actor, vpc) if isinstance(vpc, UUID) else _new_vpc(actor, vpc)
        block, zone = subnet.get("ipv4_cidr_block", ""), subnet.get("zone", {})
        if _needs_prefix(row, block):
            create_address_prefix(actor, row.pk, {"cidr": block, "zone": zone})
        return create_subnet(actor, {**subnet, "vpc": {"id": str(row.pk)}})


def check_gateway_subnet(actor: Actor, vpc: UUID | VpcFields, subnet: SubnetFields) -> None:
    """Raises what `create_gateway_subnet` would raise; writes nothing."""
    with transaction.atomic():
        create_gateway_subnet(actor, vpc, subnet)
        transaction.set_rollback(True)


def full_zones(account_id: UUID) -> frozenset[str]:
    """The zones in which the account has used up its quota of gateways."""
    limit = quotas_of(account_id).gateways_per_zone
    rows = Gateway.objects.filter(account_id=account_id).values("subnet__zone").annotate(number=Count("pk"))
    counts = rows.order_by().values_list("subnet__zone", "number")
    return frozenset(zone for zone, number in counts if number >= limit)


def _new_vpc(actor: Actor, fields: VpcFields) -> Vpc:
    """With manual address prefixes, so that the subnet's block becomes the first one."""
    try:
        return create_vpc(actor, {**fields, "address_prefix_management": "manual"})
    except (Invalid, Conflict) as error:
        raise type(error)([v._replace(field=f"vpc.{v.field}") for v in error.violations]) from None


def _needs_prefix(vpc: Vpc, block: str) -> bool:
    try:
        wanted = parse_cidr(block)
    except CidrError:
        return False
    prefixes = vpc.address_prefixes.values_list("cidr", flat=True)
    return not any(wanted.subnet_of(parse_cidr(cidr)) for cidr in prefixes)
