"""What pages show of gateways and connections: rows with their words worked out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vpn.models import Connection, Gateway, Tunnel
from vpn.services.connections import cidrs_of, connections_of

HISTORY = 20


@dataclass(frozen=True, slots=True)
class ConnectionShown:
    """A connection with its word: up, down or disabled."""

    row: Connection
    local: list[str]
    peer: list[str]

    @property
    def word(self) -> str:
        return self.row.status if self.row.admin_state_up else "disabled"

    @property
    def waits(self) -> bool:
        """Down without a reason yet."""
        return self.word == "down" and not self.row.status_reasons


@dataclass(frozen=True, slots=True)
class GatewayShown:
    """A gateway of the list: `up` of its `total` connections carry traffic."""

    row: Gateway
    up: int
    total: int

    @property
    def word(self) -> str:
        return word_of(self.row)


def word_of(gateway: Gateway) -> str:
    """The generation 1 status, but `degraded` is told: it is what needs attention."""
    if gateway.status == "available" and gateway.health_state == "degraded":
        return "degraded"
    return gateway.status


def shown_connections(gateway: Gateway) -> list[ConnectionShown]:
    rows = connections_of(gateway).order_by("created_at", "id")
    return [shown_connection(row) for row in rows]


def shown_connection(row: Connection) -> ConnectionShown:
    local, peer = cidrs_of(row)
    return ConnectionShown(row, local, peer)


def gateway_live(gateway: Gateway) -> dict[str, Any]:
    """What of a gateway's page changes by itself."""
    connections = shown_connections(gateway)
    up = sum(shown.word == "up" for shown in connections)
    return {
        "gateway": gateway,
        "word": word_of(gateway),
        "members": list(gateway.members.all()),
        "connections": connections,
        "up": up,
        "history": gateway.history.select_related("connection")[:HISTORY],
        "announce": f"Gateway {gateway.name} {word_of(gateway)}, {up} of {len(connections)} connections up.",
    }


def connection_live(connection: Connection) -> dict[str, Any]:
    """What of a connection's page changes by itself."""
    shown = shown_connection(connection)
    tunnels = Tunnel.objects.filter(connection=connection).select_related("member")
    return {
        "gateway": connection.gateway,
        "connection": connection,
        "shown": shown,
        "tunnels": list(tunnels.order_by("member__index")),
        "history": connection.history.all()[:HISTORY],
        "announce": f"Connection {connection.name} {shown.word}.",
    }
