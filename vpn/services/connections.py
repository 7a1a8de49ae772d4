"""Connections: create, change, delete."""

from __future__ import annotations

from collections.abc import Callable, Collection
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from console.core.actor import Actor, Role
from console.core.audit import record
from console.core.errors import Conflict, Invalid, Violation, not_found
from console.core.models import Account
from console.core.models.prepared import PreparedQuery, set_related
from console.core.services.change import change
from vpn.domain.checks.connections import connection_violations
from vpn.domain.connection_drafts import DECLARED
from vpn.models import Connection, ConnectionCidr, Gateway
from vpn.services.connection_checks import creation_facts, oversize_violations, update_violations
from vpn.services.connection_drafts import (
    changes_between,
    draft_from,
    draft_of,
    find_policies,
    merge_violations,
    merged,
    missing_fields,
    other_kind,
    topics,
)
from vpn.services.connection_rows import apply_draft, fill_row, new_cidr
from vpn.services.fields import ConnectionFields
from vpn.services.generations import bump_generation, lock_gateway, refuse_deleting

Guard = Callable[[Connection], None]
_CIDR_HINT = "CIDRs are changed one by one: PUT or DELETE {field}/{{prefix_address}}/{{prefix_length}}."


_one = PreparedQuery(
    lambda account, gateway, connection: Connection.objects.filter(
        account_id=account, gateway_id=gateway, pk=connection
    ).select_related("gateway", "ike_policy", "ipsec_policy"),
    (UUID, UUID, UUID),
)
_its_gateway = PreparedQuery(
    lambda account, gateway: Gateway.objects.filter(account_id=account, pk=gateway).select_related("subnet"),
    (UUID, UUID),
)
_its_cidrs = PreparedQuery(lambda connection: ConnectionCidr.objects.filter(connection=connection), (UUID,))


def accept_all(connection: Connection) -> None:
    """The guard that accepts every change."""


def connections_of(gateway: Gateway) -> QuerySet[Connection]:
    """With the related rows that responses and pages need."""
    rows = Connection.objects.filter(gateway=gateway).select_related("gateway", "ike_policy", "ipsec_policy")
    return rows.prefetch_related("cidrs")


def get_connection(actor: Actor, gateway_id: UUID, connection_id: UUID) -> Connection:
    """Raises NotFound, about the gateway if that does not exist (contract section 5.2)."""
    row = _one.first(actor.account_id, gateway_id, connection_id)
    if row is not None:
        set_related(row, "cidrs", _its_cidrs(connection_id), ConnectionCidr.objects.all())
        return row
    if not Gateway.objects.owned_by(actor).filter(pk=gateway_id).exists():
        raise not_found("vpn_gateway_not_found", "VPN gateway", gateway_id)
    raise not_found("vpn_connection_not_found", "VPN connection", connection_id, "VPN gateway")


def cidrs_of(connection: Connection) -> tuple[list[str], list[str]]:
    """Local and peer CIDRs in the order in which they were added."""
    rows = list(connection.cidrs.all())
    local = [row.cidr for row in rows if row.side == ConnectionCidr.LOCAL]
    return local, [row.cidr for row in rows if row.side == ConnectionCidr.PEER]


def create_connection(actor: Actor, gateway_id: UUID, fields: ConnectionFields) -> Connection:
    actor.require(Role.EDITOR)
    if broken := oversize_violations(actor, fields):
        raise Invalid(broken)
    with change(actor, Role.EDITOR) as account:
        gateway = _its_gateway.first(actor.account_id, gateway_id)
        if gateway is None:
            raise not_found("vpn_gateway_not_found", "VPN gateway", gateway_id)
        return add_connection(actor, account, gateway, fields)


def add_connection(actor: Actor, account: Account, gateway: Gateway, fields: ConnectionFields) -> Connection:
    """Within the caller's transaction. Raises Invalid or Conflict."""
    lock_gateway(gateway.pk)
    refuse_deleting(gateway)
    broken = missing_fields(fields)
    policies = find_policies(actor, fields, broken)
    draft = draft_from(fields, gateway, policies)
    facts = creation_facts(actor, fields, draft, policies, gateway=gateway)
    if broken := merge_violations(broken, connection_violations(draft, facts=facts)):
        raise Invalid(broken)
    connection = Connection(
        account=account,
        resource_group_id=gateway.resource_group_id,
        gateway=gateway,
        psk_changed_at=timezone.now(),
        ike_policy=policies.ike,
        ipsec_policy=policies.ipsec,
    )
    fill_row(connection, draft)
    connection.seal_psk(fields["psk"])
    connection.save(force_insert=True)
    sides = (("local", draft.local_cidrs), ("peer", draft.peer_cidrs))
    rows = [new_cidr(connection, side, cidr) for side, cidrs in sides for cidr in cidrs]
    set_related(connection, "cidrs", ConnectionCidr.objects.bulk_create(rows), ConnectionCidr.objects.all())
    changes = {
        "name": (None, draft.name),
        ("peer_fqdn" if draft.peer_fqdn else "peer_address"): (
            None,
            draft.peer_fqdn or draft.peer_address,
        ),
        "local_cidrs": (None, list(draft.local_cidrs)),
        "peer_cidrs": (None, list(draft.peer_cidrs)),
    }
    record(actor, "vpn_connection.create", connection, changes)
    bump_generation(gateway)
    return connection


def role_to_change(names: Collection[str]) -> Role:
    """Operators may change `admin_state_up` only."""
    return Role.OPERATOR if set(names) <= {"admin_state_up"} else Role.EDITOR


def update_connection(
    actor: Actor, gateway_id: UUID, connection_id: UUID, fields: ConnectionFields, guard: Guard = accept_all
) -> Connection:
    """Editors may change everything except the CIDRs; operators see `role_to_change`.

    `guard` checks the existing connection, and raises if the change is not acceptable.
    """
    with change(actor, role_to_change(fields.keys() - {"api_generation"})):
        lock_gateway(gateway_id)
        connection = get_connection(actor, gateway_id, connection_id)
        refuse_deleting(connection.gateway)
        guard(connection)
        cidrs = (DECLARED["local_cidrs"], DECLARED["peer_cidrs"])
        if fixed := [one.path for one in cidrs if one.given_in(fields)]:
            raise Invalid([Violation("bad_field", f, _CIDR_HINT.format(field=f)) for f in fixed])
        broken = other_kind(connection, fields)
        policies = find_policies(actor, fields, broken, keep=connection)
        before = draft_of(connection)
        after = merged(before, fields, policies)
        changes = changes_between(connection, before, after, policies)
        api_generation = fields.get("api_generation", 0)
        rules = update_violations(connection, after, topics(changes), api_generation, policies)
        if broken := merge_violations(broken, rules):
            raise Invalid(broken)
        if changes:
            apply_draft(connection, before, after, policies)
            record(actor, "vpn_connection.update", connection, changes)
            bump_generation(connection.gateway)
    return connection


def restart_connection(actor: Actor, gateway_id: UUID, connection_id: UUID) -> Connection:
    """Closes its tunnel and negotiates it again; for operators too. Raises Conflict if it is disabled."""
    with change(actor, Role.OPERATOR):
        lock_gateway(gateway_id)
        connection = get_connection(actor, gateway_id, connection_id)
        refuse_deleting(connection.gateway)
        if not connection.admin_state_up:
            message = f"The connection {connection.name} is disabled; enable it, and its tunnel is built."
            raise Conflict([Violation("validation_failure", "admin_state_up", message)])
        connection.restart_at = timezone.now()
        connection.save(update_fields=["restart_at"])
        record(actor, "vpn_connection.restart", connection, {})
        bump_generation(connection.gateway)
    return connection


def delete_connection(actor: Actor, gateway_id: UUID, connection_id: UUID, guard: Guard = accept_all) -> None:
    """Deletes the row at once, the tunnel with the next run; policies are kept. `guard` as in an update."""
    with change(actor, Role.EDITOR):
        lock_gateway(gateway_id)
        connection = get_connection(actor, gateway_id, connection_id)
        refuse_deleting(connection.gateway)
        guard(connection)
        record(actor, "vpn_connection.delete", connection, {"name": (connection.name, None)})
        gateway = connection.gateway
        connection.delete()
        bump_generation(gateway)
