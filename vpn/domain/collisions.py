"""Both ends initiated simultaneously: two IKE SAs carry the same children, and one is redundant.

charon deletes the other IKE SA of a peer when it responds to a new one. If both ends initiate
simultaneously, each may respond before it knows of the other SA: then two remain. Or one end deletes
its own SA on the peer's INITIAL_CONTACT (RFC 7296 section 2.4) without notice, and the peer keeps an
SA that nobody answers: observed with charon 5.9.8. The end that holds both cannot tell which case it
is; but the SA that it initiated itself is alive at the peer in both cases, so that one is kept.

With several CIDR pairs under one IKE SA, both ends may also initiate the same pair simultaneously:
then two CHILD_SAs carry it at both ends, each counts a part of the traffic, and each is rekeyed.
"""

from __future__ import annotations

from collections.abc import Iterator

from vpn.domain.state import ChildState, SaState

# Seconds; IKE SAs further apart in age are no collision: the peer restarted, and charon handles that.
TOGETHER = 3
# Seconds. If both SAs are alive at both ends, only one end may act, or none remains. A CHILD_SA this old
# is also known to be installed at the peer.
PATIENCE = 2


def redundant_ike_sas(sas: list[SaState]) -> Iterator[tuple[SaState, int]]:
    """The IKE SAs of one peer to terminate, each with the seconds to wait before (0: now).

    Both ends see the same SPIs, so exactly one of them acts at once. IKE SAs without children are
    left to charon: with IKEv1 the responder may adopt the children of the other SA instead.
    """
    up = [sa for sa in sas if sa.established and _carries(sa)]
    ours = [sa for sa in up if sa.initiator]
    for theirs in (sa for sa in up if not sa.initiator):
        twin = next((sa for sa in ours if _twins(sa, theirs)), None)
        if twin:
            patience = 0 if twin.initiator_spi < theirs.initiator_spi else PATIENCE
            yield theirs, max(0, patience - theirs.established_for)


def redundant_child_sas(sas: list[SaState]) -> Iterator[tuple[ChildState, int]]:
    """Children to terminate because another carries the same selectors, each with the seconds to wait
    before (0: now).

    Only the initiator of the IKE SA acts. Children of one name with different selectors stay (a peer
    may split the requested selectors), and so do children of different ages: that is a rekeying.
    """

    for sa in (sa for sa in sas if sa.established and sa.initiator):
        kept: dict[tuple[str, tuple[str, ...], tuple[str, ...]], ChildState] = {}
        for child in sorted(sa.children, key=lambda child: child.spi_in):
            if child.state != "INSTALLED":
                continue
            first = kept.setdefault((child.name, child.local, child.remote), child)
            ages = (first.installed_for, child.installed_for)
            if first is not child and max(ages) - min(ages) <= TOGETHER:
                yield child, max(0, PATIENCE - min(ages))


def _carries(sa: SaState) -> set[str]:
    return {child.name for child in sa.children if child.installed}


def _twins(one: SaState, other: SaState) -> bool:
    near = abs(one.established_for - other.established_for) <= TOGETHER
    return near and bool(_carries(one) & _carries(other))
