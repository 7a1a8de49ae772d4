"""What pages show of gateways and connections: rows with their words worked out."""

from __future__ import annotations

from dataclasses import dataclass

from vpn.models import Connection, Gateway
from vpn.services.connections import cidrs_of, connections_of


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
