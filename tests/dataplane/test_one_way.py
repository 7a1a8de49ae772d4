"""A legitimate flow that nobody answers, such as syslog: its peer is probed, at growing intervals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from policies.domain.proposals import IkeVersion
from tests.contract.test_liveness import one_way_flow, two_gateways
from tests.dataplane.watched_events import watched_events
from tests.dataplane.world import World, installed
from tests.waiting import wait_for
from vpn.domain.state import EventKind, GatewayState
from vpn.domain.status import derive_status

pytestmark = [pytest.mark.dataplane, pytest.mark.timeout(180)]


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_a_one_way_flow_keeps_its_tunnel_and_is_probed_seldom(world: World, version: IkeVersion) -> None:
    gateways = two_gateways(world, version)

    def probes() -> int:
        gateways.once()
        now = datetime.now(UTC)
        state = GatewayState(now, world.driver.observe(gateways.left.members))
        (status,) = derive_status(gateways.left, state, now=now, provisioned=True).connections.values()
        assert status.reasons == ()
        (peer,) = world.state(world.left).loaded
        silence = world.state(world.left).silences.get(peer)
        assert installed(world.state(world.left))
        return silence.probes if silence else 0

    with watched_events(world.driver, gateways.left.members) as events, one_way_flow(world):
        wait_for(lambda: probes() == 1, 60, every=0.3)
        first = world.state(world.left).sas[0].initiator_spi
        wait_for(lambda: probes() == 2, 60, every=0.3)
        assert events.of(EventKind.FAILED, gateways.left.members[0]) == []
        assert events.of(EventKind.DOWN, gateways.left.members[0]) == []
        if version is IkeVersion.V2:
            wait_for(lambda: world.state(world.left).sas[0].initiator_spi != first)
