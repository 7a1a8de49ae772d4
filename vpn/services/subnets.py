"""Subnets and the instances in them."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.conf import settings

from console.core.actor import Actor, Role
from console.core.audit import record
from console.core.errors import Conflict, Invalid, Violation, not_found
from console.core.names import random_name
from console.core.services import resolve_resource_group, resource_group_violations
from console.core.services.change import change
from vpn.domain.checks.deletion import subnet_deletion_violations
from vpn.domain.checks.networks import (
    InstanceDraft,
    InstanceFacts,
    Prefix,
    SubnetDraft,
    SubnetFacts,
    choose_block,
    instance_violations,
    subnet_violations,
)
from vpn.models import ConnectionCidr, Instance, Subnet, Vpc
from vpn.services.addresses import release_addresses, reserve_address, used_addresses
from vpn.services.fields import InstanceFields, SubnetFields
from vpn.services.generations import bump_network_generation
from vpn.services.quotas import quotas_of
from vpn.services.references import find


def get_subnet(actor: Actor, subnet_id: UUID) -> Subnet:
    subnet = Subnet.objects.owned_by(actor).filter(pk=subnet_id).select_related("vpc").first()
    if subnet is None:
        raise not_found("subnet_not_found", "subnet", subnet_id)
    return subnet


def create_subnet(actor: Actor, fields: SubnetFields) -> Subnet:
    """By block, or by count and zone: then the first free block of that size."""
    with change(actor, Role.EDITOR) as account:
        broken: list[Violation] = []
        vpc = _vpc(actor, fields, broken)
        siblings = list(vpc.subnets.all()) if vpc else []
        names = {s.name for s in siblings}
        draft = SubnetDraft(
            name=fields["name"] if "name" in fields else random_name(names),
            zone=fields["zone"].get("name", "") if fields.get("zone") else None,
            ipv4_cidr_block=fields.get("ipv4_cidr_block"),
            total_ipv4_address_count=fields.get("total_ipv4_address_count"),
            ip_version=fields.get("ip_version", "ipv4"),
        )
        facts = SubnetFacts(
            zones=settings.ZONES,
            prefixes=_prefixes(vpc) if vpc else None,
            other_names=names,
            other_blocks=[s.ipv4_cidr_block for s in siblings],
            lower_names=fields.get("api_generation") == 2,
            peer_cidrs=_peer_cidrs(vpc) if vpc else {},
            quotas=quotas_of(account.id),
        )
        broken += subnet_violations(draft, facts=facts)
        broken += resource_group_violations(actor, fields.get("resource_group"))
        selected = None if broken else choose_block(draft, facts=facts)
        if vpc is None or selected is None:
            raise Invalid(broken)
        subnet = Subnet.objects.create(
            account=account,
            resource_group=resolve_resource_group(actor, fields.get("resource_group")),
            vpc=vpc,
            zone=selected[1],
            name=draft.name,
            ipv4_cidr_block=str(selected[0]),
        )
        record(actor, "subnet.create", subnet, {"ipv4_cidr_block": (None, subnet.ipv4_cidr_block)})
        bump_network_generation(vpc)
    return subnet


def update_subnet(actor: Actor, subnet_id: UUID, fields: SubnetFields) -> Subnet:
    with change(actor, Role.EDITOR):
        subnet = get_subnet(actor, subnet_id)
        name = fields.get("name", subnet.name)
        others = set(subnet.vpc.subnets.exclude(pk=subnet.pk).values_list("name", flat=True))
        lower = fields.get("api_generation") == 2 and name != subnet.name
        facts = SubnetFacts(zones=settings.ZONES, other_names=others, creating=False, lower_names=lower)
        if broken := subnet_violations(SubnetDraft(name=name), facts=facts):
            raise Invalid(broken)
        if name != subnet.name:
            record(actor, "subnet.update", subnet, {"name": (subnet.name, name)})
            subnet.name = name
            subnet.save(update_fields=["name"])
    return subnet


def delete_subnet(actor: Actor, subnet_id: UUID) -> None:
    with change(actor, Role.EDITOR):
        subnet = get_subnet(actor, subnet_id)
        counts = {"gateways": subnet.gateways.count(), "instances": subnet.instances.count()}
        if broken := subnet_deletion_violations(**counts):
            raise Conflict(broken)
        record(actor, "subnet.delete", subnet, {"ipv4_cidr_block": (subnet.ipv4_cidr_block, None)})
        vpc = subnet.vpc
        subnet.delete()
        bump_network_generation(vpc)


def get_instance(actor: Actor, instance_id: UUID) -> Instance:
    rows = Instance.objects.owned_by(actor).filter(pk=instance_id).select_related("subnet__vpc")
    instance = rows.first()
    if instance is None:
        raise not_found("instance_not_found", "instance", instance_id)
    return instance


def create_instance(actor: Actor, fields: InstanceFields) -> Instance:
    with change(actor, Role.EDITOR) as account:
        broken: list[Violation] = []
        subnet = _subnet(actor, fields, broken)
        names = set(subnet.instances.values_list("name", flat=True)) if subnet else set()
        draft = InstanceDraft(
            name=fields["name"] if "name" in fields else random_name(names),
            address=fields.get("address") or None,
        )
        facts = InstanceFacts(
            subnet_cidr=subnet.ipv4_cidr_block if subnet else "",
            other_names=names,
            taken=used_addresses(subnet) if subnet else (),
            instances=Instance.objects.owned_by(actor).count(),
            lower_names=fields.get("api_generation") == 2,
            quotas=quotas_of(account.id),
        )
        broken += _agrees(actor, subnet, fields)
        broken += instance_violations(draft, facts=facts)
        broken += resource_group_violations(actor, fields.get("resource_group"))
        if subnet is None or broken:
            raise Invalid(broken)
        ident = uuid4()
        instance = Instance.objects.create(
            id=ident,
            account=account,
            resource_group=resolve_resource_group(actor, fields.get("resource_group")),
            subnet=subnet,
            name=draft.name,
            address=reserve_address(subnet, ident, draft.address or "") or "",
            profile=fields.get("profile", ""),
            image=fields.get("image", ""),
        )
        record(actor, "instance.create", instance, {"address": (None, instance.address)})
        bump_network_generation(subnet.vpc)
    return instance


def update_instance(actor: Actor, instance_id: UUID, fields: InstanceFields) -> Instance:
    with change(actor, Role.EDITOR):
        instance = get_instance(actor, instance_id)
        name = fields.get("name", instance.name)
        others = set(instance.subnet.instances.exclude(pk=instance.pk).values_list("name", flat=True))
        facts = InstanceFacts(
            subnet_cidr=instance.subnet.ipv4_cidr_block,
            other_names=others,
            creating=False,
            lower_names=fields.get("api_generation") == 2 and name != instance.name,
        )
        if broken := instance_violations(InstanceDraft(name=name), facts=facts):
            raise Invalid(broken)
        if name != instance.name:
            record(actor, "instance.update", instance, {"name": (instance.name, name)})
            instance.name = name
            instance.save(update_fields=["name"])
            bump_network_generation(instance.subnet.vpc)
    return instance


def delete_instance(actor: Actor, instance_id: UUID) -> None:
    with change(actor, Role.EDITOR):
        instance = get_instance(actor, instance_id)
        record(actor, "instance.delete", instance, {"address": (instance.address, None)})
        release_addresses(instance.id)
        vpc = instance.subnet.vpc
        instance.delete()
        bump_network_generation(vpc)


def _vpc(actor: Actor, fields: SubnetFields, broken: list[Violation]) -> Vpc | None:
    """None if there is no such VPC; the reason is added to `broken`."""
    reference = fields.get("vpc")
    if not reference:
        message = 'A subnet needs its VPC, for example {"vpc": {"id": ...}}.'
        broken.append(Violation("validation_required_field", "vpc", message))
        return None
    try:
        return find(
            actor,
            Vpc.objects.all(),
            reference,
            field="vpc",
            code="vpc_not_found",
            noun="VPC",
            collection="vpcs",
        )
    except Invalid as error:
        broken += error.violations
        return None


def _peer_cidrs(vpc: Vpc) -> dict[str, str]:
    """Peer CIDRs of the VPC's connections, with the connections' names."""
    rows = ConnectionCidr.objects.filter(
        side=ConnectionCidr.PEER, connection__gateway__vpc=vpc, connection__gateway__deleted_at__isnull=True
    )
    return dict(rows.values_list("cidr", "connection__name"))


def _prefixes(vpc: Vpc) -> list[Prefix]:
    rows = vpc.address_prefixes.order_by("-is_default", "created_at")
    return [Prefix(row.cidr, row.zone) for row in rows]


def _subnet(actor: Actor, fields: InstanceFields, broken: list[Violation]) -> Subnet | None:
    """None if there is no such subnet; the reason is added to `broken`."""
    try:
        return find(
            actor,
            Subnet.objects.select_related("vpc"),
            fields.get("subnet") or {},
            field="primary_network_interface.subnet",
            code="subnet_not_found",
            noun="subnet",
            collection="subnets",
        )
    except Invalid as error:
        broken += error.violations
        return None


def _agrees(actor: Actor, subnet: Subnet | None, fields: InstanceFields) -> list[Violation]:
    """VPC and zone of an instance may be given, but the subnet decides them."""
    broken: list[Violation] = []
    vpc = _vpc(actor, {"vpc": fields["vpc"]}, broken) if fields.get("vpc") else None
    if subnet is None:
        return broken
    if vpc is not None and vpc.pk != subnet.vpc_id:
        message = f"The subnet {subnet.name} is in the VPC {subnet.vpc.name}, not in {vpc.name}."
        broken.append(Violation("vpc_resource_separation", "vpc.id", message))
    zone = (fields.get("zone") or {}).get("name", subnet.zone)
    if zone != subnet.zone:
        message = f"The subnet {subnet.name} is in zone {subnet.zone}, not {zone}."
        broken.append(Violation("zone_inconsistency", "zone.name", message))
    return broken
