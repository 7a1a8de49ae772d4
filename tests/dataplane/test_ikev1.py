"""IKEv1 with peers that behave differently from strongSwan."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from policies.domain.proposals import AUTO_IKE, IkeVersion
from tests.dataplane.bare import plugged_in
from tests.dataplane.ikev1 import Initiator
from tests.dataplane.world import KEY, World, connection, installed
from tests.waiting import wait_for
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan import netns

pytestmark = pytest.mark.dataplane

ADDRESS = "198.18.0.9"


def test_a_peer_opens_eight_quick_modes_at_once(world: World, config: DriverConfig) -> None:
    """A peer with 2 x 4 CIDRs does. charon's default keeps three, and loses the IKE SA at the fourth."""
    local = [f"10.4.{number}.0/24" for number in range(2)]
    remote = [f"10.3.{number}.0/24" for number in range(4)]
    offer = replace(AUTO_IKE, version=IkeVersion.V1)
    wanted = connection(
        world.left,
        world.right,
        ike=offer,
        local=local,
        remote=remote,
        peer_address=ADDRESS,
        remote_id=ADDRESS,
    )
    world.load(world.left, wanted)
    pairs = [(pair.remote, pair.local) for pair in wanted.selectors]
    with plugged_in(config.installation, ADDRESS, []) as namespace:
        make = partial(Initiator, ADDRESS, world.left.public_address, KEY.encode())
        peer = netns.within(namespace, make)
        try:
            peer.main_mode()
            peer.quick_modes(pairs)
            wait_for(lambda: len(installed(world.state(world.left))) == len(pairs))
        finally:
            peer.close()
    assert len([sa for sa in world.state(world.left).sas if sa.established]) == 1
