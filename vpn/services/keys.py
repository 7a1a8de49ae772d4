"""Showing the pre-shared key that is set; every time stands in the audit trail."""

from __future__ import annotations

from uuid import UUID

from console.actor import Actor, Role
from console.audit import record
from console.services.change import change
from vpn.domain.spec import Secret
from vpn.services.connections import get_connection


def reveal_key(actor: Actor, gateway_id: UUID, connection_id: UUID) -> Secret:
    """For editors. Raises NotAllowed, NotFound, console.encryption.DecryptionError."""
    with change(actor, Role.EDITOR):
        connection = get_connection(actor, gateway_id, connection_id)
        record(actor, "vpn_connection.reveal_key", connection, {})
        return Secret(connection.psk_id, connection.open_psk())
