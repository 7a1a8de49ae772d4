"""Which trap policies are renewed and which removed when a peer is loaded, dropped or released."""

from __future__ import annotations

import pytest

from vpn.drivers.strongswan import loading, vici
from vpn.drivers.strongswan.loading import release

PEER, OTHER = "peer_203.0.113.2_3d220f35", "peer_203.0.113.3_3d220f35"


class Control(vici.Charon):
    """A charon with these traps; what is asked of it is kept."""

    def __init__(self, *traps: tuple[str, str]) -> None:
        self._traps = list(traps)
        self.asked: list[tuple[str, str, str]] = []

    def traps(self) -> list[tuple[str, str]]:
        return self._traps

    def install_trap(self, connection: str, child: str) -> None:
        self.asked.append(("install", connection, child))

    def remove_trap(self, connection: str, child: str) -> None:
        self.asked.append(("remove", connection, child))


def message(**actions: str) -> dict[str, object]:
    return {"version": "2", "children": {name: {"dpd_action": action} for name, action in actions.items()}}


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        ({PEER: message(a="trap", b="trap")}, [("install", PEER, "a"), ("install", PEER, "b")]),
        ({PEER: message(a="trap", b="clear")}, [("install", PEER, "a"), ("remove", PEER, "b")]),
        ({PEER: message(b="trap")}, [("remove", PEER, "a"), ("install", PEER, "b")]),
        ({}, [("remove", PEER, "a"), ("remove", PEER, "b")]),
    ],
    ids=["loaded again", "another action", "another child", "dropped"],
)
def test_traps_follow_what_is_loaded(wanted: loading.Messages, asked: list[tuple[str, str, str]]) -> None:
    control = Control((PEER, "a"), (OTHER, "a"), (PEER, "b"))
    loading._renew_traps(control, PEER, wanted)
    assert control.asked == asked


def test_a_trap_of_the_second_connection_belongs_to_its_peer() -> None:
    control = Control((f"{PEER}_v1", "a"))
    loading._renew_traps(control, PEER, {PEER: message(a="trap"), f"{PEER}_v1": message(a="trap")})
    assert control.asked == [("install", f"{PEER}_v1", "a")]


def test_a_release_removes_the_trap_of_either_connection() -> None:
    control = Control()
    release(control, PEER, "a")
    assert control.asked == [("remove", PEER, "a"), ("remove", f"{PEER}_v1", "a")]
