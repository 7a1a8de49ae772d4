"""What a plan may ask of a driver. Each is idempotent; each is for one member."""

from __future__ import annotations

from dataclasses import dataclass

from vpn.domain.peers import PeerSpec
from vpn.domain.spec import MemberRole


@dataclass(frozen=True, slots=True)
class StartMember:
    """Namespace, links, addresses, then charon: adopted if it stands, else started."""


@dataclass(frozen=True, slots=True)
class StopMember:
    """Nothing of the member remains: process, namespace, links, routes, files."""


@dataclass(frozen=True, slots=True)
class Plumb:
    """Role and routes.

    Every member: an address inside each local CIDR, and the way to it. The active member also: the
    public address (taken from its fellow, announced), the underlay's routes, and the VPC router's
    routes to the peer CIDRs.
    """

    role: MemberRole
    local_cidrs: frozenset[str]
    peer_cidrs: frozenset[str]


@dataclass(frozen=True, slots=True)
class LoadPeer:
    """Secret and connection of one peer; loaded again it replaces; up SAs are not touched."""

    peer: PeerSpec


@dataclass(frozen=True, slots=True)
class DropPeer:
    """Unload connection and secret, then terminate its SAs."""

    name: str


@dataclass(frozen=True, slots=True)
class Initiate:
    """Start one child without waiting. `ike_version` 1 is the second try towards peers that
    answer only IKEv1, when the peer's offer is IkeVersion.ANY."""

    peer: str
    child: str
    ike_version: int = 2


@dataclass(frozen=True, slots=True)
class Terminate:
    """End one child, or with `child` empty the whole IKE SA (and all its children).

    With `sa`, the unique id of an SaState, that IKE SA alone: others of the peer stay. With
    `child_sa`, the unique id of a ChildState, that CHILD_SA alone: others of its name stay.
    """

    peer: str
    child: str = ""
    sa: str = ""
    child_sa: str = ""


@dataclass(frozen=True, slots=True)
class AskForLife:
    """Begin an exchange that a dead peer does not answer (a rekeying), without waiting. A peer that
    answers loses nothing; the tunnels of one that does not are gone after the retransmissions."""

    peer: str


@dataclass(frozen=True, slots=True)
class Release:
    """Remove the trap policy of one child (see `MemberState.held`); SAs are not touched."""

    peer: str
    child: str


Action = StartMember | StopMember | Plumb | LoadPeer | DropPeer | Initiate | Terminate | AskForLife | Release
