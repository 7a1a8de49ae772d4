"""Which tunnels a change will interrupt, predicted before it is made; pure.

The rules are those of `sa_reuse` and `active_member`: a test compares the predictions with the plans for
the same changes.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from policies.domain.proposals import EspOffer, IkeOffer
from vpn.domain.sa_reuse import offers_esp, offers_ike
from vpn.domain.spec import Selector

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Terms:
    """The parts of a connection that its tunnel must match. `off` says why it has no tunnel, as the end of
    a sentence; empty if it should have one. `peer` is the peer's address."""

    off: str
    peer: str
    local_id: str
    remote_id: str
    ike: IkeOffer
    esp: EspOffer
    pairs: frozenset[Selector]
    gateway: Hashable = None
    restart_at: datetime | None = None

    @property
    def ike_sa(self) -> tuple[Hashable, ...]:
        """The same for connections that share an IKE SA."""
        return self.gateway, self.peer, self.local_id, self.remote_id


@dataclass(frozen=True, slots=True)
class UpTunnel:
    """A tunnel that is up, as it was negotiated; `pairs` are the installed ones, `older` as in
    `LoadedPeer`. An empty suite and version 0 are unknown."""

    version: int
    ike_suite: str
    esp_suite: str
    pairs: frozenset[Selector]
    older: bool = False


class Extent(StrEnum):
    """What happens to a tunnel: it ends, it ends and is negotiated again, it loses some CIDR pairs while
    others stay up, or it may be negotiated again, depending on the peer."""

    ENDS = "ends"
    AGAIN = "again"
    PART = "part"
    MAY = "may"


@dataclass(frozen=True, slots=True)
class Ending:
    """`why` is the end of a sentence. With `children` only the CHILD_SAs are negotiated again, not the
    IKE SA."""

    why: str
    extent: Extent
    children: bool = False


def endings(
    before: Mapping[Key, Terms], after: Mapping[Key, Terms], tunnels: Collection[tuple[Key, UpTunnel]]
) -> dict[Key, Ending]:
    """The connections of `tunnels` that a change from `before` to `after` interrupts. Connections missing
    in `after` are deleted."""
    found: dict[Key, Ending] = {}
    for key, tunnel in tunnels:
        if ending := _ending(before[key], after.get(key), tunnel):
            found[key] = ending
    found |= dict(_taken_along(before, found, tunnels))
    return found | dict(_may_be_renewed(before, after, found, tunnels))


def _ending(before: Terms, after: Terms | None, tunnel: UpTunnel) -> Ending | None:
    """None also if the tunnel ends even without the change."""
    if before.off:
        return None
    if after is None or after.off:
        return Ending(after.off if after else "the connection is deleted", Extent.ENDS)
    for part in (_leaves_ike_sa, _negotiates_children):
        if why := part(before, after, tunnel):
            unchanged = part(before, before, tunnel)
            again = Ending(why, Extent.AGAIN, children=part is _negotiates_children)
            return None if unchanged else again
    return _loses_pairs(before, after, tunnel)


def _leaves_ike_sa(before: Terms, after: Terms, tunnel: UpTunnel) -> str:
    version, suite = tunnel.version or after.ike.version, tunnel.ike_suite
    ids = (before.local_id, before.remote_id) != (after.local_id, after.remote_id)
    gone = "is no longer offered"
    causes = (
        (before.peer != after.peer, "the peer address changes"),
        (ids, "an IKE identity changes"),
        (not offers_ike(after.ike, version, ""), f"IKEv{version} {gone}"),
        (not offers_ike(after.ike, version, suite), f"IKE with {suite} {gone}"),
    )
    return next((why for ends, why in causes if ends), "")


def _negotiates_children(before: Terms, after: Terms, tunnel: UpTunnel) -> str:
    suite = tunnel.esp_suite
    if not offers_esp(after.esp.proposal, suite, before.esp.proposal.groups):
        return f"IPsec with {suite}, or its perfect forward secrecy, is no longer offered"
    return "the connection is restarted" if before.restart_at != after.restart_at else ""


def _loses_pairs(before: Terms, after: Terms, tunnel: UpTunnel) -> Ending | None:
    up = tunnel.pairs & before.pairs
    removed = sorted(f"{pair.local} - {pair.remote}" for pair in up - after.pairs)
    if not removed:
        return None
    if len(removed) == len(up):
        return Ending("no CIDR pair that is up remains", Extent.ENDS)
    more = f" and {len(removed) - 3} more" if len(removed) > 3 else ""
    return Ending(f"{', '.join(removed[:3])}{more}", Extent.PART)


def _taken_along(
    before: Mapping[Key, Terms], found: Mapping[Key, Ending], tunnels: Collection[tuple[Key, UpTunnel]]
) -> Iterator[tuple[Key, Ending]]:
    """If CHILD_SAs are negotiated again and their IKE SA has an older configuration, it is negotiated again
    as well, and with it the CHILD_SAs of all connections that share it."""
    older = {key for key, tunnel in tunnels if tunnel.older}
    renewed = {before[key].ike_sa: key for key, ending in found.items() if ending.children and key in older}
    for key, _ in tunnels:
        if key not in found and not before[key].off and before[key].ike_sa in renewed:
            why = "it shares an IKE SA that is negotiated again"
            yield key, Ending(why, Extent.AGAIN)


def _may_be_renewed(
    before: Mapping[Key, Terms],
    after: Mapping[Key, Terms],
    found: Mapping[Key, Ending],
    tunnels: Collection[tuple[Key, UpTunnel]],
) -> Iterator[tuple[Key, Ending]]:
    """Connections whose IKE SA has an older configuration and gets more CIDR pairs: a peer whose
    configuration is older as well refuses them, and then the IKE SA is negotiated again (see
    `active_member`)."""
    older = {before[key].ike_sa for key, tunnel in tunnels if tunnel.older}
    added = {terms.ike_sa for key, terms in after.items() if _pairs(terms) - _pairs(before.get(key))}
    for key, _ in tunnels:
        if key not in found and not before[key].off and before[key].ike_sa in added & older:
            yield key, Ending("the peer may refuse more CIDR pairs under the present IKE SA", Extent.MAY)


def _pairs(terms: Terms | None) -> frozenset[Selector]:
    """The pairs that the tunnel should have."""
    return frozenset() if terms is None or terms.off else terms.pairs
