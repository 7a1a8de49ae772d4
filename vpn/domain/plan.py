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
from datetime import UTC, datetime, timedelta
from uuid import UUID

from policies.domain.proposals import IkeVersion
from vpn.domain.actions import Action, DropPeer, Initiate, LoadPeer, Plumb, StartMember, StopMember, Terminate
from vpn.domain.collisions import doubled, superfluous
from vpn.domain.failover import choose_active
from vpn.domain.peers import ChildSpec, PeerSpec, peers
from vpn.domain.spec import GatewaySpec, MemberRole, MemberSpec
from vpn.domain.state import GatewayState, LoadedPeer, MemberState, SaState
from vpn.domain.watching import as_watched, watched_anew

# Seconds from the n-th initiation to the next one, towards a peer that stays down.
BACK_OFF = (0, 1, 2, 4, 8, 16, 30, 60)
# Longer waits are ended by the sweep: a peer that has been away for so long can wait for it.
OWN_LOOK = timedelta(seconds=4)
# An initiation normally ends in an event long before; this only catches a lost event.
IN_FLIGHT = timedelta(seconds=3)

_ENDING = frozenset({"DELETING", "DESTROYING", "DELETED", "REKEYED"})


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
class _Wanted:
    """A peer and the form in which charon should have it loaded: fingerprints are costly."""

    peer: PeerSpec
    form: LoadedPeer

    @property
    def name(self) -> str:
        return self.peer.name


@dataclass(frozen=True, slots=True)
class _Pass:
    """What the members of one pass share."""

    wanted: tuple[_Wanted, ...]
    local_cidrs: frozenset[str]
    peer_cidrs: frozenset[str]
    now: datetime


def plan(spec: GatewaySpec, state: GatewayState, *, now: datetime) -> Plan:
    """The steps that bring `state` to `spec`; none if it is there already."""
    if spec.deleted:
        standing = [m for m in spec.members if _stands(state.members.get(m.id))]
        return Plan(steps=tuple(Step(member, StopMember()) for member in standing))
    active = choose_active(spec.members, state.members)
    shared = _Pass(tuple(_wanted(p) for p in peers(spec)), *served_cidrs(spec), now)
    steps: list[Step] = []
    waits: list[timedelta] = []
    for member in sorted(spec.members, key=lambda m: (m.id != active, m.index)):
        role = MemberRole.ACTIVE if member.id == active else MemberRole.STANDBY
        seen = state.members.get(member.id, MemberState(member.id))
        if member.id == active and _contested(member.id, state):
            # Neighbours may have heard the other one last: plumbed again, it is announced again.
            seen = replace(seen, role=None)
        steps += [Step(member, action) for action in _member(seen, role, shared, waits)]
    return Plan(tuple(steps), active, min(waits, default=None))


def served_cidrs(spec: GatewaySpec) -> tuple[frozenset[str], frozenset[str]]:
    """Local and peer CIDRs of all connections, disabled ones included (see the module)."""
    selectors = [selector for connection in spec.connections for selector in connection.selectors]
    return frozenset(s.local for s in selectors), frozenset(s.remote for s in selectors)


def back_off(rounds: int) -> timedelta:
    """How long after the beginning of the last of `rounds` tries the next one is due."""
    return timedelta(seconds=BACK_OFF[min(rounds, len(BACK_OFF) - 1)])


def _wanted(peer: PeerSpec) -> _Wanted:
    children = {child.name: child.fingerprint() for child in peer.children}
    return _Wanted(peer, LoadedPeer(peer.fingerprint(), children, peer.dpd, peer.watches))


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
    if state.role is not role or local - state.local_cidrs or remote - state.peer_cidrs:
        yield Plumb(role, local | state.local_cidrs, remote | state.peer_cidrs)
    yield from _drop_unwanted(state, shared.wanted)
    for wanted in shared.wanted:
        if role is MemberRole.ACTIVE:
            yield from _serve(wanted, state, shared.now, waits)
        else:
            yield from _stand_by(wanted, state)
    if state.local_cidrs - local or state.peer_cidrs - remote:
        yield Plumb(role, local, remote)


def _drop_unwanted(state: MemberState, wanted: tuple[_Wanted, ...]) -> Iterator[Action]:
    names = {one.name for one in wanted}
    for name in sorted(state.loaded.keys() - names):
        yield DropPeer(name)
    for name in sorted({sa.peer for sa in state.sas if _alive(sa)} - names - state.loaded.keys()):
        yield Terminate(name)


def _stand_by(wanted: _Wanted, state: MemberState) -> Iterator[Action]:
    """Everything loaded, nothing up: two members with one address would confuse the peer."""
    if state.loaded.get(wanted.name) != wanted.form:
        yield LoadPeer(wanted.peer)
    if _sas(state, wanted.peer):
        yield Terminate(wanted.name)


def _serve(wanted: _Wanted, state: MemberState, now: datetime, waits: list[timedelta]) -> Iterator[Action]:
    peer, form = wanted.peer, wanted.form
    loaded = state.loaded.get(peer.name)
    sas = _sas(state, peer)
    if loaded is None or loaded.fingerprint != form.fingerprint or watched_anew(form, loaded):
        # Dropping also begins the back-off anew: a corrected key is tried at once, then soon again.
        if loaded or sas:
            yield DropPeer(peer.name)
        yield LoadPeer(peer)
        yield from _initiate_all(peer, waits)
        return
    different = {name for name, mark in form.children.items() if loaded.children.get(name) != mark}
    alive = {child.name for sa in sas for child in sa.children if child.state not in _ENDING}
    # Up in another form than wanted, or not wanted, or without being loaded.
    stale = {name for name in alive if name in different or name not in form.children}
    anew = _anew(wanted, different, sas, now)
    if sas and not anew:
        peer = as_watched(peer, loaded)
    if loaded.children == form.children and (loaded.dpd, loaded.watches) != (peer.dpd, peer.watches):
        yield LoadPeer(peer)
    yield from _reload(peer, form, loaded, stale, anew=anew)
    yield from _ends_doubles(peer.name, sas, waits)
    yield from _initiate_due(peer, state, stale | different, now, waits)


def _ends_doubles(peer: str, sas: list[SaState], waits: list[timedelta]) -> Iterator[Action]:
    """Children only once there is one IKE SA: with the other one its children go."""
    twins = [(Terminate(peer, sa=twin.unique_id), seconds) for twin, seconds in superfluous(sas)]
    children = [
        (Terminate(peer, child.name, child_sa=child.unique_id), seconds) for child, seconds in doubled(sas)
    ]
    for ending, seconds in twins or children:
        if seconds:
            waits.append(timedelta(seconds=seconds))
        else:
            yield ending


def _anew(wanted: _Wanted, different: set[str], sas: list[SaState], now: datetime) -> bool:
    """Whether all of the peer is restarted: then its IKE SA goes too, with whatever ails it.

    A connection that shares its peer with others takes only its own children down.
    """
    wishes = [child.restart_at for child in wanted.peer.children if child.restart_at]
    if not different or different < wanted.form.children.keys() or len(wishes) < len(different):
        return False
    # Ages are told in whole seconds.
    oldest = min(wishes) + timedelta(seconds=1)
    return any(not sa.established or now - timedelta(seconds=sa.established_for) <= oldest for sa in sas)


def _reload(
    peer: PeerSpec, form: LoadedPeer, loaded: LoadedPeer, stale: set[str], *, anew: bool
) -> Iterator[Action]:
    """Ends the children in `stale`, or with `anew` the whole IKE SA."""
    kept = {name: mark for name, mark in form.children.items() if name not in stale}
    if dict(loaded.children) != kept:
        yield LoadPeer(replace(peer, children=tuple(c for c in peer.children if c.name in kept)))
    if anew:
        yield Terminate(peer.name)
    else:
        for name in sorted(stale):
            yield Terminate(peer.name, name)
    if kept != form.children:
        yield LoadPeer(peer)


def _initiate_all(peer: PeerSpec, waits: list[timedelta]) -> Iterator[Action]:
    for child in peer.children:
        if child.initiate:
            waits.append(IN_FLIGHT)
            yield Initiate(peer.name, child.name, _version(peer.ike.version, 0))


def _initiate_due(
    peer: PeerSpec, state: MemberState, changed: set[str], now: datetime, waits: list[timedelta]
) -> Iterator[Action]:
    sas = _sas(state, peer)
    up = {child.name for sa in sas for child in sa.children if child.installed} - changed
    down = [child for child in peer.children if child.initiate and child.name not in up]
    if not down:
        return
    established = next((sa for sa in sas if sa.established), None)
    rounds, due = _schedule(peer, state)
    version = established.version if established else _version(peer.ike.version, rounds)
    if changed:
        down = [child for child in down if child.name in changed]
    elif _in_flight(down, sas):
        down = []
    elif due > now:
        if back_off(rounds) <= OWN_LOOK:
            waits.append(due - now)
        return
    waits.append(IN_FLIGHT)
    for child in down:
        yield Initiate(peer.name, child.name, version)


def _schedule(peer: PeerSpec, state: MemberState) -> tuple[int, datetime]:
    """How often the peer was tried since all of it was up, and when it may be tried again."""
    attempt = state.attempts.get(peer.name)
    if attempt is None or attempt.count == 0:
        return 0, datetime.min.replace(tzinfo=UTC)
    return attempt.count, attempt.at + back_off(attempt.count)


def _in_flight(down: list[ChildSpec], sas: list[SaState]) -> bool:
    """Whether charon still works at one of these: a negotiation is under way."""
    if any(not sa.established for sa in sas) and not any(sa.established for sa in sas):
        return True
    names = {child.name for child in down}
    return any(
        child.name in names and not child.installed and child.state not in _ENDING
        for sa in sas
        for child in sa.children
    )


def _version(wanted: IkeVersion, rounds: int) -> int:
    """The IKE version of a try. With IkeVersion.ANY two tries use IKEv2, then IKEv1 and IKEv2
    take turns: a peer that answers only IKEv1 refuses or ignores IKEv2, and charon does not
    fall back by itself."""
    if wanted is not IkeVersion.ANY:
        return int(wanted)
    return 1 if rounds >= 2 and rounds % 2 == 0 else 2


def _sas(state: MemberState, peer: PeerSpec) -> list[SaState]:
    return [sa for sa in state.sas if sa.peer == peer.name and _alive(sa)]


def _alive(sa: SaState) -> bool:
    return sa.state not in {"DELETING", "DESTROYING"}
