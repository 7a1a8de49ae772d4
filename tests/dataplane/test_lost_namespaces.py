"""A member's namespace is deleted from outside while its charon runs."""

from __future__ import annotations

import pytest

from tests.dataplane.gateways import Gateways
from tests.dataplane.watched_events import watched_events
from tests.dataplane.world import World, passes
from vpn.domain.state import EventKind
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan import charon, netns
from vpn.drivers.strongswan.names import MemberFiles, Names

pytestmark = pytest.mark.dataplane


def test_an_event_reports_it_and_the_other_member_takes_over(world: World, config: DriverConfig) -> None:
    """Without a sweep. The charon in it keeps its links and the public address: it is ended."""
    world.build(members=2)
    gateways = Gateways(world)
    gateways.settle(1)
    active, standby = world.left.members
    with watched_events(world.driver, [*world.left.members, *world.right.members]) as events:
        for member in (active, standby):
            events.wait(EventKind.FOUND, member)
        netns.delete(Names(config.installation).member(active.gateway_id, active.index))
        events.wait(EventKind.LOST, active)
        assert not charon.lives(MemberFiles.of(config.directory, active))
        gateways.settle(1, index=1)
        passes(world.namespace(world.left), world.right.host)
        events.wait(EventKind.FOUND, active, count=2)
        assert len(events.of(EventKind.LOST, active)) == 1
        assert not events.of(EventKind.LOST, standby)
        assert not [event for member in world.right.members for event in events.of(EventKind.LOST, member)]


def test_one_that_went_before_anybody_listened(world: World, config: DriverConfig) -> None:
    member = world.left.members[0]
    netns.delete(Names(config.installation).member(member.gateway_id, member.index))
    with watched_events(world.driver, [member]) as events:
        events.wait(EventKind.LOST, member)
    assert not charon.lives(MemberFiles.of(config.directory, member))
