"""A Libreswan peer with the exported configuration, unedited but for the key: tunnels with traffic.

It does ESP in the kernel only, so this runs in `.ci/kernel`, with the packages of `.ci/libreswan`.
"""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest

from policies.domain.proposals import AUTO_ESP, AUTO_IKE, EspOffer, IkeOffer, IkeVersion, Proposal
from tests.dataplane.libreswan import files, libreswan, require_libreswan
from tests.dataplane.test_handoff_strongswan import ADDRESS, children, parameters
from tests.dataplane.world import KEY, World, connection, ping
from tests.waiting import wait_for
from vpn.domain.spec import InstanceSpec, NetworkSpec
from vpn.drivers.base import DriverConfig
from vpn.handoff import labels as sheet
from vpn.handoff.vendors import VENDORS, render

pytestmark = pytest.mark.dataplane

LOCAL = ("192.168.100.0/25", "192.168.100.128/25")
REMOTE = ("10.66.1.0/24", "10.66.2.0/24")
V1 = IkeOffer(IkeVersion.V1, Proposal(("aes256",), ("sha256",), (14,)), 3600)
PFS = EspOffer(Proposal(("aes128",), ("sha256",), (14,)), 1800)


def two_hosts(world: World) -> list[str]:
    """The namespaces of an instance in each of the local CIDRs."""
    side = world.left
    network = side.network()
    other = InstanceSpec(uuid4(), "vsi-other", side.subnet_id, side.address(200))
    world.driver.apply_network(NetworkSpec(side.vpc_id, network.subnets, (*network.instances, other)))
    found = {one.id: one.namespace for one in world.driver.inventory().instances}
    return [found[side.instance_id], found[other.id]]


@pytest.mark.parametrize(
    ("ike", "esp", "version"),
    [(V1, PFS, 1), (AUTO_IKE, AUTO_ESP, 2)],
    ids=["ikev1", "ikev2 auto"],
)
def test_the_export_makes_a_tunnel_for_every_pair_of_cidrs(
    world: World, config: DriverConfig, ike: IkeOffer, esp: EspOffer, version: int
) -> None:
    require_libreswan()
    hosts = two_hosts(world)
    spec = connection(
        world.left,
        world.right,
        ike=ike,
        esp=esp,
        local=LOCAL,
        remote=REMOTE,
        peer_address=ADDRESS,
        remote_id=ADDRESS,
    )
    # The gateway only waits: Libreswan opens all its Quick Modes at once.
    world.load(world.left, spec)
    export = render(VENDORS["libreswan"], parameters(spec), made_at="now")
    given = files(export.replace(sheet.PLACEHOLDER, KEY))
    assert len(given) == 2
    with libreswan(config.installation, ADDRESS, REMOTE, given) as peer:
        wait_for(lambda: len(children(world)) == 4, 20)
        established = [sa for sa in world.state(world.left).sas if sa.established]
        assert [sa.version for sa in established] == [version]
        for host in hosts:
            for target in ("10.66.1.1", "10.66.2.1"):
                wait_for(partial(ping, host, target))
                assert ping(host, target, count=5) == 5
        for source in ("10.66.1.1", "10.66.2.1"):
            for target in (world.left.host, world.left.address(200)):
                assert ping(peer.namespace, target, "-I", source, count=5) == 5
        carried = children(world)
        assert len(carried) == 4
        assert all(child.packets_in >= 10 and child.packets_out >= 10 for child in carried), carried
