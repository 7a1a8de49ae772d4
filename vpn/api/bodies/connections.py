"""VPN connections in the newest form (contract section 4.4)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils.crypto import salted_hmac

from console.core.api.links import Links, format_timestamp
from policies.api.bodies import policy_reference
from vpn.domain.checks.connections import MASK
from vpn.models import Connection, ConnectionCidr
from vpn.services.connections import cidrs_of


def connection_body(connection: Connection, links: Links, *, shows_key: bool) -> dict[str, Any]:
    """The row's gateway and policies come with it. Without `shows_key` the pre-shared key is masked."""
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
        "local": {
            "cidrs": local,
            "ike_identities": [_identity(connection.local_identity, connection.gateway.public_address)],
        },
        "peer": _peer(connection, peer),
        "admin_state_up": connection.admin_state_up,
        "psk": (connection.known_psk() if shows_key else None) or MASK,
        "dead_peer_detection": {
            "action": connection.dpd_action,
            "interval": connection.dpd_interval,
            "timeout": connection.dpd_timeout,
        },
        "created_at": format_timestamp(connection.created_at),
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


def _peer(connection: Connection, cidrs: list[str]) -> dict[str, Any]:
    """Known by its address or by its name, which names it in IKE too."""
    given = connection.peer_identity
    if not connection.peer_fqdn:
        identity = _identity(given, connection.address)
        return {"type": "address", "address": connection.address, "cidrs": cidrs, "ike_identity": identity}
    identity = given or {"type": "fqdn", "value": connection.peer_fqdn}
    body = {"type": "fqdn", "fqdn": connection.peer_fqdn, "cidrs": cidrs, "ike_identity": identity}
    # Our addition: where the name leads now.
    return body | ({"address": connection.address} if connection.address else {})


def _identity(given: dict[str, str] | None, address: str) -> dict[str, str]:
    """The one that was set, else the address of its side."""
    return given or {"type": "ipv4_address", "value": address}


def etag_of(connection: Connection) -> str:
    """Of what was asked for: the same while only what is observed changes. Tells nothing of the key."""
    local, peer = cidrs_of(connection)
    wanted = (
        connection.name, connection.peer, connection.admin_state_up, connection.establish_mode,
        connection.dpd_action, connection.dpd_interval, connection.dpd_timeout, connection.psk_id,
        str(connection.ike_policy_id), str(connection.ipsec_policy_id), local, peer,
    )  # fmt: skip
    return f'"{salted_hmac(f"etag:{connection.pk}", json.dumps(wanted)).hexdigest()}"'
