"""VPN connections as the seed's samples show them, with the later additions (contract 3.2, 9.3)."""

from __future__ import annotations

from typing import Any

from console.api.links import Links, stamp
from policies.api.bodies import policy_reference
from vpn.models import Connection
from vpn.services.connections import cidrs_of

MASK = "********"


def connection_body(connection: Connection, links: Links, *, shows_key: bool) -> dict[str, Any]:
    """Besides the spec and the exporters the only place that opens pre-shared keys.

    The row's policies and CIDRs come with it. Without `shows_key` the key is masked.
    """
    ident = str(connection.pk)
    local, peer = cidrs_of(connection)
    body: dict[str, Any] = {
        "id": ident,
        "name": connection.name,
        "href": links.href(f"vpn_gateways/{connection.gateway_id}/connections", ident),
        "local_cidrs": local,
        "peer_cidrs": peer,
        "peer_address": connection.peer_address,
        "admin_state_up": connection.admin_state_up,
        "psk": connection.open_psk() if shows_key else MASK,
        "dead_peer_detection": {
            "action": connection.dpd_action,
            "interval": connection.dpd_interval,
            "timeout": connection.dpd_timeout,
        },
        "created_at": stamp(connection.created_at),
        "route_mode": "policy",
        "authentication_mode": "psk",
        "status": connection.status,
        "status_reasons": connection.status_reasons,
        "mode": "policy",
        "resource_type": "vpn_gateway_connection",
        "establish_mode": connection.establish_mode,
    }
    # Older clients cannot read null: what is not there is left out (contract 9.5).
    if connection.ike_policy is not None:
        body["ike_policy"] = policy_reference(connection.ike_policy, links)
    if connection.ipsec_policy is not None:
        body["ipsec_policy"] = policy_reference(connection.ipsec_policy, links)
    return body
