"""What the driver remembers of a member between calls. Never a key: only fingerprints.

Of what charon has loaded, neither proposals nor secrets can be read back over VICI: what was loaded
is written down here, and counts only for the boot of charon it was written for and as far as
`inventory` finds it there. Notes of another version of the product are read as far as they go.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from random import SystemRandom
from typing import Any

from vpn.domain.initiation import STEADY
from vpn.domain.reasons import clearest
from vpn.domain.spec import MemberRole, MemberSpec
from vpn.domain.state import Attempt, Reason, Silence
from vpn.drivers.elapsed import to_monotonic, to_wall_clock
from vpn.drivers.strongswan.files import locked, read_whole, write_whole
from vpn.drivers.strongswan.names import MemberFiles
from vpn.drivers.strongswan.translate import SECOND_TRY, peer_of

# Failures by IKEv1 are recorded beside those by IKEv2.
_BY_V1 = SECOND_TRY
# Fields whose keys on disk are those of earlier versions.
_KEYS = {"network_configured": "plumbed", "probes": "asked", "probed_at": "asked_at"}
_draw = SystemRandom().random


@dataclass(slots=True)
class ChildRecord:
    """As LoadedChild."""

    form: str = ""
    groups: list[int] | None = None
    restart: str | None = None


@dataclass(slots=True)
class PeerRecord:
    """A loaded peer: its address (events name no peer before it is identified) and its forms.

    `names` are charon's connections: one, or two when IKEv1 is the second try. `listed` is the
    digest of what charon lists of them. `older` as in LoadedPeer.
    """

    address: str
    names: list[str]
    form: str = ""
    children: dict[str, ChildRecord] = field(default_factory=dict)
    dpd: list[int] | None = None
    listed: str = ""
    older: bool = False


@dataclass(slots=True)
class AttemptRecord:
    """Initiations of each child since the peer was last up, and the rest of an Attempt. Times are
    monotonic: `at` of the last initiation, `up_since` of the observation that found the peer up; 0: it is
    down."""

    at: float
    children: dict[str, int] = field(default_factory=dict)
    flaps: int = 0
    jitter: float = 0.0
    up_since: float = 0.0

    @property
    def value(self) -> Attempt:
        """Several children of one peer that were started in one go count once."""
        count = max(self.children.values(), default=0)
        return Attempt(count, to_wall_clock(self.at), self.flaps, self.jitter)

    def observed(self, *, is_up: bool, now: float) -> AttemptRecord | None:
        """After one more observation; None once the peer is steady, and its tries are forgotten."""
        if not is_up:
            return replace(self, up_since=0.0)
        if not self.up_since:
            return replace(self, children={}, flaps=self.flaps + bool(self.children), up_since=now)
        return None if now - self.up_since >= STEADY.total_seconds() else self


@dataclass(slots=True)
class SilenceRecord:
    """A Silence, its times by the clock of this boot; `asked_at` 0: not asked yet."""

    since: float
    packets_in: int
    probes: int = 0
    probed_at: float = 0.0

    @classmethod
    def of(cls, silence: Silence) -> SilenceRecord:
        at = to_monotonic(silence.probed_at) if silence.probed_at else 0.0
        return cls(to_monotonic(silence.since), silence.packets_in, silence.probes, at)

    @property
    def value(self) -> Silence:
        at = to_wall_clock(self.probed_at) if self.probed_at else None
        return Silence(to_wall_clock(self.since), self.packets_in, self.probes, at)


@dataclass(slots=True)
class MemberRecord:
    gateway_id: str
    member_id: str
    index: int
    vpc_id: str
    public_address: str
    private_address: str
    boot_id: str = ""
    esp: str = ""
    applied_generation: int = 0
    network_configured: bool = False
    role: str = ""
    local_cidrs: list[str] = field(default_factory=list)
    peer_cidrs: list[str] = field(default_factory=list)
    peers: dict[str, PeerRecord] = field(default_factory=dict)
    attempts: dict[str, AttemptRecord] = field(default_factory=dict)
    silences: dict[str, SilenceRecord] = field(default_factory=dict)
    unaware: list[str] = field(default_factory=list)

    def begin_boot(self, boot_id: str) -> None:
        """A new charon has nothing loaded."""
        if self.boot_id != boot_id:
            if self.role == MemberRole.ACTIVE:
                self.unaware = sorted({*self.unaware, *self.peers})
            self.boot_id, self.peers, self.attempts, self.silences = boot_id, {}, {}, {}

    def begin_role(self, role: MemberRole) -> None:
        """Peers of a standby that becomes active have their SAs with its fellow."""
        if role is MemberRole.ACTIVE and self.role == MemberRole.STANDBY:
            self.unaware = sorted({*self.unaware, *self.peers})
        elif role is MemberRole.STANDBY:
            self.unaware = []
        self.role = role.value

    def mark_aware(self, peer: str) -> None:
        self.unaware = [name for name in self.unaware if name != peer]

    def forget_network(self) -> None:
        if self.role == MemberRole.ACTIVE:
            self.unaware = sorted({*self.unaware, *self.peers})
        self.network_configured, self.role, self.local_cidrs, self.peer_cidrs = False, "", [], []

    def count_attempt(self, peer: str, child: str, *, draw: Callable[[], float] = _draw) -> None:
        entry = self.attempts.setdefault(peer, AttemptRecord(0.0))
        entry.at, entry.jitter, entry.up_since = time.monotonic(), draw(), 0.0
        self.mark_aware(peer)
        entry.children[child] = entry.children.get(child, 0) + 1


def new_record(member: MemberSpec) -> MemberRecord:
    return MemberRecord(
        gateway_id=str(member.gateway_id),
        member_id=str(member.id),
        index=member.index,
        vpc_id=str(member.vpc_id),
        public_address=member.public_address,
        private_address=member.private_address,
    )


def read_record(files: MemberFiles) -> MemberRecord | None:
    """None when there are none, or none that can be read: the member is then taken for new."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        raw: dict[str, Any] = json.loads(read_whole(files.record))
        raw["peers"] = {name: _peer_record(peer) for name, peer in raw["peers"].items()}
        attempts: dict[str, Any] = raw["attempts"]
        raw["attempts"] = {n: AttemptRecord(**_known(AttemptRecord, entry)) for n, entry in attempts.items()}
        silences: dict[str, Any] = raw.get("silences", {})
        raw["silences"] = {
            name: SilenceRecord(**_known(SilenceRecord, entry)) for name, entry in silences.items()
        }
        return MemberRecord(**_known(MemberRecord, raw))
    return None


def _peer_record(raw: dict[str, Any]) -> PeerRecord:
    children: dict[str, Any] = raw["children"]
    known = {
        name: ChildRecord(**_known(ChildRecord, child)) if isinstance(child, dict) else ChildRecord()
        for name, child in children.items()
    }
    return PeerRecord(**_known(PeerRecord, raw | {"children": known}))


def _known(kind: type[Any], raw: dict[str, Any]) -> dict[str, Any]:
    """The fields of this version; what another version of the product added is left out."""
    keys = {one.name: _KEYS.get(one.name, one.name) for one in fields(kind)}
    return {name: raw[key] for name, key in keys.items() if key in raw}


def write_record(files: MemberFiles, record: MemberRecord) -> None:
    write_whole(files.record, json.dumps(record, default=_fields))


def _fields(entry: Any) -> dict[str, Any]:
    """As asdict(), whose deep copies take ten times as long: notes are written with every action."""
    return {_KEYS.get(name, name): getattr(entry, name) for name in entry.__slots__}


def read_failures(files: MemberFiles) -> dict[str, Reason]:
    """By peer name, of its tries by IKEv2 and by IKEv1 the one that came furthest."""
    recorded = _recorded_failures(files)
    told = {
        name: clearest(recorded.get(name), recorded.get(name + _BY_V1)) for name in map(peer_of, recorded)
    }
    return {name: reason for name, reason in told.items() if reason}


def record_failure(files: MemberFiles, peer: str, reason: Reason, *, ike_version: int) -> None:
    """The peer's last failure in this IKE version. Nothing happens when the member's directory is gone."""
    slot = peer + _BY_V1 if ike_version == 1 else peer
    _change_failures(files, lambda failures: failures | {slot: reason})


def forget_failures(files: MemberFiles, peer: str) -> None:
    """It is up, or gone."""
    _change_failures(
        files, lambda recorded: {name: why for name, why in recorded.items() if peer_of(name) != peer}
    )


def _recorded_failures(files: MemberFiles) -> dict[str, Reason]:
    with suppress(OSError, ValueError, TypeError):
        return {peer: Reason(*reason) for peer, reason in json.loads(read_whole(files.failures)).items()}
    return {}


def _change_failures(files: MemberFiles, change: Callable[[dict[str, Reason]], dict[str, Reason]]) -> None:
    """Worker and listener both tell: one at a time."""
    with suppress(FileNotFoundError), locked(files.failures_lock, make=False):
        before = _recorded_failures(files)
        after = change(before)
        if before != after:
            write_whole(files.failures, json.dumps(after))
