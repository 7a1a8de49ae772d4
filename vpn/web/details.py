"""The context of the pages of one gateway and one connection; the number of queries is constant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from policies.domain.algorithms import swan_group, swan_keyword
from policies.domain.proposals import Proposal
from vpn.domain.keys import key_advice
from vpn.domain.suites import (
    CLAMPED_MSS,
    TUNNEL_MTU,
    EffectiveMtu,
    SuiteDescription,
    Weak,
    describe_suite,
    effective_mtu,
    weak_in_esp,
    weak_in_ike,
)
from vpn.models import Connection, Gateway, Node, Tunnel
from vpn.services.peer_diff import differences_at
from vpn.web.connections.charts import timeline, traffic_chart
from vpn.web.shown import ConnectionShown, peer_gateways, shown_connection, shown_connections, status_label

HISTORY = 8


@dataclass(frozen=True, slots=True)
class TunnelShown:
    """A connection on one member, with the names of its suites."""

    row: Tunnel

    @property
    def number(self) -> int:
        return self.row.member.index + 1

    @property
    def is_standby(self) -> bool:
        """Whether this is a standby: everything is loaded and nothing is up."""
        return self.row.member.role == "standby" and self.row.status == "down"

    @property
    def ike(self) -> SuiteDescription:
        return describe_suite(self.row.negotiated.get("ike_suite", ""))

    @property
    def esp(self) -> SuiteDescription:
        return describe_suite(self.row.negotiated.get("esp_suite", ""))

    @property
    def weak_ike(self) -> tuple[Weak, ...]:
        agreed = self.row.negotiated
        return weak_in_ike(agreed.get("ike_suite", ""), agreed.get("ike_version", 0))

    @property
    def weak_esp(self) -> tuple[Weak, ...]:
        return weak_in_esp(self.row.negotiated.get("esp_suite", ""))


@dataclass(frozen=True, slots=True)
class PacketAdvice:
    """The packet sizes of the tunnel. `basis` names the suite that they are for."""

    effective: EffectiveMtu
    basis: str
    udp: bool
    clamped: bool
    simulated: bool
    clamp: int = CLAMPED_MSS
    tunnel: int = TUNNEL_MTU


def packet_advice(connection: Connection, tunnels: list[TunnelShown], esp: str) -> PacketAdvice | None:
    """For the negotiated suite; until then, for the offered suite with the smallest MTU."""
    negotiated = next((t.row.negotiated for t in tunnels if t.row.status == "up" and t.row.negotiated), None)
    if negotiated:
        suite, udp = negotiated["esp_suite"], bool(negotiated["nat"])
        left = effective_mtu(suite, udp=udp)
        basis = f"{describe_suite(suite)}, as negotiated"
    else:
        policy = connection.ipsec_policy
        offer = connection.esp_offer().proposal
        sizes = [found for suite in _suites(offer) if (found := effective_mtu(suite, udp=True))]
        left, udp = min(sizes, key=lambda one: one.mtu, default=None), True
        basis = (
            f"the policy {policy.name}" if policy else "the auto-negotiated suite with the largest overhead"
        )
    return PacketAdvice(left, basis, udp, esp == "userspace", esp == "simulated") if left else None


def _suites(proposal: Proposal) -> list[str]:
    return [
        "-".join(
            (
                *(swan_keyword(word) for word in (*suite.encryption, *suite.integrity)),
                *(swan_group(group) for group in suite.groups),
            )
        )
        for suite in proposal.expand()
    ]


def connection_details(connection: Connection) -> dict[str, Any]:
    """The context of a connection's page."""
    now = timezone.now()
    shown = shown_connection(connection)
    rows = Tunnel.objects.filter(connection=connection).select_related("member")
    tunnels = [TunnelShown(row) for row in rows.order_by("member__index")]
    peer = peer_gateways(connection.account_id, [connection.address]).get(connection.address)
    troubled = peer is not None and connection.admin_state_up and connection.status_reasons
    counterpart, differences = differences_at(connection, peer) if peer and troubled else (None, [])
    esp = Node.objects.filter(name=connection.gateway.node).values_list("esp", flat=True).first() or ""
    return {
        "gateway": connection.gateway,
        "connection": connection,
        "peer_gateway": peer,
        "counterpart": counterpart,
        "differences": differences,
        "shown": shown,
        "tunnels": tunnels,
        "evidence": _evidence(connection, tunnels),
        "packets": packet_advice(connection, tunnels, esp),
        "key": key_advice(now - connection.psk_changed_at),
        "chart": traffic_chart(connection, now),
        "timeline": timeline(connection, now),
        "history": list(connection.history.all()[:HISTORY]),
        "announce": _announcement(connection, shown),
    }


def _announcement(connection: Connection, shown: ConnectionShown) -> str:
    why = " ".join(reason["message"] for reason in connection.status_reasons) if shown.word == "down" else ""
    return f"Connection {connection.name} {shown.word}. {why}".strip()


def _evidence(connection: Connection, tunnels: list[TunnelShown]) -> list[tuple[str, str | datetime]]:
    """The evidence for the reasons, as far as the drivers report it."""
    members = [f"member {t.number} ({t.row.member.role})" for t in tunnels if t.row.reasons]
    evidence: list[tuple[str, str | datetime]] = [("Observed on", ", ".join(members))] if members else []
    ends = f"{connection.gateway.public_address} to {connection.peer}"
    evidence.append(("Path", f"UDP 500 and 4500, {ends}"))
    return [*evidence, ("Since", connection.status_changed_at or connection.created_at)]


def gateway_details(gateway: Gateway) -> dict[str, Any]:
    """The context of a gateway's page."""
    connections = shown_connections(gateway)
    up = sum(shown.word == "up" for shown in connections)
    word = status_label(gateway)
    return {
        "gateway": gateway,
        "word": word,
        "members": list(gateway.members.all()),
        "connections": connections,
        "up": up,
        "history": list(gateway.history.select_related("connection")[:HISTORY]),
        "announce": f"Gateway {gateway.name} {word}, {up} of {len(connections)} connections up.",
    }
