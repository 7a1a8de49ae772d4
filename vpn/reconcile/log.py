"""Copies a tunnel's recent log to the cache, where pages can read it.

Only the worker on the gateway's host can read the log. So a page sends it a request, and the worker stores
the log in the shared cache, where it expires.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone

from console.core.encryption import DecryptionError
from vpn.domain.log import KeptLog, MemberLog, log_key, redacted
from vpn.domain.peers import peers
from vpn.domain.spec import GatewaySpec
from vpn.drivers.base import Driver, DriverError
from vpn.models import Connection
from vpn.reconcile.desired import load_gateway, spec_for
from vpn.reconcile.driver import load_driver

LINES = 100
KEPT_SECONDS = 300


def keep_log(connection_id: UUID, *, driver: Driver | None = None) -> None:
    """Store what the members' logs say about one connection's peer, for KEPT_SECONDS."""
    gateway_id = Connection.objects.filter(pk=connection_id).values_list("gateway_id", flat=True).first()
    gateway = load_gateway(gateway_id) if gateway_id else None
    if gateway is None:
        return
    kept = KeptLog(at=timezone.now().isoformat(), fault="", members=[])
    try:
        kept["members"] = _read(spec_for(gateway), connection_id, driver or load_driver())
    except (DecryptionError, DriverError) as error:
        kept["fault"] = str(error)
    cache.set(log_key(connection_id), kept, KEPT_SECONDS)


def _read(spec: GatewaySpec, connection_id: UUID, driver: Driver) -> list[MemberLog]:
    # A disabled connection has no peer in the spec; its peer's name is still in the log.
    mine = tuple(replace(c, enabled=True) for c in spec.connections if c.id == connection_id)
    secrets = {connection.psk.open() for connection in mine}
    found = []
    for peer in peers(replace(spec, connections=mine, deleted=False)):
        for member in spec.members:
            lines = redacted(driver.log(member, peer.name, peer.peer_address, LINES), secrets)
            plain = [[line.at.isoformat() if line.at else "", line.group, line.text] for line in lines]
            found.append(MemberLog(index=member.index, lines=plain))
    return found
