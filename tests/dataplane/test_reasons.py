"""Why a tunnel is down, as each end can know it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.domain.proposals import AUTO_IKE, EspOffer, IkeOffer, IkeVersion, Proposal
from tests.dataplane.watched_events import watched_events
from tests.dataplane.world import World, connection
from tests.waiting import wait_for
from vpn.domain.state import EventKind

pytestmark = pytest.mark.dataplane

V1 = {"ike": IkeOffer(IkeVersion.V1, AUTO_IKE.proposal, 600)}
WEAK = IkeOffer(IkeVersion.V2, Proposal(("triple_des",), ("md5",), (2,)), 600)
STRONG = IkeOffer(IkeVersion.V2, Proposal(("aes256",), ("sha256",), (14,)), 600)
ESP_WEAK = {"esp": EspOffer(Proposal(("triple_des",), ("md5",)), 600)}
ESP_STRONG = {"esp": EspOffer(Proposal(("aes256",), ("sha256",)), 600)}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "key": ({"key": "other"}, {}, "cannot_authenticate_connection", "cannot_authenticate_connection"),
    "key, IKEv1": (
        {"key": "other", **V1}, V1, "cannot_authenticate_connection", "cannot_authenticate_connection",
    ),
    "identity": (
        {"local_id": "wrong.example"}, {}, "cannot_authenticate_connection", "cannot_authenticate_connection",
    ),
    "IKE proposal": ({"ike": WEAK}, {"ike": STRONG}, "ike_policy_mismatch", "ike_policy_mismatch"),
    "IKE proposal, IKEv1": (
        {"ike": replace(WEAK, version=IkeVersion.V1)},
        {"ike": replace(STRONG, version=IkeVersion.V1)},
        "ike_policy_mismatch", "ike_policy_mismatch",
    ),
    "IKE version": ({"ike": STRONG}, V1, "ike_policy_mismatch", "ike_policy_mismatch"),
    "IPsec proposal": (ESP_WEAK, ESP_STRONG, "ipsec_policy_mismatch", "ipsec_policy_mismatch"),
    "IPsec proposal, IKEv1": (
        {**ESP_WEAK, **V1}, {**ESP_STRONG, **V1}, "ipsec_policy_mismatch", "ipsec_policy_mismatch",
    ),
    "CIDRs": (
        {"remote": ["10.5.0.0/24"]}, {},
        "ike_v2_local_remote_cidr_mismatch", "ike_v2_local_remote_cidr_mismatch",
    ),
    "CIDRs, IKEv1": (
        {"remote": ["10.5.0.0/24"], **V1}, V1,
        "ike_v1_id_local_remote_cidr_mismatch", "ike_v1_id_local_remote_cidr_mismatch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_both_ends_report_the_reason(world: World, case: str) -> None:
    ours, theirs, near_code, far_code = CASES[case]
    near, far = world.left.members[0], world.right.members[0]
    (far_peer,) = world.load(world.right, connection(world.right, world.left, **theirs))
    (near_peer,) = world.load(world.left, connection(world.left, world.right, **ours))
    with watched_events(world.driver, [near, far]) as events:
        for member in (near, far):
            events.wait(EventKind.FOUND, member)
        world.initiate(world.left, near_peer, ike_version=int(near_peer.ike.version) or 2)
        first = events.wait(EventKind.FAILED, near)
        second = events.wait(EventKind.FAILED, far)
    for event, peer, code in ((first, near_peer, near_code), (second, far_peer, far_code)):
        assert event.reason and (event.peer, event.reason.code) == (peer.name, code), event
    wait_for(lambda: world.state(world.right).failures)
    assert world.state(world.left).failures[near_peer.name].code == near_code
    assert world.state(world.right).failures[far_peer.name].code == far_code


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_a_peer_that_does_not_answer(world: World, version: IkeVersion) -> None:
    member = world.left.members[0]
    ike = IkeOffer(version, AUTO_IKE.proposal, 600)
    away = connection(world.left, world.right, ike=ike, peer_address="198.18.9.9", remote_id="198.18.9.9")
    (peer,) = world.load(world.left, away)
    with watched_events(world.driver, [member]) as events:
        events.wait(EventKind.FOUND, member)
        world.initiate(world.left, peer, ike_version=int(version))
        failed = events.wait(EventKind.FAILED, member, seconds=5)
    assert failed.peer == peer.name
    assert failed.reason and failed.reason.code == "peer_not_responding"


def test_a_peer_without_a_connection_for_us(world: World) -> None:
    (peer,) = world.load(world.left, connection(world.left, world.right))
    with watched_events(world.driver, [world.left.members[0]]) as events:
        events.wait(EventKind.FOUND, world.left.members[0])
        world.initiate(world.left, peer)
        failed = events.wait(EventKind.FAILED, world.left.members[0])
    assert failed.reason and failed.reason.code == "ike_policy_mismatch"
    assert "no enabled connection" in failed.reason.message
