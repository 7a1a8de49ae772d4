"""VPN connections as the seed's samples show them, with the later additions (contract 3.2, 9.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from console.api.links import Links, stamp
from policies.api.bodies import policy_reference
from vpn.models import Connection, ConnectionCidr
from vpn.services.connections import cidrs_of

MASK = "********"


def connection_body(connection: Connection, links: Links, *, shows_key: bool) -> dict[str, Any]:
    """The row's policies come with it. Without `shows_key` the pre-shared key is masked."""
    return _body(connection, *cidrs_of(connection), links, shows_key=shows_key)


def connection_bodies(
    connections: Iterable[Connection], links: Links, *, shows_key: bool
) -> list[dict[str, Any]]:
    """As `connection_body`, with one query for the CIDRs of all of them."""
    rows = list(connections)
    local: dict[UUID, list[str]] = defaultdict(list)
    peer: dict[UUID, list[str]] = defaultdict(list)
    cidrs = ConnectionCidr.objects.filter(connection__in=[r.pk for r in rows])
    for ident, side, cidr in cidrs.order_by("id").values_list("connection_id", "side", "cidr"):
        (local if side == ConnectionCidr.LOCAL else peer)[ident].append(cidr)
    return [_body(row, local[row.pk], peer[row.pk], links, shows_key=shows_key) for row in rows]


def _body(
    connection: Connection, local: list[str], peer: list[str], links: Links, *, shows_key: bool
) -> dict[str, Any]:
    """Besides the spec and the exporters the only place that opens pre-shared keys."""
    ident = str(connection.pk)
    body: dict[str, Any] = {
        "id": ident,
        "name": connection.name,
        "href": links.href(f"vpn_gateways/{connection.gateway_id}/connections", ident),
        "local_cidrs": local,
        "peer_cidrs": peer,
        "peer_address": connection.peer_address,
        "admin_state_up": connection.admin_state_up,
        "psk": (connection.known_psk() if shows_key else None) or MASK,
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
