"""Which member carries the public address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from vpn.domain.spec import MemberRole, MemberSpec
from vpn.domain.state import MemberState


def choose_active(members: Sequence[MemberSpec], states: Mapping[UUID, MemberState]) -> UUID | None:
    """The member that should be active; None if there is no member at all.

    The active member stays active while its charon runs, even after the other one is back: failing
    back would only cause a second interruption. If it died, a running member takes over, preferably one
    that is configured as standby. If none is running, the last active one is started first; initially
    that is index 0.
    """
    ordered = sorted(members, key=lambda member: _preference(member, states.get(member.id)))
    return ordered[0].id if ordered else None


def _preference(member: MemberSpec, state: MemberState | None) -> tuple[bool, int, int]:
    role = state.role if state else None
    running = state is not None and state.running
    order = (MemberRole.ACTIVE, MemberRole.STANDBY, None)
    return not running, order.index(role), member.index
