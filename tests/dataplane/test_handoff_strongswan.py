"""The exported swanctl.conf on a bare charon, unedited but for the key: a tunnel with traffic."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from uuid import uuid4

import pytest

from policies.domain.proposals import (
    AUTO_ESP,
    AUTO_ESP_2,
    AUTO_IKE,
    AUTO_IKE_2,
    EspOffer,
    IkeOffer,
    IkeVersion,
    Proposal,
)
from tests.dataplane.bare import BarePeer, bare_peer
from tests.dataplane.world import KEY, World, connection, ping
from tests.waiting import wait_for
from vpn.domain.identities import Identity
from vpn.domain.spec import ConnectionSpec
from vpn.domain.state import ChildState, SaState
from vpn.drivers.base import DriverConfig
from vpn.handoff import labels as sheet
from vpn.handoff.parameters import End, Parameters
from vpn.handoff.vendors import VENDORS, render

pytestmark = pytest.mark.dataplane

ADDRESS, GATEWAY = "198.18.0.77", "198.18.0.2"
V1 = IkeOffer(IkeVersion.V1, Proposal(("aes128",), ("sha1",), (5,)), 3600)
V2 = IkeOffer(IkeVersion.V2, Proposal(("aes256",), ("sha256",), (14,)), 3600)
PFS = EspOffer(Proposal(("aes128",), ("sha256",), (14,)), 1800)
STRONG = IkeOffer(IkeVersion.V2, Proposal(("aes256",), ("sha384",), (20,)), 3600)
GCM = EspOffer(Proposal(("aes256gcm16",), (), (20,)), 1800)
PLAIN = EspOffer(Proposal(("aes128",), ("sha1",)), 1800)


def parameters(spec: ConnectionSpec, name: str = "") -> Parameters:
    """As the services make them of rows; `name` is what the peer is known by instead of an address."""
    yours = tuple(dict.fromkeys(pair.remote for pair in spec.selectors))
    ours = tuple(dict.fromkeys(pair.local for pair in spec.selectors))
    return Parameters(
        connection_id=spec.id,
        name=spec.name,
        gateway="left",
        yours=End(name or spec.peer_address, spec.remote_id, yours),
        ours=End(GATEWAY, spec.local_id, ours),
        ike=spec.ike,
        esp=spec.esp,
    )


def wanted(world: World, networks: tuple[str, ...], ike: IkeOffer, esp: EspOffer) -> ConnectionSpec:
    return connection(
        world.left,
        world.right,
        ike=ike,
        esp=esp,
        remote=networks,
        peer_address=ADDRESS,
        remote_id=ADDRESS,
        connection_id=uuid4(),
    )


def established(world: World) -> SaState | None:
    return next((sa for sa in world.state(world.left).sas if sa.established), None)


def children(world: World) -> list[ChildState]:
    sa = established(world)
    return [child for child in sa.children if child.installed] if sa else []


def connect(world: World, peer: BarePeer, spec: ConnectionSpec, name: str = "") -> None:
    """The gateway only waits: it is the export that starts the tunnel."""
    world.load(world.left, spec)
    export = render(VENDORS["strongswan"], parameters(spec, name), made_at="now")
    assert export.count(f'"{sheet.PLACEHOLDER}"') == 1
    peer.load(export.replace(f'"{sheet.PLACEHOLDER}"', f'"{KEY}"'))
    count = len(spec.selectors)
    try:
        wait_for(lambda: len(children(world)) >= count, 10)
    except AssertionError as error:
        raise AssertionError(peer.log_text()) from error


@pytest.mark.parametrize(
    ("ike", "esp", "agreed"),
    [
        (AUTO_IKE, AUTO_ESP, (2, "aes256-sha256-modp2048")),
        (AUTO_IKE_2, AUTO_ESP_2, (2, "aes256-sha512-curve25519")),
        (V1, PLAIN, (1, "aes128-sha1-modp1536")),
        (V2, PFS, (2, "aes256-sha256-modp2048")),
        (STRONG, GCM, (2, "aes256-sha384-ecp384")),
    ],
    ids=["auto", "auto of generation 2", "ikev1", "ikev2 with pfs", "gcm and group 20"],
)
def test_the_export_makes_a_tunnel_with_traffic(
    world: World, config: DriverConfig, ike: IkeOffer, esp: EspOffer, agreed: tuple[int, str]
) -> None:
    networks = ("10.66.1.0/24", "10.66.2.0/24")
    spec = wanted(world, networks, ike, esp)
    with bare_peer(config.installation, ADDRESS, networks) as peer:
        connect(world, peer, spec)
        sa = established(world)
        assert sa and (sa.version, sa.suite) == agreed
        host = world.namespace(world.left)
        for target in ("10.66.1.1", "10.66.2.1"):
            wait_for(partial(ping, host, target), 5)
            assert ping(host, target, count=10) == 10
        carried = children(world)
        assert len(carried) == 2
        # The first child comes with the IKE SA and takes its keys from there.
        suites = {child.suite for child in carried}
        assert parameters(spec).esp_suite.keywords in suites, suites
        assert all(child.packets_in >= 10 and child.packets_out >= 10 for child in carried), carried
        assert all(child.bytes_in >= 840 and child.bytes_out >= 840 for child in carried), carried


def test_another_key_makes_no_tunnel(world: World, config: DriverConfig) -> None:
    """So that the test above cannot pass for a reason other than the export's."""
    networks = ("10.66.1.0/24",)
    spec = wanted(world, networks, AUTO_IKE, AUTO_ESP)
    with bare_peer(config.installation, ADDRESS, networks) as peer:
        world.load(world.left, spec)
        peer.load(render(VENDORS["strongswan"], parameters(spec), made_at="now"))
        wait_for(lambda: "AUTH_FAILED" in peer.log_text() or "AUTHENTICATION_FAILED" in peer.log_text(), 10)
        assert children(world) == []


def test_the_export_names_identities_that_are_no_addresses(world: World, config: DriverConfig) -> None:
    with bare_peer(config.installation, ADDRESS, ("10.77.0.0/24",)) as peer:
        spec = replace(
            wanted(world, ("10.77.0.0/24",), V2, PFS),
            local_id=Identity("fqdn", "cloud.example.com").text,
            remote_id=Identity("key_id", "AAECA/8=").text,
        )
        connect(world, peer, spec)
        sa = established(world)
        assert sa and (sa.local_id, sa.remote_id) == ("cloud.example.com", "00:01:02:03:ff")


def test_a_peer_known_by_its_name_starts_from_whatever_address_it_has(
    world: World, config: DriverConfig
) -> None:
    """Both name themselves; the export says nothing of the peer's address."""
    networks, name = ("10.78.1.0/24", "10.78.2.0/24"), "peer.example.com"
    with bare_peer(config.installation, ADDRESS, networks) as peer:
        spec = replace(
            wanted(world, networks, STRONG, GCM),
            local_id=Identity("fqdn", "cloud.example.com").text,
            remote_id=Identity("fqdn", name).text,
        )
        assert ADDRESS not in render(VENDORS["strongswan"], parameters(spec, name), made_at="now")
        connect(world, peer, spec, name)
        sa = established(world)
        assert sa and (sa.local_id, sa.remote_id) == ("cloud.example.com", name)
        host = world.namespace(world.left)
        wait_for(partial(ping, host, "10.78.1.1"), 5)
        assert ping(host, "10.78.2.1", count=5) == 5
