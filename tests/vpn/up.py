"""Tunnels that are up according to the rows, without a data plane."""

from __future__ import annotations

from typing import Any

from vpn.models import Connection, GatewayMember, Tunnel
from vpn.services.connections import cidrs_of

AGREED = {"ike_version": 2, "ike_suite": "aes256-sha256-modp2048", "esp_suite": "aes256-sha256"}


def up(row: Connection, *, pairs: list[tuple[str, str]] | None = None, **agreed: Any) -> Connection:
    """Records the tunnel as up, with all CIDR pairs installed, or only `pairs`."""
    member = GatewayMember.objects.filter(gateway=row.gateway_id).earliest("index")
    local, peer = cidrs_of(row)
    known = [(one, other) for one in local for other in peer]
    shown = [
        {
            "local": pair[0],
            "remote": pair[1],
            "state": "installed" if pairs is None or pair in pairs else "down",
            **dict.fromkeys(("bytes_in", "bytes_out", "packets_in", "packets_out"), 0),
            **dict.fromkeys(("spi_in", "spi_out"), ""),
        }
        for pair in known
    ]
    whole = {"nat": False, "established_at": "2026-01-01T12:00:00+00:00", "rekey_at": None}
    fields = {"status": "up", "negotiated": AGREED | whole | agreed, "pairs": shown, "reasons": []}
    Tunnel.objects.update_or_create(connection=row, member=member, defaults=fields)
    Connection.objects.filter(pk=row.pk).update(status="up")
    return row
