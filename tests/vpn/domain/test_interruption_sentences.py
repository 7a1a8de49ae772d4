"""How much of a tunnel a change interrupts, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal
from tests.vpn.domain.values import NOW
from vpn.domain.interruptions import Ending, Extent, Terms, UpTunnel, endings
from vpn.domain.spec import Selector

IKE = IkeOffer(IkeVersion.V2, Proposal(("aes256",), ("sha256",), (14,)), 28800)
ESP = EspOffer(Proposal(("aes256", "aes128"), ("sha256",)), 3600)
OTHER_ESP = EspOffer(Proposal(("aes128",), ("sha256",)), 3600)
PAIRS = [Selector("10.1.0.0/24", f"10.{n}.0.0/24") for n in range(2, 9)]
A = Terms(
    off="",
    peer="203.0.113.2",
    local_id="203.0.113.1",
    remote_id="203.0.113.2",
    ike=IKE,
    esp=ESP,
    pairs=frozenset(PAIRS[:6]),
)
# Shares the IKE SA of the connection a.
B = replace(A, pairs=frozenset({Selector("10.1.0.0/24", "10.100.0.0/24")}))

ENDS, AGAIN, PART = Extent.ENDS, Extent.AGAIN, Extent.PART
GONE = "is no longer offered"
ESP_GONE = Ending(f"IPsec with aes256-sha256, or its perfect forward secrecy, {GONE}", AGAIN, children=True)
RESTARTED = Ending("the connection is restarted", AGAIN, children=True)
TAKEN_ALONG = Ending("it shares an IKE SA that is negotiated again", AGAIN)
MAY = Ending("the peer may refuse more CIDR pairs under the present IKE SA", Extent.MAY)
PAIR_WORDS = "10.1.0.0/24 - 10.2.0.0/24, 10.1.0.0/24 - 10.3.0.0/24, 10.1.0.0/24 - 10.4.0.0/24"


def up(terms: Terms, *, older: bool = False) -> UpTunnel:
    return UpTunnel(2, "aes256-sha256-modp2048", "aes256-sha256", terms.pairs, older)


def only(before: Terms, after: Terms, tunnel: UpTunnel | None = None) -> list[Ending]:
    """For a connection that shares its IKE SA with no other."""
    return list(endings({"a": before}, {"a": after}, [("a", tunnel or up(before))]).values())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"off": "it is disabled", "peer": "203.0.113.99"}, Ending("it is disabled", ENDS)),
        ({"peer": "203.0.113.99"}, Ending("the peer address changes", AGAIN)),
        ({"local_id": "@a"}, Ending("an IKE identity changes", AGAIN)),
        ({"ike": replace(IKE, version=IkeVersion.V1)}, Ending(f"IKEv2 {GONE}", AGAIN)),
        (
            {"ike": replace(IKE, proposal=Proposal(("aes128",), ("sha256",), (14,)))},
            Ending(f"IKE with aes256-sha256-modp2048 {GONE}", AGAIN),
        ),
        ({"esp": OTHER_ESP}, ESP_GONE),
        ({"restart_at": NOW}, RESTARTED),
        ({"pairs": frozenset(PAIRS[6:])}, Ending("no CIDR pair that is up remains", ENDS)),
        ({"pairs": frozenset(PAIRS[1:6])}, Ending("10.1.0.0/24 - 10.2.0.0/24", PART)),
        ({"pairs": frozenset(PAIRS[3:6])}, Ending(PAIR_WORDS, PART)),
        ({"pairs": frozenset(PAIRS[4:6])}, Ending(f"{PAIR_WORDS} and 1 more", PART)),
        ({"pairs": frozenset(PAIRS[5:6])}, Ending(f"{PAIR_WORDS} and 2 more", PART)),
    ],
)
def test_what_is_said_of_an_interruption(changes: dict[str, Any], expected: Ending) -> None:
    assert only(A, replace(A, **changes)) == [expected]


def test_a_deleted_connection() -> None:
    assert endings({"a": A, "b": B}, {"b": B}, [("a", up(A)), ("b", up(B))]) == {
        "a": Ending("the connection is deleted", ENDS)
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"esp": OTHER_ESP}, {"a": ESP_GONE, "b": TAKEN_ALONG}),
        ({"restart_at": NOW}, {"a": RESTARTED, "b": TAKEN_ALONG}),
        ({"pairs": frozenset(PAIRS)}, {"a": MAY, "b": MAY}),
    ],
)
def test_connections_that_share_an_ike_sa_of_an_older_configuration(
    changes: dict[str, Any], expected: dict[str, Ending]
) -> None:
    tunnels = [("a", up(A, older=True)), ("b", up(B, older=True))]
    assert endings({"a": A, "b": B}, {"a": replace(A, **changes), "b": B}, tunnels) == expected


def test_only_pairs_that_are_wanted_and_up_are_lost() -> None:
    """One that is no longer wanted ends without the change, and one that is down ends nothing."""
    tunnel = replace(up(A), pairs=frozenset({PAIRS[0], PAIRS[6]}))
    assert only(A, replace(A, pairs=frozenset({PAIRS[0]})), tunnel) == []


def test_what_ends_without_the_change_is_not_ended_by_it() -> None:
    """Its suite was not offered before either: an earlier change ends it."""
    assert only(replace(A, esp=OTHER_ESP), replace(A, esp=OTHER_ESP, restart_at=NOW)) == []


def test_a_child_is_rekeyed_with_the_groups_that_were_offered_before() -> None:
    pfs = replace(ESP, proposal=replace(ESP.proposal, groups=(14,)))
    assert only(replace(A, esp=pfs), A) == [ESP_GONE]
