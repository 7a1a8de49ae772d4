"""What the active member does for one peer: its form is loaded, its children are up; pure.

Whatever changes is unloaded before it is ended, and loaded anew afterwards (see `plan`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vpn.domain.actions import Action, DropPeer, LoadPeer, Terminate
from vpn.domain.collisions import doubled, superfluous
from vpn.domain.initiation import initiate_all, initiate_due
from vpn.domain.peers import PeerSpec
from vpn.domain.state import ENDING, LoadedPeer, MemberState, SaState
from vpn.domain.watching import as_watched, watched_anew


@dataclass(frozen=True, slots=True)
class Wanted:
    """A peer and the form in which charon should have it loaded: fingerprints are costly."""

    peer: PeerSpec
    form: LoadedPeer

    @property
    def name(self) -> str:
        return self.peer.name


def wanted_form(peer: PeerSpec) -> Wanted:
    children = {child.name: child.fingerprint() for child in peer.children}
    return Wanted(peer, LoadedPeer(peer.fingerprint(), children, peer.dpd, peer.watches))


def serve(wanted: Wanted, state: MemberState, now: datetime, waits: list[timedelta]) -> Iterator[Action]:
    peer, form = wanted.peer, wanted.form
    loaded = state.loaded.get(peer.name)
    sas = state.sas_of(peer.name)
    if loaded is None or loaded.fingerprint != form.fingerprint or watched_anew(form, loaded):
        # Dropping also begins the back-off anew: a corrected key is tried at once, then soon again.
        if loaded or sas:
            yield DropPeer(peer.name)
        yield LoadPeer(peer)
        yield from initiate_all(peer, waits)
        return
    different = {name for name, mark in form.children.items() if loaded.children.get(name) != mark}
    alive = {child.name for sa in sas for child in sa.children if child.state not in ENDING}
    # Up in another form than wanted, or not wanted, or without being loaded.
    stale = {name for name in alive if name in different or name not in form.children}
    anew = _anew(wanted, different, sas, now)
    if sas and not anew:
        peer = as_watched(peer, loaded)
    if loaded.children == form.children and (loaded.dpd, loaded.watches) != (peer.dpd, peer.watches):
        yield LoadPeer(peer)
    yield from _reload(peer, form, loaded, stale, anew=anew)
    yield from _ends_doubles(peer.name, sas, waits)
    yield from initiate_due(peer, state, stale | different, now, waits)


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


def _anew(wanted: Wanted, different: set[str], sas: list[SaState], now: datetime) -> bool:
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
