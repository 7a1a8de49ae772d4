"""Gateways and connections as pages show them: rows with their status labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch

from vpn.domain.states import label_of
from vpn.models import Connection, ConnectionCidr, Gateway
from vpn.services.connections import cidrs_of


@dataclass(frozen=True, slots=True)
class ConnectionShown:
    """A connection with its status label: up, down or disabled."""

    row: Connection
    local: list[str]
    peer: list[str]

    @property
    def word(self) -> str:
        return self.row.status if self.row.admin_state_up else "disabled"

    @property
    def is_negotiating(self) -> bool:
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
        return status_label(self.row)


def status_label(gateway: Gateway) -> str:
    deleting = gateway.deleted_at is not None
    return label_of(gateway.lifecycle_state, gateway.health_state, deleting=deleting)


def peer_gateways(account_id: UUID, addresses: Iterable[str]) -> dict[str, Gateway]:
    """The account's own gateways at these addresses, in one query."""
    known = {address for address in addresses if address}
    rows = Gateway.objects.filter(account_id=account_id, public_address__in=known, deleted_at=None)
    return {row.public_address: row for row in rows.only("name", "public_address")}


_COLUMNS = (
    *("name", "gateway_id", "peer_address", "peer_fqdn", "resolved_address", "admin_state_up", "created_at"),
    *("status", "status_reasons", "status_changed_at"),
)
_CIDRS = Prefetch("cidrs", ConnectionCidr.objects.only("connection_id", "side", "cidr"))


def shown_connections(gateway: Gateway) -> list[ConnectionShown]:
    """Reads only the columns that the table needs: there may be many rows."""
    rows = Connection.objects.filter(gateway=gateway).only(*_COLUMNS).order_by("created_at", "id")
    rows = rows.prefetch_related(_CIDRS)
    return [shown_connection(row) for row in rows]


def shown_connection(row: Connection) -> ConnectionShown:
    local, peer = cidrs_of(row)
    return ConnectionShown(row, local, peer)
