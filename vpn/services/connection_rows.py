"""Writes validated drafts of connections to their rows."""

from __future__ import annotations

from django.utils import timezone

from vpn.domain.cidrs import bounds, parse_cidr
from vpn.domain.connection_drafts import DECLARED, ConnectionDraft
from vpn.models import Connection, ConnectionCidr
from vpn.services.connection_drafts import Policies


def new_cidr(connection: Connection, side: str, cidr: str) -> ConnectionCidr:
    """Not saved. `cidr` is valid."""
    network = parse_cidr(cidr)
    first, last = bounds(network)
    return ConnectionCidr(connection=connection, side=side, cidr=str(network), first=first, last=last)


def apply_draft(
    connection: Connection, before: ConnectionDraft, after: ConnectionDraft, policies: Policies
) -> None:
    """Saves the values of `after`; the key only if it changed."""
    fill_row(connection, after)
    connection.ike_policy, connection.ipsec_policy = policies.ike, policies.ipsec
    new_key = after.psk if after.psk != before.psk else None
    if new_key is not None:
        connection.seal_psk(new_key)
        connection.psk_changed_at = timezone.now()
    # An unchanged key is not saved, because a rotation of keys may be writing it at the same time.
    key = ["psk_sealed", "psk_id", "psk_changed_at"] if new_key is not None else []
    changeable = [name for name, one in DECLARED.items() if one.column and not one.fixed]
    resolved = ["resolved_address", "resolved_addresses"]
    connection.save(update_fields=[*changeable, *resolved, "ike_policy", "ipsec_policy", *key])


def fill_row(connection: Connection, draft: ConnectionDraft) -> None:
    """Sets all columns except policies and key; does not save."""
    if connection.peer_fqdn != draft.peer_fqdn:
        # The resolver looks up the new name.
        connection.resolved_address, connection.resolved_addresses = None, []
    for name, declaration in DECLARED.items():
        if declaration.column:
            setattr(connection, name, declaration.store(getattr(draft, name)))


def etag_values(connection: Connection) -> list[object]:
    """Everything that was requested, as JSON values: unchanged while only observations change. Reveals
    nothing about the key."""
    columns = [getattr(connection, name) for name, declaration in DECLARED.items() if declaration.column]
    policies = [str(connection.ike_policy_id), str(connection.ipsec_policy_id)]
    cidrs = [(row.side, row.cidr) for row in connection.cidrs.all()]
    return [*columns, connection.psk_id, *policies, cidrs]
