"""What the active member does for one peer: its form is loaded, its children are up; pure.

An edit is loaded, and ends only what cannot go on (see `fitting`). A child that ends is unloaded
before it is ended, and loaded again afterwards: so a peer cannot re-open the old form in between,
and a child that is up although it was unloaded is ended by the next pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vpn.domain.actions import Action, DropPeer, LoadPeer, Release, Terminate
from vpn.domain.collisions import doubled, superfluous
from vpn.domain.fitting import is_restarted, keeps_child, keeps_ike
from vpn.domain.initiation import initiate_all, initiate_due
from vpn.domain.liveness import ask_when_due
from vpn.domain.peers import PeerSpec, connection_of
from vpn.domain.reasons import UNKNOWN_CIDRS
from vpn.domain.state import ENDING, LoadedChild, LoadedPeer, MemberState, SaState

# So many tries of our own before an IKE SA ends for children that are missing under it.
_REFUSED = 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """A peer and the form in which charon should have it loaded: fingerprints are costly."""

    peer: PeerSpec
    form: LoadedPeer

    @property
    def name(self) -> str:
        return self.peer.name


def wanted_form(peer: PeerSpec) -> Wanted:
    return Wanted(peer, peer.as_loaded())


def serve(wanted: Wanted, state: MemberState, now: datetime, waits: list[timedelta]) -> Iterator[Action]:
    peer, form = wanted.peer, wanted.form
    loaded = state.loaded.get(peer.name)
    sas = state.sas_of(peer.name)
    is_up = any(sa.established for sa in sas)
    if (loaded is None or loaded.form != form.form) and not is_up:
        # Dropping also resets the back-off: a corrected key is tried at once, then soon again.
        if loaded or sas:
            yield DropPeer(peer.name)
        yield LoadPeer(peer)
        yield from initiate_all(peer, waits)
        return
    kept = [sa for sa in sas if keeps_ike(peer, sa)]
    before = loaded or LoadedPeer("", {})
    if is_up and _is_shared(wanted, before):
        wanted = _as_begun(peer, before)
        peer, form = wanted.peer, wanted.form
    restarted = {c.name for c in peer.children if is_restarted(c, _loaded(before, c.name))}
    stale = _stale(peer, loaded, kept) | {name for name in _alive(kept) if name in restarted}
    renew = (before.older and _comes_again(form, before, stale)) or _is_renewed(wanted, restarted, kept, now)
    blocked = _blocked(wanted, before, kept, state)
    if before.older and not sas and state.held & form.children.keys():
        # charon installs traps by the older form.
        yield LoadPeer(peer)
    yield from _reload(wanted, loaded, stale, renew=renew or bool(blocked))
    for sa in sas:
        if sa not in kept:
            yield Terminate(peer.name, sa=sa.unique_id)
    yield from _ends_doubles(peer.name, kept, waits)
    yield from _released(peer.name, kept, state)
    if blocked:
        # Also those that only the peer may initiate, or it could take them for up for a while.
        state, kept = replace(state, unaware=state.unaware | {peer.name}), []
    ended = blocked or (_alive(kept) if renew else stale)
    changed = {c.name for c in peer.children if before.form != form.form or _differs(wanted, before, c.name)}
    due = ended | (changed - _alive(kept)) | (_alive(sas) - _alive(kept))
    yield from initiate_due(peer, replace(state, sas=tuple(kept)), due, now, waits)
    yield from ask_when_due(peer, state, now)


def _is_shared(wanted: Wanted, before: LoadedPeer) -> bool:
    """Whether several connections use one IKE SA, or have until now."""
    return len({connection_of(child) for child in (*wanted.form.children, *before.children)}) > 1


def _as_begun(peer: PeerSpec, before: LoadedPeer) -> Wanted:
    """With the figures of dead peer detection that are loaded. charon keeps those with which an IKE SA
    began, and of a connection with others takes no changed children under it: so while one lives
    that others use as well, its figures stay loaded."""
    interval, timeout = before.dpd or (peer.dpd_interval, peer.dpd_timeout)
    return wanted_form(replace(peer, dpd_interval=interval, dpd_timeout=timeout))


def _comes_again(form: LoadedPeer, before: LoadedPeer, stale: set[str]) -> bool:
    """Whether children that end would be negotiated in an older form again, under an IKE SA of such:
    those that are wanted in a new form, and those that the peer has opened although they are not
    loaded."""
    return any(name in form.children or name not in before.children for name in stale)


def _blocked(wanted: Wanted, before: LoadedPeer, sas: list[SaState], state: MemberState) -> set[str]:
    """All children if some of them cannot come up under the present IKE SA, else none.

    charon answers for the children with which an IKE SA began: under one of an older form it refuses
    those that were added later. Where both ends have such a one, each refuses the other's.
    """
    failure, attempt = state.failures.get(wanted.name), state.attempts.get(wanted.name)
    if not before.older or not sas or failure is None or failure.message != UNKNOWN_CIDRS:
        return set()
    refused = attempt is not None and attempt.count >= _REFUSED
    missing = [child for child in wanted.peer.children if child.name not in _alive(sas)]
    hopeless = any(refused or not child.initiate for child in missing)
    return set(wanted.form.children) if hopeless else set()


def _alive(sas: list[SaState]) -> set[str]:
    return {child.name for sa in sas for child in sa.children if child.state not in ENDING}


def _loaded(peer: LoadedPeer, name: str) -> LoadedChild:
    return peer.children.get(name, LoadedChild())


def _differs(wanted: Wanted, before: LoadedPeer, name: str) -> bool:
    return before.children.get(name) != wanted.form.children[name]


def _stale(peer: PeerSpec, loaded: LoadedPeer | None, sas: list[SaState]) -> set[str]:
    """Children that are up and must not go on: not wanted, unloaded in order to end, or in a form
    that is not offered any more. Where nothing is known to be loaded, nothing was unloaded."""
    wanted = {child.name: child for child in peer.children}
    return {
        child.name
        for sa in sas
        for child in sa.children
        if child.state not in ENDING
        and (
            child.name not in wanted
            or (loaded is not None and child.name not in loaded.children)
            or not keeps_child(
                wanted[child.name], child, _loaded(loaded, child.name) if loaded else LoadedChild()
            )
        )
    }


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


def _released(peer: str, sas: list[SaState], state: MemberState) -> Iterator[Release]:
    """Of a child that is up the trap has done its work. Left in place, it would hold the child also when
    the peer closes it, which is no death."""
    up = {child.name for sa in sas if sa.established for child in sa.children if child.installed}
    for name in sorted(state.held & up):
        yield Release(peer, name)


def _is_renewed(wanted: Wanted, restarted: set[str], sas: list[SaState], now: datetime) -> bool:
    """Whether all of the peer is restarted: then its IKE SA goes too, with whatever ails it.

    A connection that shares its peer with others takes only its own children down.
    """
    wishes = [child.restart_at for child in wanted.peer.children if child.restart_at]
    if not restarted or restarted < wanted.form.children.keys() or len(wishes) < len(restarted):
        return False
    # Ages are in whole seconds.
    oldest = min(wishes) + timedelta(seconds=1)
    return any(not sa.established or now - timedelta(seconds=sa.established_for) <= oldest for sa in sas)


def _reload(wanted: Wanted, loaded: LoadedPeer | None, stale: set[str], *, renew: bool) -> Iterator[Action]:
    """Loads what differs; ends the children in `stale`, or with `renew` the whole IKE SA."""
    peer, form = wanted.peer, wanted.form
    without = replace(form, children={n: mark for n, mark in form.children.items() if n not in stale})
    if loaded != without:
        yield LoadPeer(replace(peer, children=tuple(c for c in peer.children if c.name not in stale)))
    if renew:
        yield Terminate(peer.name)
    else:
        for name in sorted(stale):
            yield Terminate(peer.name, name)
    if without != form or (renew and loaded and loaded.older):
        yield LoadPeer(peer)
