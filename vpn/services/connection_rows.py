"""From drafts of connections, which have passed the rules, to their rows."""

from __future__ import annotations

from django.utils import timezone

from vpn.domain.cidrs import bounds, parse_cidr
from vpn.domain.connection_drafts import DECLARED, ConnectionDraft
from vpn.models import Connection, ConnectionCidr
from vpn.services.connection_drafts import Policies


def new_cidr(connection: Connection, side: str, cidr: str) -> ConnectionCidr:
    """Not saved. `cidr` has passed the rules."""
    network = parse_cidr(cidr)
    first, last = bounds(network)
    return ConnectionCidr(connection=connection, side=side, cidr=str(network), first=first, last=last)


def apply_draft(
    connection: Connection, before: ConnectionDraft, after: ConnectionDraft, policies: Policies
) -> None:
    """Saves what `after` has and `before` had not."""
    fill_row(connection, after)
    connection.ike_policy, connection.ipsec_policy = policies.ike, policies.ipsec
    new_key = after.psk if after.psk != before.psk else None
    if new_key is not None:
        connection.seal_psk(new_key)
        connection.psk_changed_at = timezone.now()
    # The sealed key only when it is a new one: a rotation of keys may be writing it right now.
    key = ["psk_sealed", "psk_id", "psk_changed_at"] if new_key is not None else []
    changeable = [name for name, one in DECLARED.items() if one.column and not one.fixed]
    resolved = ["resolved_address", "resolved_addresses"]
    connection.save(update_fields=[*changeable, *resolved, "ike_policy", "ipsec_policy", *key])


def fill_row(connection: Connection, draft: ConnectionDraft) -> None:
    """All columns but policies and key; not saved."""
    if connection.peer_fqdn != draft.peer_fqdn:
        # The worker finds out where the new name leads.
        connection.resolved_address, connection.resolved_addresses = None, []
    for name, declaration in DECLARED.items():
        if declaration.column:
            setattr(connection, name, declaration.store(getattr(draft, name)))


def etag_values(connection: Connection) -> list[object]:
    """Everything that was asked for, as JSON: the same while only what is observed changes. Tells nothing
    of the key."""
    columns = [getattr(connection, name) for name, declaration in DECLARED.items() if declaration.column]
    policies = [str(connection.ike_policy_id), str(connection.ipsec_policy_id)]
    cidrs = [(row.side, row.cidr) for row in connection.cidrs.all()]
    return [*columns, connection.psk_id, *policies, cidrs]
