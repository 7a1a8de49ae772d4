"""The documents of the simulated driver for each member and network: plain values, as stored on disk."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from vpn.domain.reasons import clearest
from vpn.domain.spec import MemberSpec
from vpn.domain.state import Reason

# Suffix of the key of a peer's last failure with IKEv1; the one with IKEv2 has the peer's name as its key.
BY_V1 = "_v1"


class Columns(TypedDict):
    """A Proposal."""

    encryption: list[str]
    integrity: list[str]
    groups: list[int]


class ChildConf(TypedDict):
    """`groups` and `restart` as in LoadedChild."""

    form: str
    groups: list[int]
    restart: str
    local: str
    remote: str
    esp: Columns
    lifetime: int


class PeerConf(TypedDict):
    """The configuration loaded under one name; `key` is the digest of the pre-shared key."""

    form: str
    peer_address: str
    local_id: str
    remote_id: str
    version: int
    ike: Columns
    lifetime: int
    key: str
    dpd: tuple[int, int]
    children: dict[str, ChildConf]


class ChildSa(TypedDict):
    """`at` in seconds since the epoch; `far_name` is the child's name at the other end."""

    far_name: str
    spi_in: str
    spi_out: str
    local: str
    remote: str
    suite: str
    at: float
    lifetime: int


class IkeSa(TypedDict):
    """One end; both ends have the same `id`. `far_member` and `far_peer` identify the other end. `dpd` are
    the times it was negotiated with: changing the peer does not change them."""

    id: str
    far_member: str
    far_peer: str
    version: int
    initiator: bool
    suite: str
    at: float
    lifetime: int
    dpd: NotRequired[tuple[int, int]]
    # Seconds since the epoch at which the other end vanished unnoticed; how often it was probed since then,
    # and when it was last probed.
    silent_since: NotRequired[float]
    asked: NotRequired[int]
    asked_at: NotRequired[float]
    children: dict[str, ChildSa]


class Failure(TypedDict):
    """`child` is empty if phase 1 failed; `serial` distinguishes repeated failures."""

    child: str
    code: str
    message: str
    serial: str


class Tries(TypedDict):
    """Initiations of each child since all children of the peer were up; `at` is the monotonic time of the
    last one."""

    at: float
    children: dict[str, int]


class Document(TypedDict):
    """The whole state of one member."""

    id: str
    gateway_id: str
    public_address: str
    private_address: str
    generation: int
    running: bool
    boot: str
    role: str
    local_cidrs: list[str]
    peer_cidrs: list[str]
    loaded: dict[str, PeerConf]
    attempts: dict[str, Tries]
    failures: dict[str, Failure]
    sas: dict[str, IkeSa]
    fault: str
    unaware: list[str]


class NetworkDocument(TypedDict):
    """`instances` are lists of id, name, subnet id, address."""

    vpc_id: str
    subnets: list[list[str]]
    instances: list[list[str]]


def new_document(member: MemberSpec) -> Document:
    """A member that exists, without a role and without a running charon."""
    return Document(
        id=str(member.id),
        gateway_id=str(member.gateway_id),
        public_address=member.public_address,
        private_address=member.private_address,
        generation=0,
        running=False,
        boot="",
        role="",
        local_cidrs=[],
        peer_cidrs=[],
        loaded={},
        attempts={},
        failures={},
        sas={},
        fault="",
        unaware=[],
    )


def clearest_failures(document: Document) -> dict[str, Reason]:
    """By peer, of its failures with both IKE versions the one that came furthest."""
    recorded = {slot: Reason(f["code"], f["message"]) for slot, f in document["failures"].items()}
    peers = {slot.removesuffix(BY_V1) for slot in recorded}
    found = {peer: clearest(recorded.get(peer), recorded.get(peer + BY_V1)) for peer in sorted(peers)}
    return {peer: reason for peer, reason in found.items() if reason}
