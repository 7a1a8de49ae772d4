"""Gateways: create, rename, delete; and with a first connection in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from console.core.actor import Actor, Role
from console.core.audit import record
from console.core.errors import Conflict, Invalid, Violation, not_found
from console.core.models import Account
from console.core.models.prepared import PreparedQuery
from console.core.names import random_name
from console.core.services import resolve_resource_group, resource_group_violations
from console.core.services.change import change
from vpn.domain.checks.gateways import (
    GatewayDraft,
    GatewayFacts,
    advertising_violations,
    gateway_violations,
    member_count_violations,
    member_violations,
    replacement_violations,
)
from vpn.domain.spec import MemberRole
from vpn.domain.states import LifecycleState
from vpn.models import Connection, Gateway, GatewayMember, Subnet
from vpn.services.addresses import free_count, free_public_address, reserve_address
from vpn.services.connection_checks import oversize_violations
from vpn.services.connections import add_connection
from vpn.services.fields import ConnectionFields, GatewayFields, Reference
from vpn.services.generations import bump_generation, bump_revision, refuse_deleting
from vpn.services.quotas import quotas_of
from vpn.services.references import find
from vpn.triggers import request_reconcile


def gateways_of(actor: Actor) -> QuerySet[Gateway]:
    """The account's gateways, with the related rows that pages and responses need."""
    return Gateway.objects.owned_by(actor).select_related("subnet", "vpc", "resource_group")


_one = PreparedQuery(
    lambda account, gateway: Gateway.objects.filter(account_id=account, pk=gateway).select_related(
        "subnet", "vpc", "resource_group"
    ),
    (UUID, UUID),
)


def get_gateway(actor: Actor, gateway_id: UUID) -> Gateway:
    gateway = _one.first(actor.account_id, gateway_id)
    if gateway is None:
        raise not_found("vpn_gateway_not_found", "VPN gateway", gateway_id)
    return gateway


def check_gateway(actor: Actor, fields: GatewayFields) -> list[Violation]:
    """The violations that `create_gateway` would raise; writes nothing."""
    broken: list[Violation] = []
    subnet = _subnet(actor, fields, broken)
    return broken + _violations(actor, subnet, fields)


def create_gateway(actor: Actor, fields: GatewayFields) -> Gateway:
    """Returns at once, with a `pending` gateway whose addresses are reserved."""
    with change(actor, Role.EDITOR) as account:
        return _add_gateway(actor, account, fields)


def create_gateway_with_connection(
    actor: Actor, *, gateway: GatewayFields, connection: ConnectionFields
) -> tuple[Gateway, Connection]:
    """Creates both or neither. Fields of violations begin with `gateway.` or `connection.`."""
    actor.require(Role.EDITOR)
    if broken := oversize_violations(actor, connection):
        raise Invalid(_prefixed("connection", broken))
    with change(actor, Role.EDITOR) as account:
        try:
            row = _add_gateway(actor, account, gateway)
        except (Invalid, Conflict) as error:
            raise type(error)(_prefixed("gateway", error.violations)) from None
        try:
            return row, add_connection(actor, account, row, connection)
        except (Invalid, Conflict) as error:
            raise type(error)(_prefixed("connection", error.violations)) from None


def update_gateway(actor: Actor, gateway_id: UUID, fields: GatewayFields) -> Gateway:
    """Only the name can change (contract section 8.2)."""
    with change(actor, Role.EDITOR):
        gateway = get_gateway(actor, gateway_id)
        refuse_deleting(gateway)
        name = fields.get("name", gateway.name)
        facts = GatewayFacts(
            other_names=_other_names(gateway.subnet, gateway.pk),
            creating=False,
            lower_names=fields.get("api_generation") == 2 and name != gateway.name,
        )
        if broken := gateway_violations(GatewayDraft(name=name), facts=facts):
            raise Invalid(broken)
        if name != gateway.name:
            record(actor, "vpn_gateway.update", gateway, {"name": (gateway.name, name)})
            gateway.name = name
            gateway.save(update_fields=["name"])
            bump_revision(gateway)
    return gateway


def delete_gateway(actor: Actor, gateway_id: UUID) -> None:
    """With its connections; policies are kept. The row is deleted once nothing of it exists on the host.

    Does nothing for a gateway that is being deleted already. A pending gateway can be deleted too.
    """
    with change(actor, Role.EDITOR):
        gateway = get_gateway(actor, gateway_id)
        if gateway.deleted_at is not None:
            return
        names = list(gateway.connections.values_list("name", flat=True))
        changes: dict[str, tuple[object, object]] = {
            "name": (gateway.name, None),
            "connections": (names, []),
        }
        record(actor, "vpn_gateway.delete", gateway, changes)
        gateway.deleted_at = timezone.now()
        gateway.lifecycle_state = LifecycleState.DELETING
        gateway.save(update_fields=["deleted_at", "lifecycle_state"])
        bump_generation(gateway)


def advertise_cidr(actor: Actor, gateway_id: UUID) -> None:
    """Raises Invalid: only gateways of route mode advertise CIDRs."""
    with change(actor, Role.EDITOR):
        get_gateway(actor, gateway_id)
        raise Invalid(advertising_violations())


def get_member(actor: Actor, gateway_id: UUID, member_id: UUID) -> tuple[GatewayMember, Gateway]:
    gateway = get_gateway(actor, gateway_id)
    member = gateway.members.filter(pk=member_id).first()
    if member is None:
        raise not_found("not_found", "member of this VPN gateway", member_id)
    return member, gateway


def replace_member(actor: Actor, gateway_id: UUID, member_id: UUID) -> None:
    """Raises Invalid: members cannot move to another subnet."""
    with change(actor, Role.EDITOR):
        get_member(actor, gateway_id, member_id)
        raise Invalid(replacement_violations())


def _add_gateway(actor: Actor, account: Account, fields: GatewayFields) -> Gateway:
    broken: list[Violation] = []
    subnet = _subnet(actor, fields, broken)
    broken += _violations(actor, subnet, fields)
    if subnet is None or broken:
        raise Invalid(broken)
    public_address = free_public_address()
    if public_address is None:
        message = "The service has no free public address left; tell its operator."
        raise Conflict([Violation("vpn_gateway_ip_create_error", "", message)])
    gateway = Gateway.objects.create(
        account=account,
        resource_group=resolve_resource_group(actor, fields.get("resource_group")),
        vpc=subnet.vpc,
        subnet=subnet,
        name=fields.get("name") or random_name(_other_names(subnet)),
        public_address=public_address,
        node=subnet.vpc.node or settings.NODE,
    )
    for index, role in enumerate((MemberRole.ACTIVE, MemberRole.STANDBY)):
        ident = uuid4()
        # The rules have checked that there is one.
        address = reserve_address(subnet, ident) or ""
        GatewayMember.objects.create(
            id=ident, gateway=gateway, index=index, private_address=address, role=role.value
        )
    changes = {"name": (None, gateway.name), "subnet": (None, subnet.name)}
    record(actor, "vpn_gateway.create", gateway, changes)
    request_reconcile(gateway.id, gateway.node)
    return gateway


def _violations(actor: Actor, subnet: Subnet | None, fields: GatewayFields) -> list[Violation]:
    """Without a subnet only the violations that do not depend on it."""
    mine = Gateway.objects.owned_by(actor)
    api_generation = fields.get("api_generation", 0)
    facts = GatewayFacts(
        gateways=mine.count(), lower_names=api_generation == 2, quotas=quotas_of(actor.account_id)
    )
    if subnet is not None:
        facts = replace(
            facts,
            other_names=_other_names(subnet),
            subnet_name=subnet.name,
            free_addresses=free_count(subnet),
            gateways_in_zone=mine.filter(subnet__zone=subnet.zone).count(),
            zone=subnet.zone,
        )
    draft = GatewayDraft(
        name=fields["name"] if "name" in fields else random_name(facts.other_names),
        mode=fields.get("mode", "route" if api_generation == 2 else "policy"),
        availability_mode=fields.get("availability_mode", "zonal"),
    )
    group = resource_group_violations(actor, fields.get("resource_group"))
    return [*gateway_violations(draft, facts=facts), *group]


def _subnet(actor: Actor, fields: GatewayFields, broken: list[Violation]) -> Subnet | None:
    """The subnet of both members. None if it does not exist; the reason is added to `broken`."""
    reference = fields.get("subnet")
    if "members" in fields:
        return _members_subnet(actor, fields["members"], reference, broken)
    if not reference:
        message = 'A VPN gateway needs its subnet, for example {"subnet": {"id": "..."}}.'
        broken.append(Violation("vpn_gateway_missing_subnet_id", "subnet", message))
        return None
    return _subnet_of(actor, reference, "subnet", broken)


def _members_subnet(
    actor: Actor, members: Sequence[Reference], whole: Reference | None, broken: list[Violation]
) -> Subnet | None:
    """As `_subnet`, from the subnets of the members; `whole` is the gateway's own, if it is given too."""
    if wrong := member_count_violations(len(members)):
        broken += wrong
        return None
    known = len(broken)
    own = None if whole is None else _subnet_of(actor, whole, "subnet", broken)
    found = [
        _subnet_of(actor, reference, f"members[{n}].private_ip.subnet", broken)
        for n, reference in enumerate(members)
    ]
    if len(broken) == known:
        member_subnets = [subnet.pk for subnet in found if subnet]
        broken += member_violations(member_subnets, own.pk if own else None)
    return found[0] if found else None


def _subnet_of(actor: Actor, reference: Reference, field: str, broken: list[Violation]) -> Subnet | None:
    try:
        return find(
            actor,
            Subnet.objects.select_related("vpc"),
            reference,
            field=field,
            code="vpn_gateway_subnet_not_found",
            noun="subnet",
            collection="subnets",
        )
    except Invalid as error:
        broken += error.violations
        return None


def _other_names(subnet: Subnet, exclude: UUID | None = None) -> set[str]:
    living = Gateway.objects.filter(vpc_id=subnet.vpc_id, deleted_at__isnull=True)
    return {name for ident, name in living.values_list("id", "name") if ident != exclude}


def _prefixed(where: str, violations: Iterable[Violation]) -> list[Violation]:
    return [v._replace(field=f"{where}.{v.field}" if v.field else where) for v in violations]
