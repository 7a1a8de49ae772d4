"""The observed state: plain values that drivers report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from vpn.domain.spec import MemberRole

# charon's states of a CHILD_SA that no longer carries traffic.
ENDING = frozenset({"DELETING", "DESTROYING", "DELETED", "REKEYED"})


class Reason(NamedTuple):
    """Why something is down or degraded: a code of contract section 6.4 and a sentence for people. `cause`
    is one of `vpn.domain.reasons.Cause` where the code alone does not decide what to do; the API does not
    show it."""

    code: str
    message: str
    cause: str = ""

    def body(self) -> dict[str, str]:
        """As JSON columns have it."""
        plain = {"code": self.code, "message": self.message}
        return plain | {"cause": self.cause} if self.cause else plain


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
    # Seconds since the last packet in each direction; None: no packet yet.
    used_in: int | None = None
    used_out: int | None = None

    @property
    def installed(self) -> bool:
        """Whether it passes traffic now (charon keeps the old child as REKEYED for a moment)."""
        return self.state in {"INSTALLED", "REKEYING"}


@dataclass(frozen=True, slots=True)
class SaState:
    """An IKE_SA. `peer` is the name of the PeerSpec; `suite` reads like aes256-sha256-modp2048."""

    peer: str
    unique_id: str
    version: int
    state: str
    initiator: bool
    local_id: str
    remote_id: str
    suite: str
    nat: bool
    established_for: int
    rekey_in: int | None
    children: tuple[ChildState, ...]
    # Hex text, the same at both ends.
    initiator_spi: str = ""
    # Whether charon has sent a request that the peer has not answered yet.
    awaiting: bool = False

    @property
    def established(self) -> bool:
        return self.state in {"ESTABLISHED", "REKEYING"}

    @property
    def alive(self) -> bool:
        """Whether it is not being deleted."""
        return self.state not in {"DELETING", "DESTROYING"}


@dataclass(frozen=True, slots=True)
class LoadedChild:
    """A child as this boot of charon has it loaded: `fingerprint` is the fingerprint of its whole
    configuration, empty if unknown.

    `groups` are those of perfect forward secrecy (rekeying keeps the ones with which a child was
    negotiated) and `restart` the time of the last restart, as text; None: unknown.
    """

    fingerprint: str = ""
    groups: tuple[int, ...] | None = None
    restart: str | None = None


@dataclass(frozen=True, slots=True)
class LoadedPeer:
    """What this boot of charon has loaded under one name; `fingerprint` is the fingerprint of the
    configuration without its children, empty if it is incomplete or unknown.

    `dpd`: interval and timeout of dead peer detection; None: unknown. `older`: its IKE SAs may have
    been negotiated from an older configuration than is loaded now, and keep it.
    """

    fingerprint: str
    children: Mapping[str, LoadedChild]
    dpd: tuple[int, int] | None = None
    older: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Initiations since all children of the peer were up, and when the last one started.

    Children that are initiated together count once: `count` is that of the child initiated most often.
    `flaps` is how often an initiation brought the peer up without it staying up; `jitter`, 0 up to 1, is
    drawn for each initiation.
    """

    count: int
    at: datetime
    flaps: int = 0
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Silence:
    """A peer that packets are sent to and that none come from (see `vpn.domain.liveness`).

    `since` is when it was first observed, `packets_in` the count at that time; `probes` is how often the
    peer has been probed since then, `probed_at` when it was last probed.
    """

    since: datetime
    packets_in: int
    probes: int = 0
    probed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MemberState:
    """The observed state of one member.

    `local_cidrs` and `peer_cidrs` are those that its network configuration serves; `boot_id` changes
    with every start of charon; `failures` holds the last reason that charon logged for a peer that is
    down, if the driver knows one. `unaware` are peers that may hold SAs with a charon that no longer
    exists: initiated once, they are notified (INITIAL_CONTACT, RFC 7296 section 2.4). `drift` names the
    part of every member's network configuration (packet filter, links, kernel settings) that was changed
    or lost, empty if there is none. `held` are children for which charon has a trap policy since their
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
        """The peer's IKE SAs, without those being deleted."""
        return [sa for sa in self.sas if sa.peer == peer and sa.alive]


@dataclass(frozen=True, slots=True)
class GatewayState:
    """Every member of one gateway; the observation began at `at` (UTC).

    `ticks` is the same time on the host's monotonic clock, in nanoseconds: it orders observations even
    if the wall clock is set.
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
    """Something happened at a member. Events only trigger an observation; they are not evidence of state.

    UP and DOWN: a child of `peer`; FAILED: a negotiation with `peer` failed, see `reason`;
    LOST: the member's charon is gone; FOUND: it responds, possibly again.
    """

    kind: EventKind
    member_id: UUID
    gateway_id: UUID
    at: datetime
    peer: str = ""
    child: str = ""
    reason: Reason | None = None
