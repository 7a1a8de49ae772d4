"""Which member carries the public address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from vpn.domain.spec import MemberRole, MemberSpec
from vpn.domain.state import MemberState


def choose_active(members: Sequence[MemberSpec], states: Mapping[UUID, MemberState]) -> UUID | None:
    """The member that should be active; None if there is no member at all.

    The one that is active stays while its charon runs, also after its fellow came back: no
    flip-back, a second interruption would buy nothing. When it died, a running fellow takes
    over, one that is plumbed as standby before one that is not. With nobody running the last
    active one is started first; in the beginning that is index 0.
    """
    ordered = sorted(members, key=lambda member: _preference(member, states.get(member.id)))
    return ordered[0].id if ordered else None


def _preference(member: MemberSpec, state: MemberState | None) -> tuple[bool, int, int]:
    role = state.role if state else None
    running = state is not None and state.running
    rank = {MemberRole.ACTIVE: 0, MemberRole.STANDBY: 1}
    return not running, rank.get(role, 2) if role else 2, member.index
