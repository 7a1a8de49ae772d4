"""The data of the overview: all of one account, in a constant number of queries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from console.core.actor import Actor
from vpn.models import Connection, Gateway, Subnet, Tunnel, Vpc
from vpn.web.overview.topology_lines import GatewayPosition, Link, Location
from vpn.web.shown import status_label

# How long a connection without a reason counts as negotiating; then it is down.
NEGOTIATION_TIME = timedelta(seconds=60)
KEY_IS_OLD = timedelta(days=365)


class ConnectionSummary(NamedTuple):
    """A connection; `state` is one of topology_lines.STATES.

    Reasons and the time of the last change are read only for connections that are not simply up.
    """

    id: UUID
    name: str
    gateway_id: UUID
    peer: str
    state: str
    reasons: list[dict[str, str]]
    changed_at: datetime | None


class Suite(NamedTuple):
    """What was negotiated."""

    ike_version: str
    ike: str
    esp: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`old_keys`: when the key was set, for connections with keys older than KEY_IS_OLD."""

    now: datetime
    vpcs: list[Vpc]
    subnets: list[Subnet]
    gateways: list[Gateway]
    connections: list[ConnectionSummary]
    old_keys: dict[UUID, datetime]

    def places(self) -> list[Location]:
        vpcs = [Location(vpc.pk, vpc.name) for vpc in self.vpcs]
        return vpcs + [Location(s.pk, s.name, s.vpc_id, s.ipv4_cidr_block) for s in self.subnets]

    def positions(self) -> list[GatewayPosition]:
        return [
            GatewayPosition(g.pk, g.name, status_label(g), g.public_address, g.subnet_id)
            for g in self.gateways
        ]

    def links(self) -> list[Link]:
        return [Link(c.id, c.name, c.gateway_id, c.peer, c.state) for c in self.connections]


def take_snapshot(actor: Actor, now: datetime) -> Snapshot:
    vpcs = list(Vpc.objects.owned_by(actor).order_by("name"))
    subnets = list(Subnet.objects.owned_by(actor).order_by("name"))
    gateways = list(Gateway.objects.owned_by(actor).order_by("name", "pk"))
    mine = Connection.objects.owned_by(actor)
    old = mine.filter(psk_changed_at__lt=now - KEY_IS_OLD).values_list("pk", "psk_changed_at")
    return Snapshot(now, vpcs, subnets, gateways, _connections(mine, now), dict(old))


def _connections(mine: QuerySet[Connection], now: datetime) -> list[ConnectionSummary]:
    troubled = mine.filter(admin_state_up=True).exclude(status="up", status_reasons=[])
    columns = ("pk", "status_reasons", "status_changed_at", "created_at")
    trouble = {ident: (why, changed, made) for ident, why, changed, made in troubled.values_list(*columns)}
    found = []
    wanted = ("pk", "name", "gateway_id", "peer_address", "peer_fqdn", "status", "admin_state_up")
    rows = mine.order_by("name", "pk").values_list(*wanted)
    for ident, name, gateway, address, fqdn, status, enabled in rows:
        reasons, changed, created = trouble.get(ident, ([], None, now))
        fresh = now - (changed or created) < NEGOTIATION_TIME and not reasons
        if not enabled:
            state = "disabled"
        elif status == "up":
            state = "partly" if reasons else "up"
        else:
            state = "negotiating" if fresh else "down"
        found.append(ConnectionSummary(ident, name, gateway, fqdn or address, state, reasons, changed))
    return found


def suites(actor: Actor, wanted: Callable[[Suite], bool]) -> dict[UUID, list[Suite]]:
    """The suites in use that are `wanted`, by connection. The few distinct suites are read first."""
    names = ("ike_version", "ike_suite", "esp_suite")
    texts = {name: Cast(KeyTextTransform(name, "negotiated"), TextField()) for name in names}
    rows = Tunnel.objects.filter(connection__account_id=actor.account_id, status="up").annotate(**texts)
    known = [Suite(*row) for row in rows.order_by().values_list(*texts).distinct() if None not in row]
    chosen = [suite for suite in known if wanted(suite)]
    these = [Q(ike_version=s.ike_version, ike_suite=s.ike, esp_suite=s.esp) for s in chosen]
    found: dict[UUID, list[Suite]] = {}
    if these:
        for ident, *suite in rows.filter(reduce(or_, these)).values_list("connection_id", *texts):
            found.setdefault(ident, []).append(Suite(*suite))
    return found
