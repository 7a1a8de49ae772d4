"""The CIDRs of a connection, one by one: check, add, remove (contract section 2.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal
from uuid import UUID

from console.core.actor import Actor, Role
from console.core.audit import record
from console.core.errors import Invalid, NotFound, Violation
from console.core.services.change import change
from vpn.domain.checks.connections import removal_violations
from vpn.domain.cidrs import CidrError, parse_cidr
from vpn.domain.connection_drafts import DECLARED
from vpn.models import Connection, ConnectionCidr
from vpn.services.connection_checks import update_violations
from vpn.services.connection_drafts import draft_of
from vpn.services.connection_rows import new_cidr
from vpn.services.connections import cidrs_of, get_connection
from vpn.services.generations import bump_generation, lock_gateway, refuse_deleting

Side = Literal["local", "peer"]
_ADDED = {"local": "vpn_connection.add_local_cidr", "peer": "vpn_connection.add_peer_cidr"}
_REMOVED = {"local": "vpn_connection.remove_local_cidr", "peer": "vpn_connection.remove_peer_cidr"}


def has_cidr(actor: Actor, gateway_id: UUID, connection_id: UUID, side: Side, cidr: str) -> bool:
    return cidr in _present(get_connection(actor, gateway_id, connection_id), side)


def add_cidr(actor: Actor, gateway_id: UUID, connection_id: UUID, side: Side, cidr: str) -> bool:
    """True if it was added, False if it was already there: then nothing changes.

    Raises Invalid: the rules of a connection with this CIDR in addition.
    """
    with change(actor, Role.EDITOR):
        lock_gateway(gateway_id)
        connection = get_connection(actor, gateway_id, connection_id)
        present = _present(connection, side)
        if cidr in present:
            return False
        refuse_deleting(connection.gateway)
        _check_addition(connection, side, cidr, present)
        new_cidr(connection, side, cidr).save()
        after = [*present, cidr]
        record(actor, _ADDED[side], connection, {f"{side}_cidrs": (present, after)})
        bump_generation(connection.gateway)
    return True


def remove_cidr(actor: Actor, gateway_id: UUID, connection_id: UUID, side: Side, cidr: str) -> None:
    """Raises NotFound if it is not there, Invalid if it is the last one of its side."""
    with change(actor, Role.EDITOR):
        lock_gateway(gateway_id)
        connection = get_connection(actor, gateway_id, connection_id)
        present = _present(connection, side)
        if cidr not in present:
            message = f"The connection has no {side} CIDR {cidr}."
            raise NotFound([Violation("vpn_connection_cidr_not_found", "cidr", message)])
        refuse_deleting(connection.gateway)
        if broken := removal_violations(cidr, present, side=side):
            raise Invalid(broken)
        ConnectionCidr.objects.filter(connection=connection, side=side, cidr=cidr).delete()
        after = [other for other in present if other != cidr]
        record(actor, _REMOVED[side], connection, {f"{side}_cidrs": (present, after)})
        bump_generation(connection.gateway)


def _present(connection: Connection, side: Side) -> list[str]:
    local, peer = cidrs_of(connection)
    return local if side == "local" else peer


def _check_addition(connection: Connection, side: Side, cidr: str, present: list[str]) -> None:
    try:
        parse_cidr(cidr)
    except CidrError as error:
        raise Invalid([Violation("vpn_connection_cidr_not_valid", "cidr", str(error))]) from None
    name = f"{side}_cidrs"
    added: dict[str, Any] = {name: (*present, cidr)}
    draft = replace(draft_of(connection), **added)
    if broken := update_violations(connection, draft, {DECLARED[name].topic}):
        raise Invalid([v._replace(field="cidr") for v in broken])
