"""The actions a plan may request from a driver. Each is idempotent and concerns one member."""

from __future__ import annotations

from dataclasses import dataclass

from vpn.domain.peers import PeerSpec
from vpn.domain.spec import MemberRole


@dataclass(frozen=True, slots=True)
class StartMember:
    """Create namespace, links and addresses, then adopt charon if it runs, else start it."""


@dataclass(frozen=True, slots=True)
class StopMember:
    """Remove everything of the member: process, namespace, links, routes, files."""


@dataclass(frozen=True, slots=True)
class ConfigureNetwork:
    """Set role and routes.

    Every member: an anchor address inside each local CIDR, and a route to it. The active member also: the
    public address (removed from the other member, then announced), the routes of the underlay, and the VPC
    router's routes to the peer CIDRs.
    """

    role: MemberRole
    local_cidrs: frozenset[str]
    peer_cidrs: frozenset[str]


@dataclass(frozen=True, slots=True)
class LoadPeer:
    """Load the secret and the connection of one peer, replacing loaded ones; SAs that are up stay."""

    peer: PeerSpec


@dataclass(frozen=True, slots=True)
class DropPeer:
    """Unload connection and secret, then terminate its SAs."""

    name: str


@dataclass(frozen=True, slots=True)
class Initiate:
    """Initiate one child without waiting. With an offer of IkeVersion.ANY, `ike_version` 1 is the fallback
    for peers that support only IKEv1."""

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
class ProbePeer:
    """Start an exchange that a dead peer does not answer (a rekeying), without waiting. If the peer
    answers, nothing is lost; if it does not, charon deletes its SAs after the retransmissions."""

    peer: str


@dataclass(frozen=True, slots=True)
class Release:
    """Remove the trap policy of one child (see `MemberState.held`); SAs are not touched."""

    peer: str
    child: str


Action = (
    StartMember
    | StopMember
    | ConfigureNetwork
    | LoadPeer
    | DropPeer
    | Initiate
    | Terminate
    | ProbePeer
    | Release
)
