"""Whether a peer is alive, inferred from traffic where dead peer detection is off; pure.

Outgoing packets without incoming ones prove nothing: a flow may be one-way (syslog over UDP). So the
peer is probed. A probe that is answered ends nothing, and the longer the flow stays one-way, the longer
the interval until the next probe. charon itself ends the SA of a peer that does not answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vpn.domain.actions import ProbePeer
from vpn.domain.peers import PeerSpec
from vpn.domain.state import ChildState, MemberState, SaState, Silence

# How long packets go out with none coming in before the first probe, and how recent the last one must be.
QUIET = timedelta(seconds=10)
# A reply may be in flight, and charon reports ages in whole seconds.
_LAG = 2
LONGEST = timedelta(minutes=10)
# Includes one retransmission.
_ANSWERED_WITHIN = timedelta(seconds=2.5)


@dataclass(frozen=True, slots=True)
class _Use:
    """Totals over all children of a peer: packets in, and the age in seconds of the last packet in each
    direction (None: no packet yet)."""

    packets_in: int
    last_in: int | None
    last_out: int | None


def observed(before: Silence | None, sas: Iterable[SaState], now: datetime) -> Silence | None:
    """One peer's silence after this observation; None while packets come in.

    `sas` are the peer's. Returns `before` itself if nothing has changed, so that it is not written again.
    """
    children = _children(sas)
    if not children:
        return None
    use = _use(children)
    if before is None:
        return Silence(now, use.packets_in) if _is_one_way(use) else None
    if use.packets_in > before.packets_in:
        return None
    # Fewer than before: rekeying reset the counters. That is an IKE reply, not traffic of the flow.
    return before if use.packets_in == before.packets_in else replace(before, packets_in=use.packets_in)


def silences_of(before: Mapping[str, Silence], sas: Iterable[SaState], now: datetime) -> dict[str, Silence]:
    """The silences of all peers of a member, by name."""
    by_peer: dict[str, list[SaState]] = {}
    for sa in sas:
        by_peer.setdefault(sa.peer, []).append(sa)
    found = {name: observed(before.get(name), mine, now) for name, mine in by_peer.items()}
    return {name: silence for name, silence in found.items() if silence}


def due(silence: Silence, sas: Iterable[SaState], now: datetime) -> timedelta | None:
    """How long until the peer is probed (zero or less: now); None while no packets are sent to it."""
    last_out = _use(_children(sas)).last_out
    if last_out is None or timedelta(seconds=last_out) > QUIET:
        return None
    if silence.probed_at is None:
        return silence.since + QUIET - now
    return silence.probed_at + back_off(silence.probes) - now


def probe_when_due(peer: PeerSpec, state: MemberState, now: datetime) -> Iterator[ProbePeer]:
    """Only where no connection of the peer has dead peer detection. Adds no wait: the sweep runs often
    enough."""
    silence = state.silences.get(peer.name)
    if silence is None or peer.dpd_interval:
        return
    wait = due(silence, state.sas_of(peer.name), now)
    if wait is not None and wait <= timedelta(0):
        yield ProbePeer(peer.name)


def is_not_responding(silence: Silence | None, sas: Iterable[SaState], now: datetime) -> bool:
    """Whether the peer was probed, has had time to answer, and did not."""
    if silence is None or silence.probed_at is None or now - silence.probed_at < _ANSWERED_WITHIN:
        return False
    return any(sa.awaiting for sa in sas if sa.established)


def back_off(probes: int) -> timedelta:
    """The interval from the n-th probe to the next one."""
    return min(QUIET * (1 << min(probes, 16)), LONGEST)


def after_probe(before: Silence | None, now: datetime) -> Silence:
    """The silence after one more probe."""
    known = before or Silence(now, 0)
    return replace(known, probes=known.probes + 1, probed_at=now)


def _children(sas: Iterable[SaState]) -> list[ChildState]:
    return [child for sa in sas if sa.established for child in sa.children if child.installed]


def _use(children: list[ChildState]) -> _Use:
    return _Use(
        sum(child.packets_in for child in children),
        min((child.used_in for child in children if child.used_in is not None), default=None),
        min((child.used_out for child in children if child.used_out is not None), default=None),
    )


def _is_one_way(use: _Use) -> bool:
    """Whether the last packet was outgoing and a reply to it can no longer be in flight."""
    if use.last_out is None:
        return False
    return use.last_in is None or use.last_in - use.last_out >= _LAG
