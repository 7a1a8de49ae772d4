"""The steps from the observed to the desired state; pure, so a plan can be made again at any time.

Order within one run: the active member first, so that a takeover does not wait for the repair of the
dead one. Within one member: start, network configuration that adds, unload, load, terminate, initiate,
network configuration that removes.

Whatever changes is unloaded before it is terminated, and loaded again afterwards. So a peer cannot
negotiate the old configuration in between, and a run that is killed at any point leaves a state from
which the next run reaches the same result: a tunnel that is up without being loaded is terminated.

Routes and addresses cover all connections, including disabled ones: traffic to a peer CIDR is dropped
in the gateway while its tunnel is disabled; it never leaves unencrypted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from vpn.domain.actions import (
    Action,
    ConfigureNetwork,
    DropPeer,
    LoadPeer,
    StartMember,
    StopMember,
    Terminate,
)
from vpn.domain.active_member import Wanted, serve, wanted_peer
from vpn.domain.failover import choose_active
from vpn.domain.peers import peers
from vpn.domain.spec import GatewaySpec, MemberRole, MemberSpec
from vpn.domain.state import GatewayState, MemberState


@dataclass(frozen=True, slots=True)
class Step:
    member: MemberSpec
    action: Action


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order. `requeue_after` is None if an event, a change or the sweep triggers the next run."""

    steps: tuple[Step, ...] = ()
    active: UUID | None = None
    requeue_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """What the members of one run share."""

    wanted: tuple[Wanted, ...]
    local_cidrs: frozenset[str]
    peer_cidrs: frozenset[str]
    now: datetime


def plan(spec: GatewaySpec, state: GatewayState, *, now: datetime) -> Plan:
    """The steps that bring `state` to `spec`; none if they agree already."""
    if spec.deleted:
        existing = [m for m in spec.members if _exists(state.members.get(m.id))]
        return Plan(steps=tuple(Step(member, StopMember()) for member in existing))
    active = choose_active(spec.members, state.members)
    shared = _Run(tuple(wanted_peer(p) for p in peers(spec)), *served_cidrs(spec), now)
    steps: list[Step] = []
    waits: list[timedelta] = []
    for member in sorted(spec.members, key=lambda m: (m.id != active, m.index)):
        role = MemberRole.ACTIVE if member.id == active else MemberRole.STANDBY
        seen = state.members.get(member.id, MemberState(member.id))
        if member.id == active and seen.role is MemberRole.STANDBY:
            # The peers' SAs are with the other member's charon.
            seen = replace(seen, unaware=seen.unaware.union(seen.loaded))
        if member.id == active and _contested(member.id, state):
            # Neighbours may have learnt the other member's MAC last: configuring the role announces it again.
            seen = replace(seen, role=None)
        steps += [Step(member, action) for action in _member(seen, role, shared, waits)]
    return Plan(tuple(steps), active, min(waits, default=None))


def served_cidrs(spec: GatewaySpec) -> tuple[frozenset[str], frozenset[str]]:
    """Local and peer CIDRs of all connections, including disabled ones (see the module docstring)."""
    selectors = [selector for connection in spec.connections for selector in connection.selectors]
    return frozenset(s.local for s in selectors), frozenset(s.remote for s in selectors)


def _contested(active: UUID, state: GatewayState) -> bool:
    """Whether another member also carries the public address."""
    return any(m.role is MemberRole.ACTIVE for ident, m in state.members.items() if ident != active)


def _exists(state: MemberState | None) -> bool:
    return state is not None and (state.exists or state.running)


def _member(state: MemberState, role: MemberRole, shared: _Run, waits: list[timedelta]) -> Iterator[Action]:
    if not state.running:
        yield StartMember()
        # A new charon has nothing loaded and no tunnels; its network is configured again. Peers of the active
        # member's earlier charon do not know that their SAs are gone.
        unaware = state.unaware.union(state.loaded) if state.role is MemberRole.ACTIVE else frozenset[str]()
        state = MemberState(state.id, running=True, unaware=unaware)
    local, remote = shared.local_cidrs, shared.peer_cidrs
    lacking = local - state.local_cidrs or remote - state.peer_cidrs
    if state.role is not role or state.drift or lacking:
        yield ConfigureNetwork(role, local | state.local_cidrs, remote | state.peer_cidrs)
    yield from _drop_unwanted(state, shared.wanted)
    for wanted in shared.wanted:
        if role is MemberRole.ACTIVE:
            yield from serve(wanted, state, shared.now, waits)
        else:
            yield from _stand_by(wanted, state)
    if state.local_cidrs - local or state.peer_cidrs - remote:
        yield ConfigureNetwork(role, local, remote)


def _drop_unwanted(state: MemberState, wanted: tuple[Wanted, ...]) -> Iterator[Action]:
    names = {one.name for one in wanted}
    for name in sorted(state.loaded.keys() - names):
        yield DropPeer(name)
    for name in sorted({sa.peer for sa in state.sas if sa.alive} - names - state.loaded.keys()):
        yield Terminate(name)


def _stand_by(wanted: Wanted, state: MemberState) -> Iterator[Action]:
    """Everything loaded, nothing up: two members with SAs from one address would confuse the peer."""
    if state.loaded.get(wanted.name) != wanted.target:
        yield LoadPeer(wanted.peer)
    if state.sas_of(wanted.name):
        yield Terminate(wanted.name)
