"""What is: plain values that drivers report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from vpn.domain.spec import MemberRole

# Words of charon for a CHILD_SA that carries nothing any more.
ENDING = frozenset({"DELETING", "DESTROYING", "DELETED", "REKEYED"})


class Reason(NamedTuple):
    """Why something is not well: a code of contract section 6.4 and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ChildState:
    """A CHILD_SA. SPIs are hex text; counters count from its installation; times in seconds."""

    name: str
    state: str
    spi_in: str
    spi_out: str
    bytes_in: int
    bytes_out: int
    packets_in: int
    packets_out: int
    local: tuple[str, ...]
    remote: tuple[str, ...]
    suite: str
    installed_for: int
    rekey_in: int | None = None
    unique_id: str = ""
    # Seconds since the last packet each way; None: there was none yet.
    used_in: int | None = None
    used_out: int | None = None

    @property
    def installed(self) -> bool:
        """Passes traffic now (charon keeps the old child as REKEYED for a moment)."""
        return self.state in {"INSTALLED", "REKEYING"}


@dataclass(frozen=True, slots=True)
class SaState:
    """An IKE_SA. `peer` is the name of the PeerSpec; `suite` reads like aes256-sha256-modp2048."""

    peer: str
    unique_id: str
    version: int
    state: str
    initiator: bool
    local_address: str
    remote_address: str
    local_id: str
    remote_id: str
    suite: str
    nat: bool
    established_for: int
    rekey_in: int | None
    children: tuple[ChildState, ...]
    # Hex text, the same at both ends.
    initiator_spi: str = ""
    # Whether a request of ours is under way that the peer has not answered yet.
    awaiting: bool = False

    @property
    def established(self) -> bool:
        return self.state in {"ESTABLISHED", "REKEYING"}

    @property
    def alive(self) -> bool:
        """Not on its way out."""
        return self.state not in {"DELETING", "DESTROYING"}


@dataclass(frozen=True, slots=True)
class LoadedChild:
    """A child as this boot of charon has it loaded: `form` is the fingerprint of all of it, empty
    when that is not known.

    `groups` are those of perfect forward secrecy (rekeying keeps the ones with which a child
    began) and `restart` the moment of the last restart, as text; None: not known.
    """

    form: str = ""
    groups: tuple[int, ...] | None = None
    restart: str | None = None


@dataclass(frozen=True, slots=True)
class LoadedPeer:
    """What this boot of charon has loaded under one name; `form` is the fingerprint of what is not
    its children's, empty when it is not whole or not known.

    `dpd`: interval and timeout of dead peer detection; None: not known. `older`: its IKE SAs may
    have begun in another form than is loaded now, and keep that one.
    """

    form: str
    children: Mapping[str, LoadedChild]
    dpd: tuple[int, int] | None = None
    older: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Tries since all of the peer was up, and when the last one began.

    Children that are initiated in one go count once: `count` is that of the child tried most. `flaps` is
    how often the peer came up by a try without staying up; `jitter`, 0 up to 1, is drawn for each try.
    """

    count: int
    at: datetime
    flaps: int = 0
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Silence:
    """A peer to whom packets go, and from whom none come (see `vpn.domain.liveness`).

    `since` is when it was seen first, `packets_in` what had come until then; `asked` how often the
    peer was asked for a sign of life since, `asked_at` when it was last.
    """

    since: datetime
    packets_in: int
    asked: int = 0
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MemberState:
    """What stands of one member.

    `local_cidrs` and `peer_cidrs` are those that its plumbing serves; `boot_id` changes with
    every start of charon; `failures` holds the last reason told by charon for a peer that is
    down, as far as the driver knows it. `unaware` are peers that may hold SAs with a charon that is
    no more: initiated once, they are notified (INITIAL_CONTACT, RFC 7296 section 2.4). `drift` names what
    was changed or lost of the plumbing that every member needs (packet filter, links, kernel
    settings), empty when it is whole. `held` are children for which charon has a trap policy since their
    peer died (DPD action hold): it negotiates them when a packet needs them.
    """

    id: UUID
    running: bool = False
    boot_id: str = ""
    pid: int | None = None
    role: MemberRole | None = None
    local_cidrs: frozenset[str] = frozenset()
    peer_cidrs: frozenset[str] = frozenset()
    loaded: Mapping[str, LoadedPeer] = field(default_factory=dict)
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    failures: Mapping[str, Reason] = field(default_factory=dict)
    sas: tuple[SaState, ...] = ()
    exists: bool = False
    silences: Mapping[str, Silence] = field(default_factory=dict)
    drift: str = ""
    unaware: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()

    def sas_of(self, peer: str) -> list[SaState]:
        """The peer's IKE SAs, those on their way out left aside."""
        return [sa for sa in self.sas if sa.peer == peer and sa.alive]


@dataclass(frozen=True, slots=True)
class GatewayState:
    """Every member of one gateway, observed beginning at `at` (UTC).

    `ticks` is the same moment by the host's monotonic clock, in nanoseconds: the order of
    observations, whatever is done to the wall clock.
    """

    at: datetime
    members: Mapping[UUID, MemberState]
    ticks: int = 0


class EventKind(StrEnum):
    UP = "up"
    DOWN = "down"
    FAILED = "failed"
    LOST = "lost"
    FOUND = "found"


@dataclass(frozen=True, slots=True)
class TunnelEvent:
    """Something happened at a member. Events only hurry an observation, they carry no truth.

    UP and DOWN: a child of `peer`; FAILED: a negotiation with `peer` failed, see `reason`;
    LOST: the member's charon is gone; FOUND: it answers (again).
    """

    kind: EventKind
    member_id: UUID
    gateway_id: UUID
    at: datetime
    peer: str = ""
    child: str = ""
    reason: Reason | None = None
