"""From drafts of connections, which have passed the rules, to their rows."""

from __future__ import annotations

from django.utils import timezone

from vpn.domain.cidrs import bounds, parse_cidr
from vpn.domain.connection_drafts import ConnectionDraft
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
    wanted = [
        "name", "peer_address", "peer_fqdn", "resolved_address", "resolved_addresses", "admin_state_up",
        "dpd_action", "dpd_interval", "dpd_timeout", "establish_mode", "ike_policy", "ipsec_policy", *key,
    ]  # fmt: skip
    connection.save(update_fields=wanted)


def fill_row(connection: Connection, draft: ConnectionDraft) -> None:
    """All columns but policies and key; not saved."""
    connection.name = draft.name
    connection.peer_address = draft.peer_address or None
    if connection.peer_fqdn != draft.peer_fqdn:
        # The worker finds out where the new name leads.
        connection.peer_fqdn, connection.resolved_address = draft.peer_fqdn, None
        connection.resolved_addresses = []
    connection.admin_state_up = draft.admin_state_up
    connection.dpd_action = draft.dead_peer_detection.action
    connection.dpd_interval = draft.dead_peer_detection.interval
    connection.dpd_timeout = draft.dead_peer_detection.timeout
    connection.establish_mode = draft.establish_mode
    connection.local_identity = draft.local_identity.body() if draft.local_identity else None
    connection.peer_identity = draft.peer_identity.body() if draft.peer_identity else None
    connection.api_generation = draft.api_generation
