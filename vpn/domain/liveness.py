"""Whether a peer still lives, judged by traffic where dead peer detection is off; pure.

Packets that go out while none come in are no proof: a flow may be one-way (syslog over UDP). So the
peer is asked for a sign of life, which ends nothing when it answers, and is asked again the more
seldom the longer the flow stays one-way. What it does not answer, charon ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from vpn.domain.actions import AskForLife
from vpn.domain.peers import PeerSpec
from vpn.domain.state import ChildState, MemberState, SaState, Silence

# How long packets go out alone before the first question; and how fresh the last one must be.
QUIET = timedelta(seconds=10)
# An answer may be on its way, and charon tells ages in whole seconds.
_LAG = 2
LONGEST = timedelta(minutes=10)
# An answer comes sooner, also where one packet is lost and sent again.
_ANSWERED_WITHIN = timedelta(seconds=2.5)


@dataclass(frozen=True, slots=True)
class _Use:
    """Of all children of a peer: packets in, and the ages in seconds of the last ones (None: none)."""

    packets_in: int
    last_in: int | None
    last_out: int | None


def observed(before: Silence | None, sas: Iterable[SaState], now: datetime) -> Silence | None:
    """What is known of one peer's silence after this observation; None while it is heard.

    `sas` are the peer's. The same value as `before` unless something has changed, so that it need
    not be written down again.
    """
    children = _children(sas)
    if not children:
        return None
    use = _use(children)
    if before is None:
        return Silence(now, use.packets_in) if _is_one_way(use) else None
    if use.packets_in > before.packets_in:
        return None
    # Less than before: rekeying reset the counters. It is an answer of IKE's, not of the flow's.
    return before if use.packets_in == before.packets_in else replace(before, packets_in=use.packets_in)


def silences_of(before: Mapping[str, Silence], sas: Iterable[SaState]) -> dict[str, Silence]:
    """Of all peers of a member, by name."""
    by_peer: dict[str, list[SaState]] = {}
    for sa in sas:
        by_peer.setdefault(sa.peer, []).append(sa)
    now = datetime.now(UTC)
    found = {name: observed(before.get(name), mine, now) for name, mine in by_peer.items()}
    return {name: silence for name, silence in found.items() if silence}


def due(silence: Silence, sas: Iterable[SaState], now: datetime) -> timedelta | None:
    """After how long the peer is to be asked (zero or less: now); None while nobody sends to it."""
    last_out = _use(_children(sas)).last_out
    if last_out is None or timedelta(seconds=last_out) > QUIET:
        return None
    if silence.asked_at is None:
        return silence.since + QUIET - now
    return silence.asked_at + back_off(silence.asked) - now


def ask_when_due(peer: PeerSpec, state: MemberState, now: datetime) -> Iterator[AskForLife]:
    """Only where no connection of the peer asks for dead peer detection; the sweep comes often enough."""
    silence = state.silences.get(peer.name)
    if silence is None or peer.dpd_interval:
        return
    wait = due(silence, state.sas_of(peer.name), now)
    if wait is not None and wait <= timedelta(0):
        yield AskForLife(peer.name)


def is_not_responding(silence: Silence | None, sas: Iterable[SaState], now: datetime) -> bool:
    """Whether the peer was asked for a sign of life and has had the time to give it, but did not."""
    if silence is None or silence.asked_at is None or now - silence.asked_at < _ANSWERED_WITHIN:
        return False
    return any(sa.awaiting for sa in sas if sa.established)


def back_off(asked: int) -> timedelta:
    """From the n-th question to the next one."""
    return min(QUIET * (1 << min(asked, 16)), LONGEST)


def asked(before: Silence | None, now: datetime) -> Silence:
    """After one more question."""
    known = before or Silence(now, 0)
    return replace(known, asked=known.asked + 1, asked_at=now)


def _children(sas: Iterable[SaState]) -> list[ChildState]:
    return [child for sa in sas if sa.established for child in sa.children if child.installed]


def _use(children: list[ChildState]) -> _Use:
    return _Use(
        sum(child.packets_in for child in children),
        min((child.used_in for child in children if child.used_in is not None), default=None),
        min((child.used_out for child in children if child.used_out is not None), default=None),
    )


def _is_one_way(use: _Use) -> bool:
    """Whether the last packet went out, and no answer to it can still be on its way."""
    if use.last_out is None:
        return False
    return use.last_in is None or use.last_in - use.last_out >= _LAG
