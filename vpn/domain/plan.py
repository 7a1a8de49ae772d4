"""From what should be and what is to the next steps; pure, so it may be asked again at any time.

Order within one pass: the active member first, so that a takeover does not wait for the repair
of the dead one. Within one member: start, plumbing that grows, unloading, loading, ending,
initiating, plumbing that shrinks.

Whatever changes is unloaded before it is ended, and loaded anew afterwards. So a peer cannot
re-open the old form in between, and a pass that is killed anywhere leaves a state from which
the next one reaches the same end: a tunnel that is up without being loaded is ended.

Routes and addresses cover all connections, disabled ones too: traffic for a peer CIDR dies in
the gateway while its tunnel is off, it never leaves in clear.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from vpn.domain.actions import Action, DropPeer, LoadPeer, Plumb, StartMember, StopMember, Terminate
from vpn.domain.failover import choose_active
from vpn.domain.peers import peers
from vpn.domain.serving import Wanted, serve, wanted_form
from vpn.domain.spec import GatewaySpec, MemberRole, MemberSpec
from vpn.domain.state import GatewayState, MemberState


@dataclass(frozen=True, slots=True)
class Step:
    member: MemberSpec
    action: Action


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order; `look_again` is None when an event, a change or the sweep will bring work."""

    steps: tuple[Step, ...] = ()
    active: UUID | None = None
    look_again: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _Pass:
    """What the members of one pass share."""

    wanted: tuple[Wanted, ...]
    local_cidrs: frozenset[str]
    peer_cidrs: frozenset[str]
    now: datetime


def plan(spec: GatewaySpec, state: GatewayState, *, now: datetime) -> Plan:
    """The steps that bring `state` to `spec`; none if it is there already."""
    if spec.deleted:
        standing = [m for m in spec.members if _stands(state.members.get(m.id))]
        return Plan(steps=tuple(Step(member, StopMember()) for member in standing))
    active = choose_active(spec.members, state.members)
    shared = _Pass(tuple(wanted_form(p) for p in peers(spec)), *served_cidrs(spec), now)
    steps: list[Step] = []
    waits: list[timedelta] = []
    for member in sorted(spec.members, key=lambda m: (m.id != active, m.index)):
        role = MemberRole.ACTIVE if member.id == active else MemberRole.STANDBY
        seen = state.members.get(member.id, MemberState(member.id))
        if member.id == active and seen.role is MemberRole.STANDBY:
            # The peers' SAs are with the fellow's charon.
            seen = replace(seen, unaware=seen.unaware.union(seen.loaded))
        if member.id == active and _contested(member.id, state):
            # Neighbours may have heard the other one last: plumbed again, it is announced again.
            seen = replace(seen, role=None)
        steps += [Step(member, action) for action in _member(seen, role, shared, waits)]
    return Plan(tuple(steps), active, min(waits, default=None))


def served_cidrs(spec: GatewaySpec) -> tuple[frozenset[str], frozenset[str]]:
    """Local and peer CIDRs of all connections, disabled ones included (see the module)."""
    selectors = [selector for connection in spec.connections for selector in connection.selectors]
    return frozenset(s.local for s in selectors), frozenset(s.remote for s in selectors)


def _contested(active: UUID, state: GatewayState) -> bool:
    """Whether another member also carries the public address."""
    return any(m.role is MemberRole.ACTIVE for ident, m in state.members.items() if ident != active)


def _stands(state: MemberState | None) -> bool:
    return state is not None and (state.exists or state.running)


def _member(state: MemberState, role: MemberRole, shared: _Pass, waits: list[timedelta]) -> Iterator[Action]:
    if not state.running:
        yield StartMember()
        # A new charon knows nothing and has no tunnels; its namespace is plumbed afresh.
        state = MemberState(state.id, running=True)
    local, remote = shared.local_cidrs, shared.peer_cidrs
    lacking = local - state.local_cidrs or remote - state.peer_cidrs
    if state.role is not role or state.drift or lacking:
        yield Plumb(role, local | state.local_cidrs, remote | state.peer_cidrs)
    yield from _drop_unwanted(state, shared.wanted)
    for wanted in shared.wanted:
        if role is MemberRole.ACTIVE:
            yield from serve(wanted, state, shared.now, waits)
        else:
            yield from _stand_by(wanted, state)
    if state.local_cidrs - local or state.peer_cidrs - remote:
        yield Plumb(role, local, remote)


def _drop_unwanted(state: MemberState, wanted: tuple[Wanted, ...]) -> Iterator[Action]:
    names = {one.name for one in wanted}
    for name in sorted(state.loaded.keys() - names):
        yield DropPeer(name)
    for name in sorted({sa.peer for sa in state.sas if sa.alive} - names - state.loaded.keys()):
        yield Terminate(name)


def _stand_by(wanted: Wanted, state: MemberState) -> Iterator[Action]:
    """Everything loaded, nothing up: two members with one address would confuse the peer."""
    if state.loaded.get(wanted.name) != wanted.form:
        yield LoadPeer(wanted.peer)
    if state.sas_of(wanted.name):
        yield Terminate(wanted.name)
