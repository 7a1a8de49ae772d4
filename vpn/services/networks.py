"""VPCs and their address prefixes."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network
from uuid import UUID

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from console.core.actor import Actor, Role
from console.core.audit import record
from console.core.errors import Conflict, Invalid, not_found
from console.core.models import Account
from console.core.names import random_name
from console.core.services import resolve_resource_group, resource_group_violations
from console.core.services.change import change
from vpn.domain.checks.common import parse_address
from vpn.domain.checks.deletion import prefix_deletion_violations, vpc_deletion_violations
from vpn.domain.checks.networks import (
    AddressPrefixDraft,
    AddressPrefixFacts,
    VpcDraft,
    VpcFacts,
    address_prefix_violations,
    vpc_violations,
)
from vpn.models import AddressPrefix, Node, Subnet, Vpc
from vpn.services.fields import AddressPrefixFields, VpcFields
from vpn.services.quotas import quotas_of
from vpn.triggers import request_network

# One default prefix per zone, as in the provider's own VPCs: 10.240.0.0/18, 10.240.64.0/18, ...
DEFAULT_PREFIXES = IPv4Network("10.240.0.0/16")


def get_vpc(actor: Actor, vpc_id: UUID) -> Vpc:
    vpc = Vpc.objects.owned_by(actor).filter(pk=vpc_id).first()
    if vpc is None:
        raise not_found("vpc_not_found", "VPC", vpc_id)
    return vpc


def create_vpc(actor: Actor, fields: VpcFields) -> Vpc:
    """A VPC with one default address prefix per zone, unless prefixes are managed manually."""
    with change(actor, Role.EDITOR) as account:
        names = set(Vpc.objects.owned_by(actor).values_list("name", flat=True))
        management = fields.get("address_prefix_management", "auto")
        name = fields["name"] if "name" in fields else random_name(names)
        draft = VpcDraft(name=name, address_prefix_management=management)
        facts = VpcFacts(
            other_names=names,
            vpcs=len(names),
            lower_names=fields.get("api_generation") == 2,
            quotas=quotas_of(account.id),
        )
        group = resource_group_violations(actor, fields.get("resource_group"))
        if broken := [*vpc_violations(draft, facts=facts), *group]:
            raise Invalid(broken)
        vpc = Vpc.objects.create(
            account=account,
            resource_group=resolve_resource_group(actor, fields.get("resource_group")),
            name=name,
            address_prefix_management=management,
            classic_access=fields.get("classic_access", False),
            node=_choose_node(),
        )
        if management == "auto":
            _default_prefixes(account, vpc)
        record(actor, "vpc.create", vpc, {"name": (None, name)})
        request_network(vpc.id, vpc.node)
    return vpc


def update_vpc(actor: Actor, vpc_id: UUID, fields: VpcFields) -> Vpc:
    with change(actor, Role.EDITOR):
        vpc = get_vpc(actor, vpc_id)
        name = fields.get("name", vpc.name)
        others = set(Vpc.objects.owned_by(actor).exclude(pk=vpc.pk).values_list("name", flat=True))
        lower = fields.get("api_generation") == 2 and name != vpc.name
        facts = VpcFacts(other_names=others, creating=False, lower_names=lower)
        if broken := vpc_violations(VpcDraft(name=name), facts=facts):
            raise Invalid(broken)
        if name != vpc.name:
            record(actor, "vpc.update", vpc, {"name": (vpc.name, name)})
            vpc.name = name
            vpc.save(update_fields=["name"])
    return vpc


def delete_vpc(actor: Actor, vpc_id: UUID) -> None:
    with change(actor, Role.EDITOR):
        vpc = get_vpc(actor, vpc_id)
        if broken := vpc_deletion_violations(subnets=vpc.subnets.count()):
            raise Conflict(broken)
        record(actor, "vpc.delete", vpc, {"name": (vpc.name, None)})
        request_network(vpc.id, vpc.node)
        vpc.delete()


def create_address_prefix(actor: Actor, vpc_id: UUID, fields: AddressPrefixFields) -> AddressPrefix:
    with change(actor, Role.EDITOR) as account:
        vpc = get_vpc(actor, vpc_id)
        zone = fields.get("zone", {}).get("name", "")
        cidr = fields.get("cidr", "")
        others = list(vpc.address_prefixes.all())
        name = fields.get("name") or _prefix_name(cidr, {p.name for p in others})
        draft = AddressPrefixDraft(name=name, cidr=cidr, zone=zone)
        facts = AddressPrefixFacts(
            zones=settings.ZONES,
            other_names={p.name for p in others},
            other_cidrs=[p.cidr for p in others],
            in_zone=sum(p.zone == zone for p in others),
            lower_names=fields.get("api_generation") == 2,
            quotas=quotas_of(account.id),
        )
        if broken := address_prefix_violations(draft, facts=facts):
            raise Invalid(broken)
        prefix = _add_prefix(account, vpc, zone, cidr, name, is_default=fields.get("is_default", False))
        record(actor, "address_prefix.create", prefix, {"cidr": (None, cidr), "zone": (None, zone)})
    return prefix


def update_address_prefix(
    actor: Actor, vpc_id: UUID, prefix_id: UUID, fields: AddressPrefixFields
) -> AddressPrefix:
    with change(actor, Role.EDITOR):
        prefix = get_address_prefix(actor, vpc_id, prefix_id)
        name = fields.get("name", prefix.name)
        others = set(prefix.vpc.address_prefixes.exclude(pk=prefix.pk).values_list("name", flat=True))
        draft = AddressPrefixDraft(name=name, cidr=prefix.cidr, zone=prefix.zone)
        lower = fields.get("api_generation") == 2 and name != prefix.name
        facts = AddressPrefixFacts(zones=[prefix.zone], other_names=others, creating=False, lower_names=lower)
        if broken := address_prefix_violations(draft, facts=facts):
            raise Invalid(broken)
        is_default = fields.get("is_default", prefix.is_default)
        before = {"name": prefix.name, "is_default": prefix.is_default}
        after = {"name": name, "is_default": is_default}
        changes = {key: (before[key], after[key]) for key in after if before[key] != after[key]}
        if changes:
            record(actor, "address_prefix.update", prefix, changes)
            if is_default:
                prefix.vpc.address_prefixes.filter(zone=prefix.zone).update(is_default=False)
            prefix.name, prefix.is_default = name, is_default
            prefix.save(update_fields=["name", "is_default"])
    return prefix


def delete_address_prefix(actor: Actor, vpc_id: UUID, prefix_id: UUID) -> None:
    with change(actor, Role.EDITOR):
        prefix = get_address_prefix(actor, vpc_id, prefix_id)
        blocks = list(Subnet.objects.filter(vpc=prefix.vpc).values_list("ipv4_cidr_block", flat=True))
        if broken := prefix_deletion_violations(prefix.cidr, blocks=blocks):
            raise Conflict(broken)
        record(actor, "address_prefix.delete", prefix, {"cidr": (prefix.cidr, None)})
        prefix.delete()


def get_address_prefix(actor: Actor, vpc_id: UUID, prefix_id: UUID) -> AddressPrefix:
    vpc = get_vpc(actor, vpc_id)
    prefix = AddressPrefix.objects.owned_by(actor).filter(pk=prefix_id, vpc=vpc).select_related("vpc").first()
    if prefix is None:
        raise not_found("address_prefix_not_found", "address prefix", prefix_id, "VPC")
    return prefix


def _choose_node() -> str:
    """The live host with the fewest VPCs; this host if there is no heartbeat yet."""
    lately = timezone.now() - timedelta(seconds=60)
    nodes = list(Node.objects.filter(seen_at__gte=lately).values_list("name", flat=True))
    if not nodes:
        return settings.NODE
    load = dict(Vpc.objects.filter(node__in=nodes).values_list("node").annotate(Count("id")))
    return min(sorted(nodes), key=lambda node: load.get(node, 0))


def _default_prefixes(account: Account, vpc: Vpc) -> None:
    for zone, block in zip(settings.ZONES, DEFAULT_PREFIXES.subnets(new_prefix=18), strict=False):
        cidr = str(block)
        _add_prefix(account, vpc, zone, cidr, _prefix_name(cidr, ()), is_default=True)


def _add_prefix(
    account: Account, vpc: Vpc, zone: str, cidr: str, name: str, *, is_default: bool
) -> AddressPrefix:
    if is_default:
        vpc.address_prefixes.filter(zone=zone).update(is_default=False)
    return AddressPrefix.objects.create(
        account=account,
        resource_group_id=vpc.resource_group_id,
        vpc=vpc,
        zone=zone,
        cidr=cidr,
        name=name,
        is_default=is_default,
    )


def _prefix_name(cidr: str, taken: set[str] | tuple[str, ...]) -> str:
    """From the block's base address, in the form of a name: p-10-240-0-0."""
    address = parse_address(cidr.partition("/")[0])
    base = f"p-{address}".replace(".", "-")
    # The rules report an invalid block; the generated name must not cause a violation of its own.
    return base if address is not None and base not in taken else random_name(taken)
