"""VPN connections in the newest form (contract section 4.4)."""

from __future__ import annotations

import json

from django.utils.crypto import salted_hmac

from vpn.models import Connection
from vpn.services.connections import cidrs_of


def etag_of(connection: Connection) -> str:
    """Of what was asked for: the same while only what is observed changes. Tells nothing of the key."""
    local, peer = cidrs_of(connection)
    wanted = (
        connection.name, connection.peer, connection.admin_state_up, connection.establish_mode,
        connection.dpd_action, connection.dpd_interval, connection.dpd_timeout, connection.psk_id,
        str(connection.ike_policy_id), str(connection.ipsec_policy_id), local, peer,
    )  # fmt: skip
    return f'"{salted_hmac(f"etag:{connection.pk}", json.dumps(wanted)).hexdigest()}"'
