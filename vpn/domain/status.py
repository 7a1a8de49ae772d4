"""The status that pages and the API report, derived from spec and state; pure.

A connection is `up` if one of its CIDR pairs is installed on a running member (the API has no status in
between). The reasons of one that is up report pairs that are missing or were narrowed by the peer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from vpn.domain.actions import Initiate, ProbePeer, Release, Terminate
from vpn.domain.failover import choose_active
from vpn.domain.liveness import is_not_responding
from vpn.domain.peers import PeerSpec, child_name, peers
from vpn.domain.plan import plan
from vpn.domain.reasons import UNANSWERED, Code, cidr_mismatch, reason, unresolved
from vpn.domain.spec import ConnectionSpec, GatewaySpec, MemberRole, MemberSpec, Selector
from vpn.domain.state import ChildState, GatewayState, MemberState, Reason, SaState
from vpn.domain.states import HealthState, LifecycleState

# Consecutive failures of the driver after which a gateway that never worked is `failed`.
FAILED_AFTER = 5
# Consecutive failures after which one that worked is `degraded`: a single one may be transient.
DEGRADED_AFTER = 2
# Pairs of one peer come up one after the other; seconds until a missing one is reported.
SETTLED_AFTER = 10
_WAITING = (
    "This side only responds (establish_mode peer_only), and the peer has not initiated the tunnel. One "
    "side must be bidirectional."
)


@dataclass(frozen=True, slots=True)
class PairStatus:
    """One CIDR pair on one member; counters since its installation. `state` is installed or down;
    `rekey_in` in seconds."""

    local: str
    remote: str
    state: str
    spi_in: str = ""
    spi_out: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    packets_in: int = 0
    packets_out: int = 0
    rekey_in: int | None = None

    @property
    def installed(self) -> bool:
        return self.state == "installed"


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What was negotiated; suites are written like aes256-sha256-modp2048. `older` as in `LoadedPeer`."""

    ike_version: int
    ike_suite: str
    esp_suite: str
    nat: bool
    established_at: datetime
    rekey_in: int | None
    older: bool = False


@dataclass(frozen=True, slots=True)
class TunnelStatus:
    """One connection on one member."""

    connection_id: UUID
    member_id: UUID
    status: str
    reasons: tuple[Reason, ...]
    negotiated: Negotiated | None
    pairs: tuple[PairStatus, ...]


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """`status` is up or down; `tunnels` in order of the members."""

    id: UUID
    status: str
    reasons: tuple[Reason, ...]
    tunnels: tuple[TunnelStatus, ...]


@dataclass(frozen=True, slots=True)
class MemberStatus:
    id: UUID
    role: MemberRole
    health_state: HealthState
    health_reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """Contract sections 6.1 to 6.4."""

    lifecycle_state: LifecycleState
    health_state: HealthState
    lifecycle_reasons: tuple[Reason, ...] = ()
    health_reasons: tuple[Reason, ...] = ()
    members: Mapping[UUID, MemberStatus] = field(default_factory=dict)
    connections: Mapping[UUID, ConnectionStatus] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """The status in API generation 1 (contract section 1.3): available also if degraded."""
        if self.lifecycle_state is LifecycleState.STABLE:
            return "failed" if self.health_state is HealthState.FAULTED else "available"
        return self.lifecycle_state.value


def derive_status(
    spec: GatewaySpec,
    state: GatewayState,
    *,
    now: datetime,
    provisioned: bool = False,
    failures: int = 0,
    failure: str = "",
) -> GatewayStatus:
    """`provisioned`: the gateway was stable once and does not become pending again.

    `failures` counts the driver's consecutive failures, `failure` is the message of the last one.
    """
    why: tuple[Reason, ...] = ()
    if spec.deleted:
        lifecycle = LifecycleState.DELETING
    elif provisioned or is_applied(spec, state, now=now):
        lifecycle = LifecycleState.STABLE
    elif failures >= FAILED_AFTER:
        lifecycle, why = LifecycleState.FAILED, (reason(Code.INTERNAL_ERROR, failure),)
    else:
        lifecycle = LifecycleState.PENDING
    active = choose_active(spec.members, state.members)
    members = {m.id: _member(m, state, lifecycle, m.id == active) for m in spec.members}
    health, health_why = _health(lifecycle, members, failure if failures >= DEGRADED_AFTER else "")
    by_connection = {child.connection_id: peer for peer in peers(spec) for child in peer.children}
    connections = {c.id: _connection(c, by_connection.get(c.id), spec, state) for c in spec.connections}
    return GatewayStatus(lifecycle, health, why, health_why, members, connections)


def is_applied(spec: GatewaySpec, state: GatewayState, *, now: datetime) -> bool:
    """Whether every member runs with its network and its peers configured: only tunnels may be missing."""
    return all(
        isinstance(step.action, Initiate | Terminate | ProbePeer | Release)
        for step in plan(spec, state, now=now).steps
    )


def _member(member: MemberSpec, state: GatewayState, lifecycle: LifecycleState, chosen: bool) -> MemberStatus:
    seen = state.members.get(member.id, MemberState(member.id))
    role = seen.role or (MemberRole.ACTIVE if chosen else MemberRole.STANDBY)
    if lifecycle is not LifecycleState.STABLE:
        return MemberStatus(member.id, role, HealthState.INAPPLICABLE)
    if seen.running and not seen.drift:
        return MemberStatus(member.id, role, HealthState.OK)
    fault = "is not running; it is being restarted"
    if seen.running:
        fault = f"lost its {seen.drift}, or they were changed by another program; they are being restored"
    why = reason(Code.INTERNAL_ERROR, f"Member {member.index + 1} {fault}.")
    return MemberStatus(member.id, role, HealthState.FAULTED, (why,))


def _health(
    lifecycle: LifecycleState, members: Mapping[UUID, MemberStatus], refusal: str
) -> tuple[HealthState, tuple[Reason, ...]]:
    """`refusal`: why the last change could not be applied to the members, empty if it was."""
    if lifecycle is not LifecycleState.STABLE:
        return HealthState.INAPPLICABLE, ()
    reasons = tuple(why for member in members.values() for why in member.health_reasons)
    if refusal:
        text = f"A change could not be applied and is retried: {refusal}"
        reasons = (*reasons, reason(Code.INTERNAL_ERROR, text))
    faulted = sum(member.health_state is HealthState.FAULTED for member in members.values())
    if not reasons:
        return HealthState.OK, ()
    return (HealthState.FAULTED if faulted == len(members) else HealthState.DEGRADED), reasons


def _connection(
    connection: ConnectionSpec, peer: PeerSpec | None, spec: GatewaySpec, state: GatewayState
) -> ConnectionStatus:
    tunnels = tuple(
        _tunnel(connection, peer, state.members.get(member.id, MemberState(member.id)), state.at)
        for member in spec.members
    )
    if connection.enabled and not connection.peer_address:
        why = unresolved(connection.peer_name, connection.name_fault)
        return ConnectionStatus(connection.id, "down", (why,), tunnels)
    up = any(tunnel.status == "up" for tunnel in tunnels)
    relevant = [tunnel for tunnel in tunnels if not up or tunnel.status == "up"]
    reasons = tuple(dict.fromkeys(why for tunnel in relevant for why in tunnel.reasons))
    # A standby that is not running, or an old failure on it, does not explain the connection.
    if not up and peer is not None and not any(m.running for m in state.members.values()):
        reasons = (reason(Code.INTERNAL_ERROR, "No member of the gateway is running."),)
    if not up and peer is not None and not reasons and not connection.initiate:
        reasons = (reason(Code.PEER_NOT_RESPONDING, _WAITING),)
    return ConnectionStatus(connection.id, "up" if up else "down", reasons, tunnels)


def _tunnel(
    connection: ConnectionSpec, peer: PeerSpec | None, member: MemberState, at: datetime
) -> TunnelStatus:
    sas = [sa for sa in member.sas if peer is not None and member.running and sa.peer == peer.name]
    children = _installed(sas)
    found = [(s, children.get(child_name(connection.id, s))) for s in connection.selectors]
    pairs = tuple(_pair(selector, hit[1] if hit else None) for selector, hit in found)
    carrier = next((hit for _, hit in found if hit), None)
    if peer is None:
        reasons: tuple[Reason, ...] = ()
    elif carrier is None:
        failed = member.failures.get(peer.name) if member.role is not MemberRole.STANDBY else None
        reasons = (failed,) if failed else ()
    else:
        hits = {selector: hit[1] if hit else None for selector, hit in found}
        reasons = _shortfall(hits, carrier[0], member.failures.get(peer.name))
        if is_not_responding(member.silences.get(peer.name), sas, at):
            reasons = (reason(Code.PEER_NOT_RESPONDING, UNANSWERED), *reasons)
    older = bool(peer and (loaded := member.loaded.get(peer.name)) and loaded.older)
    negotiated = _negotiated(*carrier, at, older=older) if carrier else None
    return TunnelStatus(connection.id, member.id, "up" if carrier else "down", reasons, negotiated, pairs)


def _installed(sas: list[SaState]) -> dict[str, tuple[SaState, ChildState]]:
    """The newest installed child of each name, with its IKE SA."""
    found: dict[str, tuple[SaState, ChildState]] = {}
    for sa in sas:
        for child in sa.children:
            known = found.get(child.name)
            if child.installed and (known is None or child.installed_for <= known[1].installed_for):
                found[child.name] = (sa, child)
    return found


def _pair(selector: Selector, child: ChildState | None) -> PairStatus:
    if child is None:
        return PairStatus(selector.local, selector.remote, "down")
    return PairStatus(
        selector.local,
        selector.remote,
        "installed",
        child.spi_in,
        child.spi_out,
        child.bytes_in,
        child.bytes_out,
        child.packets_in,
        child.packets_out,
        child.rekey_in,
    )


def _negotiated(sa: SaState, child: ChildState, at: datetime, *, older: bool) -> Negotiated:
    began = (at - timedelta(seconds=sa.established_for)).replace(microsecond=0)
    return Negotiated(sa.version, sa.suite, child.suite, sa.nat, began, sa.rekey_in, older)


def _shortfall(
    hits: Mapping[Selector, ChildState | None], sa: SaState, failure: Reason | None
) -> tuple[Reason, ...]:
    """Why a connection that is up does not carry all of its CIDR pairs."""

    missing = [f"{s.local} - {s.remote}" for s, child in hits.items() if child is None]
    narrowed = [f"{s.local} - {s.remote}" for s, child in hits.items() if child and _narrowed(s, child)]
    reasons: list[Reason] = []
    if missing and (failure or sa.established_for >= SETTLED_AFTER):
        code = failure.code if failure else cidr_mismatch(sa.version).value
        up = len(hits) - len(missing)
        text = f"Only {up} of {len(hits)} CIDR pairs are up; missing: {', '.join(missing)}."
        reasons.append(Reason(code, text))
    if narrowed:
        text = f"The peer accepts only a part of: {', '.join(narrowed)}."
        reasons.append(reason(cidr_mismatch(sa.version), text))
    return tuple(reasons)


def _narrowed(selector: Selector, child: ChildState) -> bool:
    return bool(child.local and child.remote) and (
        child.local != (selector.local,) or child.remote != (selector.remote,)
    )
