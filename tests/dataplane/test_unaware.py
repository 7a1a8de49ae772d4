"""A peer that never initiates and never probes has SAs with a charon that no longer exists."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.dataplane.bare import BarePeer, bare_peer
from tests.dataplane.gateways import Gateways
from tests.dataplane.world import KEY, World, connection, ping
from tests.waiting import wait_for
from vpn.domain.spec import MemberRole
from vpn.drivers.base import DriverConfig

pytestmark = pytest.mark.dataplane

ADDRESS, NETWORK = "198.18.9.9", "10.9.0.0/24"
# No dead peer detection, no start action: it would keep its SAs for ever.
_CONFIG = f"""
connections {{
  site {{
    local_addrs = {ADDRESS}
    remote_addrs = 198.18.0.2
    local {{ auth = psk
      id = {ADDRESS} }}
    remote {{ auth = psk
      id = 198.18.0.2 }}
    children {{ net {{ local_ts = {NETWORK}
      remote_ts = 192.168.100.0/24 }} }}
  }}
}}
secrets {{ ike-site {{ secret = "{KEY}" }} }}
"""


@pytest.fixture
def far(config: DriverConfig, world: World) -> Iterator[BarePeer]:
    with bare_peer(config.installation, ADDRESS, [NETWORK]) as peer:
        peer.load(_CONFIG)
        yield peer


@pytest.fixture
def gateways(world: World, far: BarePeer) -> Gateways:
    """The left one only answers; the far end began once, by hand."""
    made = Gateways(world)
    passive = replace(
        connection(world.left, world.right, peer_address=ADDRESS, remote_id=ADDRESS, remote=[NETWORK]),
        initiate=False,
    )
    made.left = replace(made.left, connections=(passive,))
    made.right = replace(made.right, connections=())
    made.settle(0)
    assert far.swanctl("--initiate", "--child", "net").returncode == 0
    made.settle(1)
    wait_for(lambda: passes(world))
    return made


def passes(world: World) -> bool:
    return ping(world.namespace(world.left), "10.9.0.1") == 1


def kill(world: World, *indices: int) -> None:
    for index in indices:
        pid = world.state(world.left, index).pid
        assert pid
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(world.state(world.left, index).running for index in indices))


def test_the_new_active_member_notifies_it(world: World, gateways: Gateways, far: BarePeer) -> None:
    kill(world, 0)
    gateways.settle(1, index=1)
    assert world.state(world.left, 1).role is MemberRole.ACTIVE
    wait_for(lambda: passes(world))
    listed = far.swanctl("--list-sas").stdout
    assert listed.count("ESTABLISHED") == 1, listed


def test_once_and_not_again(world: World, gateways: Gateways, far: BarePeer) -> None:
    """What only answers goes on to do so: what the peer ends stays ended."""
    kill(world, 0)
    gateways.settle(1, index=1)
    assert far.swanctl("--terminate", "--ike", "site").returncode == 0
    gateways.settle(0, index=1)
    assert not world.state(world.left, 1).unaware
    assert gateways.once() == 0


def test_it_is_notified_after_both_have_died(world: World, gateways: Gateways) -> None:
    kill(world, 0, 1)
    gateways.settle(1)
    wait_for(lambda: passes(world))


def test_a_new_gateway_only_responds(world: World, far: BarePeer) -> None:
    made = Gateways(world)
    passive = connection(world.left, world.right, peer_address=ADDRESS, remote_id=ADDRESS, remote=[NETWORK])
    made.left = replace(made.left, connections=(replace(passive, initiate=False),))
    made.right = replace(made.right, connections=())
    made.settle(0)
    assert made.once() == 0
    assert "ESTABLISHED" not in far.swanctl("--list-sas").stdout
