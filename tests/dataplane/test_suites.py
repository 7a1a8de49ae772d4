"""What the 2019 API can ask for in policies, all of it negotiated for real."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from policies.domain.proposals import AUTO_ESP, AUTO_IKE, EspOffer, IkeOffer, IkeVersion, Proposal
from tests.dataplane.world import World, connection, ping
from tests.waiting import wait_for
from vpn.domain.actions import DropPeer, Initiate
from vpn.domain.state import ChildState, SaState
from vpn.drivers.strongswan import vici

pytestmark = pytest.mark.dataplane

CIPHERS, DIGESTS, GROUPS = ("triple_des", "aes128", "aes256"), ("md5", "sha1", "sha256"), (2, 5, 14)
MODP = {2: "modp1024", 5: "modp1536", 14: "modp2048"}
SUITES = list(product(CIPHERS, DIGESTS, GROUPS))


def only(world: World) -> SaState:
    (sa,) = [sa for sa in world.state(world.left).sas if sa.established]
    return sa


def drop(world: World) -> None:
    for side in (world.left, world.right):
        for name in world.state(side).loaded:
            world.do(side.members[0], DropPeer(name))
    wait_for(lambda: not world.state(world.left).sas and not world.state(world.right).sas)


def rekeyed(world: World, name: str) -> ChildState:
    """The first exchange of IKEv2 knows no PFS: the group shows from the first rekeying on."""
    (socket,) = [
        member.vici_socket
        for member in world.driver.inventory().members
        if member.gateway_id == world.left.gateway_id
    ]
    (before,) = only(world).children
    with vici.session(Path(socket)) as charon:
        charon.request("rekey", {"child": name})

    def new() -> list[ChildState]:
        return [c for c in only(world).children if c.installed and c.spi_in != before.spi_in]

    return wait_for(new)[0]


@pytest.mark.parametrize("pfs", [False, True], ids=["plain", "pfs"])
@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_every_suite_comes_up_and_carries_a_ping(world: World, version: IkeVersion, pfs: bool) -> None:
    host = world.namespace(world.left)
    for cipher, digest, group in SUITES:
        ike = IkeOffer(version, Proposal((cipher,), (digest,), (group,)), 600)
        esp = EspOffer(Proposal((cipher,), (digest,), (group,) if pfs else ()), 600)
        world.connect(ike=ike, esp=esp)
        sa = only(world)
        word = f"{'3des' if cipher == 'triple_des' else cipher}-{digest}"
        assert (sa.version, sa.suite) == (int(version), f"{word}-{MODP[group]}")
        (child,) = sa.children
        if pfs and version is IkeVersion.V2:
            child = rekeyed(world, child.name)
        assert child.suite == (f"{word}-{MODP[group]}" if pfs else word)
        assert ping(host, world.right.host) == 1, (cipher, digest, group)
        drop(world)


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_auto_negotiation_works_with_every_single_suite(world: World, version: IkeVersion) -> None:
    """As initiator (of the version the peer speaks) and as responder, every third suite."""
    for number, (cipher, digest, group) in enumerate(SUITES[::3]):
        fixed = IkeOffer(version, Proposal((cipher,), (digest,), (group,)), 600)
        esp = EspOffer(Proposal((cipher,), (digest,)), 600)
        world.load(world.right, connection(world.right, world.left, ike=fixed, esp=esp))
        (peer,) = world.load(world.left, connection(world.left, world.right, ike=AUTO_IKE, esp=AUTO_ESP))
        if number % 2:
            world.initiate(world.left, peer, ike_version=int(version))
        else:
            (far,) = world.state(world.right).loaded
            child = next(iter(world.state(world.right).loaded[far].children))
            world.do(world.right.members[0], Initiate(far, child, int(version)))
        world.wait_up()
        sa = only(world)
        assert (sa.version, sa.peer) == (int(version), peer.name)
        assert sa.suite.endswith(f"{digest}-{MODP[group]}")
        drop(world)


def test_two_automatic_ends_agree_on_the_strongest(world: World) -> None:
    world.connect()
    assert (only(world).version, only(world).suite) == (2, "aes256-sha256-modp2048")
