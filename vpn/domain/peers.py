"""One charon connection per pair of IKE identities.

charon uses the first configuration that matches the addresses and identities of a peer, so two
connections to one peer cannot be two charon connections. Connections of a gateway with the same peer
address and identities become the children of one PeerSpec; `checks` refuses those whose key or IKE
offer differs.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from policies.domain.proposals import EspOffer, IkeOffer
from vpn.domain.spec import (
    ConnectionSpec,
    DpdAction,
    GatewaySpec,
    SealedSecret,
    Secret,
    Selector,
    digest,
)
from vpn.domain.state import LoadedChild, LoadedPeer

# The version of fingerprints. Increase it when a driver loads anything else for the same spec than before:
# everything is then loaded again, and no tunnel ends.
FINGERPRINT_VERSION = 3


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One CIDR pair of one connection: the smallest unit that goes up and down."""

    name: str
    connection_id: UUID
    selector: Selector
    esp: EspOffer
    dpd_action: DpdAction
    initiate: bool
    restart_at: datetime | None = None

    @property
    def restart(self) -> str:
        """A restart changes the child's loaded configuration: so a run that is killed can be resumed."""
        return self.restart_at.isoformat() if self.restart_at else ""

    def as_loaded(self) -> LoadedChild:
        fingerprint = _child_fingerprint(self.selector, self.esp, self.dpd_action)
        return LoadedChild(fingerprint, self.esp.proposal.groups, self.restart)


@dataclass(frozen=True, slots=True)
class PeerSpec:
    """The configuration of one peer in charon. DPD times in seconds, 0 is off; the shortest of all
    children."""

    name: str
    peer_address: str
    local_id: str
    remote_id: str
    ike: IkeOffer
    psk: Secret | SealedSecret
    dpd_interval: int
    dpd_timeout: int
    children: tuple[ChildSpec, ...]

    def as_loaded(self) -> LoadedPeer:
        fingerprint = _peer_fingerprint(
            self.peer_address, self.ike, (self.local_id, self.remote_id, self.psk.id)
        )
        children = {child.name: child.as_loaded() for child in self.children}
        return LoadedPeer(fingerprint, children, (self.dpd_interval, self.dpd_timeout))


# Every run computes the digests of all connections, and nearly all are those of the run before.
@lru_cache(maxsize=16384)
def _child_fingerprint(selector: Selector, esp: EspOffer, dpd_action: DpdAction) -> str:
    return f"{FINGERPRINT_VERSION}:{digest(selector, asdict(esp), dpd_action)}"


@lru_cache(maxsize=16384)
def _peer_fingerprint(address: str, ike: IkeOffer, rest: tuple[str, ...]) -> str:
    return f"{FINGERPRINT_VERSION}:{digest(address, asdict(ike), rest)}"


@lru_cache(maxsize=16384)
def _pair_digest(local: str, remote: str) -> str:
    return digest(local, remote)[:8]


def connection_of(child: str) -> str:
    """The id of the connection that a child belongs to, from the child's name."""
    return child.partition(".")[0]


def child_name(connection_id: UUID, selector: Selector) -> str:
    """<connection id>.<8 hex digits>; does not change with the connection's other pairs."""
    return f"{connection_id}.{_pair_digest(selector.local, selector.remote)}"


def address_of(peer: str) -> str:
    """The address in a PeerSpec's name, peer_<address>_<8 hex digits>; empty for other names."""
    parts = peer.split("_")
    return parts[1] if len(parts) == 3 and parts[0] == "peer" else ""


def peers(spec: GatewaySpec) -> tuple[PeerSpec, ...]:
    """The enabled connections of a gateway whose peers have addresses, grouped by peer."""
    groups: dict[tuple[str, str, str], list[ConnectionSpec]] = defaultdict(list)
    for connection in spec.connections:
        if connection.enabled and connection.peer_address and not spec.deleted:
            groups[connection.peer_address, connection.local_id, connection.remote_id].append(connection)
    return tuple(_peer(key, members) for key, members in groups.items())


def _dpd_action(connection: ConnectionSpec) -> DpdAction:
    """The DPD action; if only the peer may initiate, a packet must not, so hold becomes clear."""
    action = connection.dpd.action
    return DpdAction.CLEAR if action is DpdAction.HOLD and not connection.initiate else action


def _peer(key: tuple[str, str, str], connections: list[ConnectionSpec]) -> PeerSpec:
    address, local_id, remote_id = key
    watched = [c.dpd for c in connections if c.dpd.action is not DpdAction.NONE]
    return PeerSpec(
        name=f"peer_{address}_{_pair_digest(local_id, remote_id)}",
        peer_address=address,
        local_id=local_id,
        remote_id=remote_id,
        ike=connections[0].ike,
        psk=connections[0].psk,
        dpd_interval=min((d.interval for d in watched), default=0),
        dpd_timeout=min((d.timeout for d in watched), default=0),
        children=tuple(
            ChildSpec(
                name=child_name(connection.id, selector),
                connection_id=connection.id,
                selector=selector,
                esp=connection.esp,
                dpd_action=_dpd_action(connection),
                initiate=connection.initiate,
                restart_at=connection.restart_at,
            )
            for connection in connections
            for selector in connection.selectors
        ),
    )
