"""Peers of any IKE version: the second attempt, and its effect on the reported reason."""

from __future__ import annotations

from policies.domain.proposals import AUTO_ESP, IkeOffer, IkeVersion, Proposal
from tests.dataplane.watched_events import watched_events
from tests.dataplane.world import World, connection
from tests.waiting import wait_for
from vpn.domain.state import EventKind


def test_a_failure_with_the_wrong_ike_version_is_not_the_cause(world: World) -> None:
    """The key differs; that the peer does not support IKEv1 is not the reported reason, at either end."""
    world.build()
    only_v2 = IkeOffer(IkeVersion.V2, Proposal(("aes128",), ("sha1",), (2,)), 600)
    ends = [world.left.members[0], world.right.members[0]]
    (far,) = world.load(world.right, connection(world.right, world.left, ike=only_v2, key="another-key"))
    (near,) = world.load(world.left, connection(world.left, world.right))
    with watched_events(world.driver, ends) as events:
        for end in ends:
            events.wait(EventKind.FOUND, end)
        for version, count in ((2, 1), (1, 2)):
            world.initiate(world.left, near, ike_version=version)
            events.wait(EventKind.FAILED, ends[0], count=count)
        reasons = [world.state(world.left).failures[near.name], world.state(world.right).failures[far.name]]
        assert {reason.code for reason in reasons} == {"cannot_authenticate_connection"}


def test_an_ikev1_peer_is_reached_by_the_second_attempt(world: World) -> None:
    world.build()
    only_v1 = IkeOffer(IkeVersion.V1, Proposal(("aes128",), ("sha1",), (2,)), 600)
    world.load(world.right, connection(world.right, world.left, ike=only_v1))
    (near,) = world.load(world.left, connection(world.left, world.right, esp=AUTO_ESP))
    world.initiate(world.left, near)
    wait_for(lambda: not world.state(world.left).sas)
    world.initiate(world.left, near, ike_version=1)
    world.wait_up()
    (sa,) = [sa for sa in world.state(world.left).sas if sa.established]
    assert (sa.version, sa.peer, sa.suite) == (1, near.name, "aes128-sha1-modp1024")
