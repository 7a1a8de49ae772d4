"""What is loaded is what charon lists, not what was once sent to it."""

from __future__ import annotations

import pytest

from vpn.drivers.strongswan.loaded import LoadedItems, listing, loaded_peers
from vpn.drivers.strongswan.member_record import MemberRecord, PeerRecord

NAMES = ["peer", "peer_v1"]
LISTED = {name: f"\0{chr(len(name))}{name}".encode() for name in NAMES}


def fingerprint_of(recorded: dict[str, bytes], now: dict[str, bytes]) -> str:
    """The peer's fingerprint, if charon listed `recorded` right after loading and lists `now` at present."""
    entry = PeerRecord("203.0.113.1", NAMES, "form", {}, [0, 0], listing(recorded, NAMES))
    record = MemberRecord("g", "m", 0, "v", "203.0.113.2", "10.0.0.2", peers={"peer": entry})
    return loaded_peers(record, LoadedItems(now, frozenset({"peer"})))["peer"].fingerprint


def test_what_is_still_listed_is_loaded() -> None:
    assert fingerprint_of(LISTED, LISTED) == "form"


@pytest.mark.parametrize("missing", [{"peer"}, {"peer_v1"}, {"peer", "peer_v1"}])
def test_what_is_missing_is_loaded_again(missing: set[str]) -> None:
    """Also if it was unloaded by hand before it was listed for the first time."""
    left = {name: body for name, body in LISTED.items() if name not in missing}
    assert fingerprint_of(LISTED, left) == ""
    assert fingerprint_of(left, left) == ""
