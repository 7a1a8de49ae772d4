"""An edit ends no SA unnecessarily, as SPIs and a running ping show, on both IKE versions and with
a side that only answers. What is loaded is read from charon, secrets too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal
from tests.dataplane.gateways import Gateways
from tests.dataplane.watched_events import watched_events
from tests.dataplane.world import World, connection, installed, ping, pinging
from tests.waiting import wait_for
from vpn.domain.spec import DeadPeerDetection, DpdAction, Secret, Selector
from vpn.drivers.strongswan import vici

pytestmark = pytest.mark.dataplane

IKE = Proposal(("aes256",), ("sha256",), (14,))
ESP = Proposal(("aes256",), ("sha256",))
WIDER_IKE = Proposal(("aes128", "aes256"), ("sha512", "sha256"), (19, 14))
WIDER_ESP = Proposal(("aes256gcm16", "aes256"), ("sha512", "sha256"))
SHORT = 1800
OURS = "10.66.0.0/24"


def edits(version: IkeVersion) -> Iterator[dict[str, object]]:
    yield {"name": "renamed"}
    yield {"dpd": DeadPeerDetection(DpdAction.RESTART, 2, 10)}
    yield {"ike": IkeOffer(version, IKE, SHORT)}
    yield {"esp": EspOffer(ESP, SHORT)}
    yield {"ike": IkeOffer(version, WIDER_IKE, SHORT), "esp": EspOffer(WIDER_ESP, SHORT)}
    yield {"psk": Secret("another", "another-key-1")}
    # One of those algorithms again, not the negotiated ones.
    yield {"ike": IkeOffer(version, IKE, SHORT), "esp": EspOffer(ESP, SHORT)}
    yield {"ike": IkeOffer(IkeVersion.ANY, IKE, SHORT)}


def two(world: World, version: IkeVersion, *, initiates: bool) -> Gateways:
    """The left side is edited; `initiates`: it, or else the right one."""
    options = {"ike": IkeOffer(version, IKE, 7200), "esp": EspOffer(ESP, 3600)}
    gateways = Gateways(world)
    left = replace(connection(world.left, world.right, **options), initiate=initiates)
    right = replace(connection(world.right, world.left, **options), initiate=not initiates)
    gateways.left = replace(gateways.left, connections=(left,))
    gateways.right = replace(gateways.right, connections=(right,))
    gateways.settle(1)
    return gateways


def edit(gateways: Gateways, side: str = "left", **changes: object) -> None:
    spec = getattr(gateways, side)
    changed = replace(spec.connections[0], **changes)
    setattr(gateways, side, replace(spec, generation=spec.generation + 1, connections=(changed,)))


@pytest.mark.parametrize("initiates", [True, False], ids=["bidirectional", "peer_only"])
@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_what_need_not_end_goes_on(world: World, version: IkeVersion, initiates: bool) -> None:
    gateways = two(world, version, initiates=initiates)
    before, (sa,) = installed(world.state(world.left)), world.state(world.left).sas
    with pinging(world.namespace(world.left), world.right.host, 600) as running:
        for changes in edits(version):
            edit(gateways, **changes)
            gateways.settle(1)
            assert installed(world.state(world.left)) == before, changes
        assert running.poll() is None
        assert ", 600 received" in running.communicate(timeout=60)[0]
    assert [one.unique_id for one in world.state(world.left).sas] == [sa.unique_id]
    # The next SA has all of it: both ends prove the new key, and the lifetimes are the new ones.
    edit(gateways, "right", psk=Secret("another", "another-key-1"))
    gateways.settle(1)
    assert installed(world.state(world.left)) == before
    with vici.session(socket_of(world)) as charon:
        charon.terminate({"ike-id": world.state(world.left).sas[0].unique_id})
    wait_for(lambda: world.state(world.left).sas == (), 20)
    gateways.settle(1)
    (renewed,) = world.state(world.left).sas
    assert renewed.rekey_in is not None and renewed.rekey_in <= SHORT
    assert all(child.rekey_in is not None and child.rekey_in <= SHORT for child in renewed.children)
    assert ping(world.namespace(world.left), world.right.host, count=3) == 3


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_a_pair_that_is_added_later_comes_under_the_ike_sa_of_before(
    world: World, version: IkeVersion
) -> None:
    """charon would build a second IKE SA for it, which replaces the first one."""
    gateways = two(world, version, initiates=True)
    before, (sa,) = installed(world.state(world.left)), world.state(world.left).sas
    edit(gateways, dpd=DeadPeerDetection(DpdAction.RESTART, 2, 10), ike=IkeOffer(version, WIDER_IKE, SHORT))
    gateways.settle(1)
    (left,), (right,) = gateways.left.connections, gateways.right.connections
    edit(gateways, "right", selectors=(*right.selectors, Selector("10.8.0.0/16", world.left.cidr)))
    edit(gateways, selectors=(*left.selectors, Selector(world.left.cidr, "10.8.0.0/16")))
    with pinging(world.namespace(world.left), world.right.host, 300) as running:
        gateways.settle(2)
        assert ", 300 received" in running.communicate(timeout=60)[0]
    after = world.state(world.left)
    assert installed(after).items() >= before.items()
    assert [one.unique_id for one in after.sas] == [sa.unique_id]
    # And goes again, alone.
    edit(gateways, selectors=left.selectors)
    edit(gateways, "right", selectors=right.selectors)
    gateways.settle(1)
    assert installed(world.state(world.left)) == before


@pytest.mark.parametrize("initiates", [True, False], ids=["bidirectional", "peer_only"])
@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_a_pair_comes_up_that_is_added_after_an_edit_of_both_ends(
    world: World, version: IkeVersion, initiates: bool
) -> None:
    """charon answers for the children with which an IKE SA began, so that both ends refuse the pair."""
    gateways = two(world, version, initiates=initiates)
    before = installed(world.state(world.left))
    with watched_events(world.driver, (*gateways.left.members, *gateways.right.members)):
        gateways.change(dpd=DeadPeerDetection(DpdAction.RESTART, 2, 10))
        gateways.settle(1)
        assert installed(world.state(world.left)) == before
        for name, local, remote in (("left", OURS, world.right.cidr), ("right", world.right.cidr, OURS)):
            (old,) = getattr(gateways, name).connections
            edit(gateways, name, selectors=(*old.selectors, Selector(local, remote)))
        gateways.settle(2)


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_another_suite_is_negotiated_if_the_present_one_is_removed(world: World, version: IkeVersion) -> None:
    gateways = two(world, version, initiates=True)
    for ike, esp in ((Proposal(("aes128",), ("sha256",), (14,)), ESP), (IKE, WIDER_ESP), (IKE, ESP)):
        for side in ("left", "right"):
            edit(gateways, side, ike=IkeOffer(version, ike, 7200), esp=EspOffer(esp, 3600))
        gateways.settle(1)
        (sa,) = (one for one in world.state(world.left).sas if one.established)
        assert sa.suite.startswith(ike.encryption[0])


def socket_of(world: World) -> Path:
    ident = world.left.members[0].id
    (path,) = (m.vici_socket for m in world.driver.inventory().members if m.member_id == ident)
    return Path(path)


def test_a_secret_that_is_gone_comes_back_and_a_stray_one_goes(world: World) -> None:
    """With a stray one of the same owners the gateway would prove itself with that."""
    gateways = two(world, IkeVersion.V2, initiates=True)
    before, ((name, _),) = installed(world.state(world.left)), world.state(world.left).loaded.items()
    (here,) = gateways.left.connections
    with pinging(world.namespace(world.left), world.right.host, 200) as running:
        for change in (
            lambda charon: charon.unload_secret(name),
            lambda charon: charon.load_secret("stray", "not-the-key", [here.local_id, here.remote_id]),
        ):
            with vici.session(socket_of(world)) as charon:
                change(charon)
                assert charon.secrets() != [name]
            gateways.settle(1)
            with vici.session(socket_of(world)) as charon:
                assert charon.secrets() == [name]
        assert ", 200 received" in running.communicate(timeout=60)[0]
    assert installed(world.state(world.left)) == before


def test_unloading_everything_by_hand_ends_nothing_and_is_repaired_in_one_run(world: World) -> None:
    gateways = two(world, IkeVersion.V2, initiates=False)
    before, (name,) = installed(world.state(world.left)), list(world.state(world.left).loaded)
    with vici.session(socket_of(world)) as charon:
        charon.unload(name)
        charon.unload_secret(name)
    assert gateways.once() == 1 and gateways.once() == 0
    assert installed(world.state(world.left)) == before
    with vici.session(socket_of(world)) as charon:
        assert (charon.connections(), charon.secrets()) == ([name], [name])
