"""Connections as charon has them: grouped by peer, one child for each pair of CIDRs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from policies.domain.proposals import AUTO_ESP, AUTO_IKE, IkeVersion
from tests.vpn.domain.values import NOW, connection, gateway
from vpn.domain.peers import ChildSpec, PeerSpec, address_of, child_name, connection_of, peers
from vpn.domain.spec import DeadPeerDetection, DpdAction, Secret, Selector
from vpn.domain.state import LoadedChild


def test_connections_to_one_peer_with_the_same_identities_share_it() -> None:
    """The shortest dead peer detection times count, of those that have it on; ends that are off do not."""
    off = DeadPeerDetection(DpdAction.NONE, 1, 2)
    first = replace(connection(), dpd=DeadPeerDetection(DpdAction.HOLD, 5, 60), restart_at=NOW)
    second = replace(
        connection("c2", remote=["10.3.0.0/24"], initiate=False),
        dpd=DeadPeerDetection(DpdAction.HOLD, 9, 30),
    )
    third = replace(connection("c3", remote=["10.4.0.0/24"]), dpd=off)
    (peer,) = peers(gateway(first, second, third))
    assert re.fullmatch(r"peer_203\.0\.113\.2_[0-9a-f]{8}", peer.name)
    assert peer == PeerSpec(
        name=peer.name,
        peer_address="203.0.113.2",
        local_id="203.0.113.1",
        remote_id="203.0.113.2",
        ike=AUTO_IKE,
        psk=Secret("k1", "VPNDemoPassword"),
        dpd_interval=5,
        dpd_timeout=30,
        children=tuple(
            ChildSpec(
                name=child_name(one.id, one.selectors[0]),
                connection_id=one.id,
                selector=one.selectors[0],
                esp=AUTO_ESP,
                dpd_action=action,
                initiate=one.initiate,
                restart_at=one.restart_at,
            )
            for one, action in (
                (first, DpdAction.HOLD),
                (second, DpdAction.CLEAR),
                (third, DpdAction.NONE),
            )
        ),
    )
    (unwatched,) = peers(gateway(third))
    assert (unwatched.dpd_interval, unwatched.dpd_timeout) == (0, 0)


def test_which_connections_are_peers_of_their_own() -> None:
    one = connection()
    for other in (replace(one, local_id="@a"), replace(one, remote_id="@a"), replace(one, peer_address="x")):
        assert len({peer.name for peer in peers(gateway(one, other))}) == 2
    for none in (replace(one, enabled=False), replace(one, peer_address="")):
        assert peers(gateway(none)) == ()
    assert peers(gateway(one, deleted=True)) == ()


def test_names_of_peers_and_children() -> None:
    one = connection()
    name = child_name(one.id, Selector("10.1.0.0/24", "10.2.0.0/24"))
    assert re.fullmatch(rf"{one.id}\.[0-9a-f]{{8}}", name) and connection_of(name) == str(one.id)
    assert connection_of("no-pair") == "no-pair"
    assert (
        len({name, *(child_name(one.id, Selector(*ends)) for ends in (("10.1.0.0/24", "x"), ("x", "y")))})
        == 3
    )


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("peer_198.18.0.3_3d22aa01", "198.18.0.3"),
        ("peer_198.18.0.3", ""),
        ("peer_198.18.0.3_3d22aa01_v1", ""),
        ("stray_198.18.0.3_3d22aa01", ""),
        ("", ""),
    ],
)
def test_the_address_in_the_name_of_a_peer(peer: str, address: str) -> None:
    assert address_of(peer) == address


def test_what_makes_a_loaded_configuration_another_one() -> None:
    """Each value that charon gets; the key by its version, so that no digest of a key is stored."""
    (peer,) = peers(gateway(connection()))
    (child,) = peer.children
    loaded = peer.as_loaded()
    assert re.fullmatch(r"3:[0-9a-f]{16}", loaded.fingerprint) and loaded.dpd == (0, 0)
    for changes in (
        {"peer_address": "203.0.113.9"},
        {"ike": replace(AUTO_IKE, version=IkeVersion.V2)},
        {"ike": replace(AUTO_IKE, lifetime=600)},
        {"local_id": "@a"},
        {"remote_id": "@a"},
        {"psk": Secret("k2", "VPNDemoPassword")},
    ):
        assert replace(peer, **changes).as_loaded().fingerprint != loaded.fingerprint
    assert replace(peer, psk=Secret("k1", "x"), dpd_interval=2, dpd_timeout=9).as_loaded() == replace(
        loaded, dpd=(2, 9)
    )
    (mark,) = loaded.children.values()
    assert list(loaded.children) == [child.name]
    assert mark == LoadedChild(mark.fingerprint, (), "") and re.fullmatch(r"3:[0-9a-f]{16}", mark.fingerprint)
    for changed in (
        replace(child, selector=Selector("10.1.0.0/24", "10.9.0.0/24")),
        replace(child, esp=replace(AUTO_ESP, lifetime=600)),
        replace(child, dpd_action=DpdAction.HOLD),
    ):
        assert changed.as_loaded().fingerprint != mark.fingerprint
    restarted = replace(child, restart_at=NOW).as_loaded()
    assert restarted == replace(mark, restart="2026-01-01T12:00:00+00:00")
