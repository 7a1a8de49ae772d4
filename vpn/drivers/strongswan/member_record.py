"""What the driver records about a member between calls. Never a key: only fingerprints.

VICI reports neither the proposals nor the secrets that charon has loaded: so what was loaded is recorded
here. The record applies only to the boot of charon that it was written for, and only as far as `loaded`
confirms it. Records of other versions of the product are read as far as possible.
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
_KEYS = {"network_configured": "plumbed", "fingerprint": "form", "probes": "asked", "probed_at": "asked_at"}
_draw = SystemRandom().random


@dataclass(slots=True)
class ChildRecord:
    """Fields as in LoadedChild."""

    fingerprint: str = ""
    groups: list[int] | None = None
    restart: str | None = None


@dataclass(slots=True)
class PeerRecord:
    """A loaded peer: its address (events name no peer before it is identified) and its fingerprints.

    `names` are charon's connections: one, or two if IKEv1 is the second attempt. `listed` is the digest of
    what charon lists for them. `older` as in LoadedPeer.
    """

    address: str
    names: list[str]
    fingerprint: str = ""
    children: dict[str, ChildRecord] = field(default_factory=dict)
    dpd: list[int] | None = None
    listed: str = ""
    older: bool = False


@dataclass(slots=True)
class AttemptRecord:
    """Initiations of each child since the peer was last up, and the other fields of an Attempt. Times are
    monotonic: `at` is that of the last initiation, `up_since` that of the observation that found the peer
    up, 0 while it is down."""

    at: float
    children: dict[str, int] = field(default_factory=dict)
    flaps: int = 0
    jitter: float = 0.0
    up_since: float = 0.0

    @property
    def value(self) -> Attempt:
        """Children of one peer that were initiated together count once."""
        count = max(self.children.values(), default=0)
        return Attempt(count, to_wall_clock(self.at), self.flaps, self.jitter)

    def observed(self, *, is_up: bool, now: float) -> AttemptRecord | None:
        """The record after one more observation; None once the peer is steady: its attempts are forgotten."""
        if not is_up:
            return replace(self, up_since=0.0)
        if not self.up_since:
            return replace(self, children={}, flaps=self.flaps + bool(self.children), up_since=now)
        return None if now - self.up_since >= STEADY.total_seconds() else self


@dataclass(slots=True)
class SilenceRecord:
    """A Silence with monotonic times; `probed_at` 0: not probed yet."""

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
        """Peers of a standby that becomes active have their SAs with the other member."""
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
    """None if there is none or it cannot be read: the member then counts as new."""
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
    """Like asdict(), whose deep copies take ten times as long: records are written with every action."""
    return {_KEYS.get(name, name): getattr(entry, name) for name in entry.__slots__}


def read_failures(files: MemberFiles) -> dict[str, Reason]:
    """The last failure by peer name; of those with IKEv2 and IKEv1 the one that came furthest."""
    recorded = _recorded_failures(files)
    found = {
        name: clearest(recorded.get(name), recorded.get(name + _BY_V1)) for name in map(peer_of, recorded)
    }
    return {name: reason for name, reason in found.items() if reason}


def record_failure(files: MemberFiles, peer: str, reason: Reason, *, ike_version: int) -> None:
    """The peer's last failure with this IKE version; does nothing if the member's directory is gone."""
    slot = peer + _BY_V1 if ike_version == 1 else peer
    _change_failures(files, lambda failures: failures | {slot: reason})


def forget_failures(files: MemberFiles, peer: str) -> None:
    """Remove the failures of a peer that is up or gone."""
    _change_failures(
        files, lambda recorded: {name: why for name, why in recorded.items() if peer_of(name) != peer}
    )


def _recorded_failures(files: MemberFiles) -> dict[str, Reason]:
    with suppress(OSError, ValueError, TypeError):
        return {peer: Reason(*reason) for peer, reason in json.loads(read_whole(files.failures)).items()}
    return {}


def _change_failures(files: MemberFiles, change: Callable[[dict[str, Reason]], dict[str, Reason]]) -> None:
    """Under a lock: worker and listener both record failures."""
    with suppress(FileNotFoundError), locked(files.failures_lock, make=False):
        before = _recorded_failures(files)
        after = change(before)
        if before != after:
            write_whole(files.failures, json.dumps(after))
