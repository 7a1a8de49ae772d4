"""What the observed state says about itself."""

from __future__ import annotations

from dataclasses import replace

from tests.vpn.domain.values import ident, sa
from vpn.domain.state import MemberState, Reason


def test_a_reason_as_a_column_has_it() -> None:
    assert Reason("a_code", "Text.").body() == {"code": "a_code", "message": "Text."}
    assert Reason("a_code", "Text.", "peer_name").body() == {
        "code": "a_code",
        "message": "Text.",
        "cause": "peer_name",
    }


def test_the_ike_sas_of_a_peer_are_those_that_are_not_being_deleted() -> None:
    mine = [sa("peer", [], state=state) for state in ("CONNECTING", "ESTABLISHED", "REKEYING")]
    ending = [sa("peer", [], state=state) for state in ("DELETING", "DESTROYING")]
    other = replace(mine[0], peer="other")
    assert MemberState(ident("m"), sas=(*mine, *ending, other)).sas_of("peer") == mine
