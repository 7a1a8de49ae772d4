"""Both ends opened at the same moment: two IKE SAs carry the same children, one of them too many.

charon ends the other IKE SA of a peer when it answers a new one. If both open at once, each may
answer before it knows of the other SA: then two stay. Or one end drops its own on the peer's
INITIAL_CONTACT (RFC 7296 section 2.4) without a word, and the peer keeps an SA that leads
nowhere: seen with charon 5.9.8. The end that holds both cannot tell which it is; but the one
that it opened itself is the one that lives at the peer in both cases, so that is the one to keep.

Of several CIDR pairs under one IKE SA both ends may open the same one at once as well: then two
CHILD_SAs carry it at both ends, each counts a part of the traffic, and every rekeying makes two.
"""

from __future__ import annotations

from collections.abc import Iterator

from vpn.domain.state import ChildState, SaState

# Seconds; IKE SAs further apart were not opened together: the peer began anew, and charon sees to it.
TOGETHER = 3
# Where both SAs live at both ends only one of them may act, or nothing remains. A CHILD_SA that
# is as old as this is also known to live at the peer.
PATIENCE = 2


def superfluous(sas: list[SaState]) -> Iterator[tuple[SaState, int]]:
    """Of the IKE SAs of one peer those to end, and in how many seconds (0: now).

    Both ends see the same SPIs, so exactly one of them acts at once. IKE SAs without children are
    left to charon: with IKEv1 the answering end may take the other one's children over instead.
    """
    up = [sa for sa in sas if sa.established and _carries(sa)]
    ours = [sa for sa in up if sa.initiator]
    for theirs in (sa for sa in up if not sa.initiator):
        twin = next((sa for sa in ours if _twins(sa, theirs)), None)
        if twin:
            patience = 0 if twin.initiator_spi < theirs.initiator_spi else PATIENCE
            yield theirs, max(0, patience - theirs.established_for)


def doubled(sas: list[SaState]) -> Iterator[tuple[ChildState, int]]:
    """Children to end because another carries the very same, and in how many seconds (0: now).

    Only the end that opened the IKE SA acts. Children of one name with other selectors stay (a
    peer may split what we ask for), and so does what is of another age: that is a rekeying.
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
