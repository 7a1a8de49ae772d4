"""When a child is initiated, with which IKE version, and the back-off between attempts; pure.

The first attempt is immediate. Each further one follows after a wait that grows with the number of
attempts and is shortened by random jitter, so that two ends do not initiate simultaneously. A peer that
comes up without staying up also has a back-off, but a short one: it carries packets in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from policies.domain.proposals import IkeVersion
from vpn.domain.actions import Action, Initiate
from vpn.domain.peers import ChildSpec, PeerSpec
from vpn.domain.state import ENDING, Attempt, MemberState, SaState

# The most seconds from the n-th initiation to the next one, for a peer that stays down.
BACK_OFF = (0, 1, 2, 4, 8, 16, 30, 60)
# The same for a peer that came up n times without staying up for `STEADY`.
FLAP_DAMPING = (0.0, 0.5, 1.0, 2.0)
STEADY = timedelta(seconds=10)
# The largest share of a wait that jitter removes.
JITTER = 0.5
# Longer waits are left to the sweep: a peer that has been down for so long can wait for it.
LONGEST_OWN_WAIT = timedelta(seconds=4)
# An initiation normally results in an event long before; this only covers a lost event.
IN_FLIGHT = timedelta(seconds=3)
_NO_ATTEMPT = Attempt(0, datetime.min.replace(tzinfo=UTC))


def back_off(attempt: Attempt) -> timedelta:
    """The time from the start of the last attempt until the next one is due."""
    down = BACK_OFF[min(attempt.count, len(BACK_OFF) - 1)]
    flapping = FLAP_DAMPING[min(attempt.flaps, len(FLAP_DAMPING) - 1)]
    return timedelta(seconds=max(down, flapping) * (1 - JITTER * attempt.jitter))


def initiate_all(peer: PeerSpec, waits: list[timedelta], *, once: bool) -> Iterator[Action]:
    """With `once` also children that only the peer may initiate, as in `initiate_due`."""
    for child in peer.children:
        if child.initiate or once:
            waits.append(IN_FLIGHT)
            yield Initiate(peer.name, child.name, _version(peer.ike.version, 0))


def initiate_due(
    peer: PeerSpec, state: MemberState, changed: set[str], now: datetime, waits: list[timedelta]
) -> Iterator[Action]:
    sas = state.sas_of(peer.name)
    up = {child.name for sa in sas for child in sa.children if child.installed} - changed
    # Includes children that only the peer may initiate: without this, the peer would keep its dead SA until
    # its own dead peer detection.
    once = peer.name in state.unaware and not sas
    # A held child waits for a packet, unless its configuration changed.
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
        if back_off(attempt) <= LONGEST_OWN_WAIT:
            waits.append(wait)
        return
    waits.append(IN_FLIGHT)
    for child in down:
        yield Initiate(peer.name, child.name, version)


def _in_flight(down: list[ChildSpec], sas: list[SaState]) -> bool:
    """Whether charon is still negotiating one of these children."""
    if any(not sa.established for sa in sas) and not any(sa.established for sa in sas):
        return True
    names = {child.name for child in down}
    return any(
        child.name in names and not child.installed and child.state not in ENDING
        for sa in sas
        for child in sa.children
    )


def _version(wanted: IkeVersion, attempts: int) -> int:
    """The IKE version of the next attempt. With IkeVersion.ANY two attempts use IKEv2, then IKEv1 and
    IKEv2 alternate: a peer that answers only IKEv1 refuses or ignores IKEv2, and charon does not fall
    back by itself."""
    if wanted is not IkeVersion.ANY:
        return int(wanted)
    return 1 if attempts >= 2 and attempts % 2 == 0 else 2
