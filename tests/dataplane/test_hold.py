"""DPD action hold: after the peer's death the tunnel waits for a packet, which brings it up again.

Trap policies do this, and work from strongSwan 6.0 on. Before, it is initiated as with `clear`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace

import pytest

from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal
from tests.dataplane.capture import marked_pings, provider_wire
from tests.dataplane.gateways import Gateways
from tests.dataplane.world import World, connection, installed, passes, pinging
from tests.waiting import wait_for
from vpn.domain.peers import peers
from vpn.domain.spec import DeadPeerDetection, DpdAction
from vpn.drivers.base import CHARON, DriverConfig
from vpn.drivers.strongswan import vici
from vpn.drivers.strongswan.features import features_of
from vpn.drivers.strongswan.names import MemberFiles
from vpn.drivers.strongswan.programs import installed_version

pytestmark = pytest.mark.dataplane

HOLD = DeadPeerDetection(DpdAction.HOLD, 1, 4)
IKE = Proposal(("aes256",), ("sha256",), (14,))
ESP = Proposal(("aes256",), ("sha256",))


def has_traps() -> bool:
    return features_of(installed_version(CHARON)).traps


def pair(world: World, version: IkeVersion, remote: Sequence[str] = ()) -> Gateways:
    """Up, and initiated by the left side, which holds; the right one never initiates."""
    options = {"ike": IkeOffer(version, IKE, 7200), "esp": EspOffer(ESP, 3600)}
    gateways = Gateways(world)
    left = connection(world.left, world.right, dpd=HOLD, remote=remote, **options)
    right = replace(connection(world.right, world.left, local=remote, **options), initiate=False)
    gateways.left = replace(gateways.left, connections=(left,))
    gateways.right = replace(gateways.right, connections=(right,))
    gateways.silent = frozenset({gateways.right.id})
    gateways.settle(max(1, len(remote)))
    return gateways


def die(gateways: Gateways) -> None:
    """Kills the right side's charon; the left one detects it."""
    world = gateways.world
    pid = world.state(world.right).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: world.state(world.left).sas == (), 20)
    wait_for(lambda: world.state(world.left).held or not has_traps())


def edit(gateways: Gateways, **changes: object) -> None:
    spec = gateways.left
    changed = replace(spec.connections[0], **changes)
    gateways.left = replace(spec, generation=spec.generation + 1, connections=(changed,))


def traps(gateways: Gateways, config: DriverConfig) -> list[tuple[str, str]]:
    socket = MemberFiles.of(config.directory, gateways.left.members[0]).socket
    with vici.session(socket) as charon:
        return charon.traps()


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_the_next_packet_brings_it_up(world: World, config: DriverConfig, version: IkeVersion) -> None:
    gateways = pair(world, version)
    host_namespace = world.namespace(world.left)
    die(gateways)
    wait_for(lambda: gateways.once() == 0, 20)
    if not has_traps():
        gateways.settle(1)
        return
    # The peer is back, nobody has anything to send, and the plan has nothing to do.
    state = world.state(world.left)
    assert (state.sas, set(state.held)) == ((), {c.name for p in peers(gateways.left) for c in p.children})
    with provider_wire(config.installation) as wire:
        wait_for(lambda: marked_pings(host_namespace, world.right.host, count=3) == 3, 30)
    assert (wire.marked, any(packet.is_private for packet in wire.packets)) == (0, False)
    (sa,) = world.state(world.left).sas
    assert sa.initiator
    with pinging(host_namespace, world.right.host, 200) as running:
        gateways.settle(1)
        assert not world.state(world.left).held
        assert ", 200 received" in running.communicate(timeout=60)[0]
    assert [one.unique_id for one in world.state(world.left).sas] == [sa.unique_id]
    # No trap any more: what the peer closes is initiated again, as before it died.
    # The peer's other member has taken over.
    (far,) = world.state(world.right, index=1).sas
    with vici.session(MemberFiles.of(config.directory, gateways.right.members[1]).socket) as charon:
        charon.terminate({"ike-id": far.unique_id})
    wait_for(lambda: sa.unique_id not in {one.unique_id for one in world.state(world.left).sas})
    gateways.settle(1)


def test_a_packet_uses_what_is_loaded_now(world: World, config: DriverConfig) -> None:
    """charon installs the trap with the connection with which the dead IKE SA began."""
    gateways = pair(world, IkeVersion.V2)
    before = installed(world.state(world.left))
    edit(gateways, ike=IkeOffer(IkeVersion.V2, IKE, 1800))
    gateways.settle(1)
    assert installed(world.state(world.left)) == before
    die(gateways)
    wait_for(lambda: gateways.once() == 0, 20)
    if has_traps():
        assert world.state(world.left).sas == ()
        assert world.state(world.left).held
        passes(world.namespace(world.left), world.right.host)
    gateways.settle(1)
    (sa,) = world.state(world.left).sas
    assert sa.rekey_in is not None and sa.rekey_in <= 1800


@pytest.mark.parametrize(
    ("changes", "up"),
    [
        ({"dpd": replace(HOLD, action=DpdAction.CLEAR)}, 1),
        ({"enabled": False}, 0),
        ({"initiate": False}, 0),
    ],
    ids=["clear", "disabled", "peer_only"],
)
def test_nothing_is_held_any_more_after_an_edit(
    world: World, config: DriverConfig, changes: dict[str, object], up: int
) -> None:
    gateways = pair(world, IkeVersion.V1)
    die(gateways)
    assert bool(traps(gateways, config)) == has_traps()
    edit(gateways, **changes)
    gateways.settle(up)
    assert traps(gateways, config) == []
    with provider_wire(config.installation) as wire:
        assert marked_pings(world.namespace(world.left), world.right.host, count=5) == 5 * up
    assert wire.marked == 0
    if not up:
        assert not any(packet.is_ike for packet in wire.packets)


def test_of_several_pairs_a_packet_brings_up_its_own(world: World) -> None:
    """And the others as their own packets come."""
    other = "192.168.77.0/24"
    gateways = pair(world, IkeVersion.V2, remote=(world.right.cidr, other))
    die(gateways)
    wait_for(lambda: gateways.once() == 0, 20)
    if has_traps():
        names = {child.name for peer in peers(gateways.left) for child in peer.children}
        assert world.state(world.left).held == names
        passes(world.namespace(world.left), world.right.host)
        wait_for(lambda: gateways.once() == 0, 20)
        (up,) = installed(world.state(world.left))
        assert world.state(world.left).held == names - {up}
        marked_pings(world.namespace(world.left), "192.168.77.9", count=1)
        wait_for(lambda: len(installed(world.state(world.left))) == 2)
    gateways.settle(2)
