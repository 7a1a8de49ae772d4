"""What the active member does for one peer: load its configuration and bring its children up; pure.

A changed configuration is loaded, and only SAs that cannot be kept are terminated (see `sa_reuse`). A
child is unloaded before it is terminated, and loaded again afterwards: so a peer cannot negotiate the
old configuration in between, and a child that is up although it is unloaded is terminated by the next run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vpn.domain.actions import Action, DropPeer, LoadPeer, Release, Terminate
from vpn.domain.collisions import redundant_child_sas, redundant_ike_sas
from vpn.domain.initiation import initiate_all, initiate_due
from vpn.domain.liveness import probe_when_due
from vpn.domain.peers import PeerSpec, connection_of
from vpn.domain.reasons import UNKNOWN_CIDRS
from vpn.domain.sa_reuse import is_restarted, keeps_child, keeps_ike
from vpn.domain.state import ENDING, LoadedChild, LoadedPeer, MemberState, SaState

# Own initiations refused before an IKE SA is terminated because children are missing under it.
_REFUSED = 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """A peer and how charon should have it loaded, computed once: fingerprints are expensive."""

    peer: PeerSpec
    target: LoadedPeer

    @property
    def name(self) -> str:
        return self.peer.name


def wanted_peer(peer: PeerSpec) -> Wanted:
    return Wanted(peer, peer.as_loaded())


def serve(wanted: Wanted, state: MemberState, now: datetime, waits: list[timedelta]) -> Iterator[Action]:
    peer, target = wanted.peer, wanted.target
    loaded = state.loaded.get(peer.name)
    sas = state.sas_of(peer.name)
    is_up = any(sa.established for sa in sas)
    if (loaded is None or loaded.fingerprint != target.fingerprint) and not is_up:
        # Dropping also resets the back-off: a corrected key is tried immediately, then soon again.
        if loaded or sas:
            yield DropPeer(peer.name)
        yield LoadPeer(peer)
        yield from initiate_all(peer, waits, once=peer.name in state.unaware)
        return
    kept = [sa for sa in sas if keeps_ike(peer, sa)]
    before = loaded or LoadedPeer("", {})
    if is_up and _is_shared(wanted, before):
        wanted = _with_loaded_dpd(peer, before)
        peer, target = wanted.peer, wanted.target
    restarted = {c.name for c in peer.children if is_restarted(c, _loaded(before, c.name))}
    stale = _stale(peer, loaded, kept) | {name for name in _alive(kept) if name in restarted}
    renew = (before.older and _would_return_unchanged(target, before, stale)) or _is_renewed(
        wanted, restarted, kept, now
    )
    blocked = _blocked(wanted, before, kept, state)
    if before.older and not sas and state.held & target.children.keys():
        # charon would install the traps from the older configuration.
        yield LoadPeer(peer)
    yield from _reload(wanted, loaded, stale, renew=renew or bool(blocked))
    for sa in sas:
        if sa not in kept:
            yield Terminate(peer.name, sa=sa.unique_id)
    yield from _terminate_redundant(peer.name, kept, waits)
    yield from _released(peer.name, kept, state)
    if blocked:
        # Also children that only the peer may initiate: it could consider them up for a while.
        state, kept = replace(state, unaware=state.unaware | {peer.name}), []
    ended = blocked or (_alive(kept) if renew else stale)
    changed = {
        c.name
        for c in peer.children
        if before.fingerprint != target.fingerprint or _differs(wanted, before, c.name)
    }
    due = ended | (changed - _alive(kept)) | (_alive(sas) - _alive(kept))
    yield from initiate_due(peer, replace(state, sas=tuple(kept)), due, now, waits)
    yield from probe_when_due(peer, state, now)


def _is_shared(wanted: Wanted, before: LoadedPeer) -> bool:
    """Whether several connections use one IKE SA, or have until now."""
    return len({connection_of(child) for child in (*wanted.target.children, *before.children)}) > 1


def _with_loaded_dpd(peer: PeerSpec, before: LoadedPeer) -> Wanted:
    """The peer with the dead peer detection times that are loaded. charon keeps those that an IKE SA was
    negotiated with, and adds no changed children to it from a connection with other times: so while a
    shared IKE SA is up, its times stay loaded."""
    interval, timeout = before.dpd or (peer.dpd_interval, peer.dpd_timeout)
    return wanted_peer(replace(peer, dpd_interval=interval, dpd_timeout=timeout))


def _would_return_unchanged(target: LoadedPeer, before: LoadedPeer, stale: set[str]) -> bool:
    """Whether terminated children would be negotiated from the older configuration again, because their
    IKE SA has it: wanted children that changed, and children that the peer initiated although they are
    not loaded."""
    return any(name in target.children or name not in before.children for name in stale)


def _blocked(wanted: Wanted, before: LoadedPeer, sas: list[SaState], state: MemberState) -> set[str]:
    """All children if some of them cannot come up under the present IKE SA, else none.

    charon accepts the children that were configured when an IKE SA was negotiated: it refuses those that
    were added later. If the IKE SA is older than the configuration at both ends, each end refuses the
    other's.
    """
    failure, attempt = state.failures.get(wanted.name), state.attempts.get(wanted.name)
    if not before.older or not sas or failure is None or failure.message != UNKNOWN_CIDRS:
        return set()
    refused = attempt is not None and attempt.count >= _REFUSED
    missing = [child for child in wanted.peer.children if child.name not in _alive(sas)]
    hopeless = any(refused or not child.initiate for child in missing)
    return set(wanted.target.children) if hopeless else set()


def _alive(sas: list[SaState]) -> set[str]:
    return {child.name for sa in sas for child in sa.children if child.state not in ENDING}


def _loaded(peer: LoadedPeer, name: str) -> LoadedChild:
    return peer.children.get(name, LoadedChild())


def _differs(wanted: Wanted, before: LoadedPeer, name: str) -> bool:
    return before.children.get(name) != wanted.target.children[name]


def _stale(peer: PeerSpec, loaded: LoadedPeer | None, sas: list[SaState]) -> set[str]:
    """Children that are up and must be terminated: not wanted, unloaded for termination, or negotiated
    with a suite that is no longer offered. Where nothing is known to be loaded, nothing was unloaded."""
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


def _terminate_redundant(peer: str, sas: list[SaState], waits: list[timedelta]) -> Iterator[Action]:
    """Children only when one IKE SA is left: terminating the other one terminates its children."""
    twins = [(Terminate(peer, sa=twin.unique_id), seconds) for twin, seconds in redundant_ike_sas(sas)]
    children = [
        (Terminate(peer, child.name, child_sa=child.unique_id), seconds)
        for child, seconds in redundant_child_sas(sas)
    ]
    for ending, seconds in twins or children:
        if seconds:
            waits.append(timedelta(seconds=seconds))
        else:
            yield ending


def _released(peer: str, sas: list[SaState], state: MemberState) -> Iterator[Release]:
    """Releases the traps of children that are up again. Left in place, a trap would also hold a child that
    the peer closes properly."""
    up = {child.name for sa in sas if sa.established for child in sa.children if child.installed}
    for name in sorted(state.held & up):
        yield Release(peer, name)


def _is_renewed(wanted: Wanted, restarted: set[str], sas: list[SaState], now: datetime) -> bool:
    """Whether all of the peer is restarted: then its IKE SA is terminated as well.

    Restarting a connection that shares its peer with others terminates only its own children.
    """
    requests = [child.restart_at for child in wanted.peer.children if child.restart_at]
    if not restarted or restarted < wanted.target.children.keys() or len(requests) < len(restarted):
        return False
    # Ages are in whole seconds.
    oldest = min(requests) + timedelta(seconds=1)
    return any(not sa.established or now - timedelta(seconds=sa.established_for) <= oldest for sa in sas)


def _reload(wanted: Wanted, loaded: LoadedPeer | None, stale: set[str], *, renew: bool) -> Iterator[Action]:
    """Load what differs; terminate the children in `stale`, or with `renew` the whole IKE SA."""

    peer, target = wanted.peer, wanted.target
    without = replace(target, children={n: mark for n, mark in target.children.items() if n not in stale})
    if loaded != without:
        yield LoadPeer(replace(peer, children=tuple(c for c in peer.children if c.name not in stale)))
    if renew:
        yield Terminate(peer.name)
    else:
        for name in sorted(stale):
            yield Terminate(peer.name, name)
    if without != target or (renew and loaded and loaded.older):
        yield LoadPeer(peer)
