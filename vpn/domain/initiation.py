"""When a child is initiated, by which IKE version, and how long a silent peer is left alone; pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from policies.domain.proposals import IkeVersion
from vpn.domain.actions import Action, Initiate
from vpn.domain.peers import ChildSpec, PeerSpec
from vpn.domain.state import ENDING, MemberState, SaState

# Seconds from the n-th initiation to the next one, towards a peer that stays down.
BACK_OFF = (0, 1, 2, 4, 8, 16, 30, 60)
# Longer waits are ended by the sweep: a peer that has been away for so long can wait for it.
OWN_LOOK = timedelta(seconds=4)
# An initiation normally ends in an event long before; this only catches a lost event.
IN_FLIGHT = timedelta(seconds=3)


def back_off(rounds: int) -> timedelta:
    """How long after the beginning of the last of `rounds` tries the next one is due."""
    return timedelta(seconds=BACK_OFF[min(rounds, len(BACK_OFF) - 1)])


def initiate_all(peer: PeerSpec, waits: list[timedelta]) -> Iterator[Action]:
    for child in peer.children:
        if child.initiate:
            waits.append(IN_FLIGHT)
            yield Initiate(peer.name, child.name, _version(peer.ike.version, 0))


def initiate_due(
    peer: PeerSpec, state: MemberState, changed: set[str], now: datetime, waits: list[timedelta]
) -> Iterator[Action]:
    sas = state.sas_of(peer.name)
    up = {child.name for sa in sas for child in sa.children if child.installed} - changed
    # Also one that may only be answered: else it would believe in its dead SA until it looks for itself.
    once = peer.name in state.unaware and not sas
    down = [child for child in peer.children if (child.initiate or once) and child.name not in up]
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
        child.name in names and not child.installed and child.state not in ENDING
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
