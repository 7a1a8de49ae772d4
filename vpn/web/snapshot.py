"""What the overview reads: everything of one account, in a number of queries that never grows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Max

from console.actor import Actor
from console.models import AuditEvent
from policies.models import IKEPolicy, IPsecPolicy
from vpn.models import Connection, Gateway, Subnet, Tunnel, Vpc
from vpn.web.shown import word_of
from vpn.web.topology_lines import Link, Place, Stand

# A connection without a reason is being negotiated for so long, then it is down.
PATIENCE = timedelta(seconds=60)
_COLUMNS = (
    "id", "name", "gateway_id", "peer_address", "status", "admin_state_up", "status_reasons",
    "status_changed_at", "created_at", "psk_changed_at",
)  # fmt: skip


class Seen(NamedTuple):
    """A connection, as the columns say."""

    id: UUID
    name: str
    gateway_id: UUID
    peer_address: str
    status: str
    admin_state_up: bool
    reasons: list[dict[str, str]]
    changed_at: datetime | None
    created_at: datetime
    psk_changed_at: datetime

    def state(self, now: datetime) -> str:
        """One of topology_lines.STATES."""
        if not self.admin_state_up:
            return "disabled"
        if self.status == "up":
            return "partly" if self.reasons else "up"
        fresh = now - (self.changed_at or self.created_at) < PATIENCE
        return "negotiating" if fresh and not self.reasons else "down"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`suites` holds what was negotiated for each connection that is up."""

    now: datetime
    vpcs: list[Vpc]
    subnets: list[Subnet]
    gateways: list[Gateway]
    connections: list[Seen]
    suites: dict[UUID, list[dict[str, Any]]]
    policies: tuple[int, int]

    def places(self) -> list[Place]:
        vpcs = [Place(vpc.pk, vpc.name) for vpc in self.vpcs]
        return vpcs + [Place(s.pk, s.name, s.vpc_id, s.ipv4_cidr_block) for s in self.subnets]

    def stands(self) -> list[Stand]:
        return [Stand(g.pk, g.name, word_of(g), g.public_address, g.subnet_id) for g in self.gateways]

    def links(self) -> list[Link]:
        return [Link(c.id, c.name, c.gateway_id, c.peer_address, c.state(self.now)) for c in self.connections]


def stamp_of(actor: Actor, now: datetime) -> str:
    """Changes with everything the overview shows, and once a minute for what only time changes."""
    seen = Gateway.objects.owned_by(actor).order_by("pk").values_list("pk", "stamp")
    last = AuditEvent.objects.filter(account_id=actor.account_id).aggregate(last=Max("id"))["last"]
    text = f"{int(now.timestamp()) // 60} {last} {list(seen)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def take(actor: Actor, now: datetime) -> Snapshot:
    vpcs = list(Vpc.objects.owned_by(actor).order_by("name"))
    subnets = list(Subnet.objects.owned_by(actor).order_by("name"))
    gateways = list(Gateway.objects.owned_by(actor).order_by("name", "pk"))
    rows = Connection.objects.owned_by(actor).order_by("name", "pk").values_list(*_COLUMNS)
    connections = [Seen(*row) for row in rows]
    policies = (IKEPolicy.objects.owned_by(actor).count(), IPsecPolicy.objects.owned_by(actor).count())
    return Snapshot(now, vpcs, subnets, gateways, connections, _suites(actor), policies)


def _suites(actor: Actor) -> dict[UUID, list[dict[str, Any]]]:
    rows = Tunnel.objects.filter(connection__account_id=actor.account_id, status="up")
    found: dict[UUID, list[dict[str, Any]]] = {}
    for ident, negotiated in rows.values_list("connection_id", "negotiated"):
        if negotiated:
            found.setdefault(ident, []).append(negotiated)
    return found
