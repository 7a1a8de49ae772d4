"""Compares a connection with its other end, if that belongs to the same account."""

from __future__ import annotations

from vpn.domain.peer_diff import Difference, End, differences
from vpn.models import Connection, Gateway
from vpn.services.connection_drafts import draft_of
from vpn.services.connections import cidrs_of


def differences_at(connection: Connection, peer: Gateway) -> tuple[Connection | None, list[Difference]]:
    """The connection of `peer` back to this gateway, and the differences that prevent a tunnel.

    Of several it is the one whose CIDRs fit best; None when none leads back.
    """
    back = Connection.objects.filter(gateway=peer).select_related("gateway", "ike_policy", "ipsec_policy")
    address = connection.gateway.public_address
    rows = [row for row in back.prefetch_related("cidrs") if row.address == address]
    wanted = {*cidrs_of(connection)[0], *cidrs_of(connection)[1]}
    rows.sort(key=lambda row: -len(wanted & {cidr.cidr for cidr in row.cidrs.all()}))
    if not rows:
        return None, []
    return rows[0], differences(_end(connection), _end(rows[0]))


def _end(row: Connection) -> End:
    return End(
        draft=draft_of(row),
        esp=row.esp_offer(),
        local_identity=row.local_identity_text(),
        peer_identity=row.peer_identity_text(),
    )
