"""When a child is initiated, by which IKE version, and how long a peer is left alone after a try; pure.

The first try is made at once, each further one after a wait that grows with their number and is
shortened by chance: two ends that initiate towards each other do so at different times. A peer that
comes up without staying up is left alone, too, but only shortly: a tunnel that is tried again carries
packets meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from policies.domain.proposals import IkeVersion
from vpn.domain.actions import Action, Initiate
from vpn.domain.peers import ChildSpec, PeerSpec
from vpn.domain.state import ENDING, Attempt, MemberState, SaState

# The most seconds from the n-th initiation to the next one, towards a peer that stays down.
BACK_OFF = (0, 1, 2, 4, 8, 16, 30, 60)
# The same towards one that came up n times, and did not stay up for `STEADY`.
FLAP_DAMPING = (0.0, 0.5, 1.0, 2.0)
STEADY = timedelta(seconds=10)
# The greatest share of a wait that chance takes away.
JITTER = 0.5
# Longer waits are ended by the sweep: a peer that has been away for so long can wait for it.
OWN_LOOK = timedelta(seconds=4)
# An initiation normally ends in an event long before; this only catches a lost event.
IN_FLIGHT = timedelta(seconds=3)
_NO_ATTEMPT = Attempt(0, datetime.min.replace(tzinfo=UTC))


def back_off(attempt: Attempt) -> timedelta:
    """How long after the beginning of the last try the next one is due."""
    down = BACK_OFF[min(attempt.count, len(BACK_OFF) - 1)]
    flapping = FLAP_DAMPING[min(attempt.flaps, len(FLAP_DAMPING) - 1)]
    return timedelta(seconds=max(down, flapping) * (1 - JITTER * attempt.jitter))


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
    # What is held waits for a packet, unless it is loaded in another form.
    waiting = frozenset() if once else state.held - changed
    down = [child for child in peer.children if (child.initiate or once) and child.name not in up | waiting]
    if not down:
        return
    established = next((sa for sa in sas if sa.established), None)
    attempt = state.attempts.get(peer.name, _NO_ATTEMPT)
    wait = attempt.at + back_off(attempt) - now
    version = established.version if established else _version(peer.ike.version, attempt.count)
    if changed:
        down = [child for child in down if child.name in changed]
    elif _in_flight(down, sas):
        down = []
    elif wait > timedelta(0):
        if back_off(attempt) <= OWN_LOOK:
            waits.append(wait)
        return
    waits.append(IN_FLIGHT)
    for child in down:
        yield Initiate(peer.name, child.name, version)


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
