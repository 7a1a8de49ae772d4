"""Our values in charon's words, and back."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from policies.domain.proposals import AUTO_ESP, AUTO_IKE, IkeOffer, IkeVersion, Proposal
from vpn.domain.peers import ChildSpec, PeerSpec
from vpn.domain.spec import DpdAction, Secret, Selector
from vpn.drivers.strongswan.translate import (
    connection,
    connections,
    keywords,
    offers,
    peer_of,
    sa_states,
    suite,
)

CHILD = ChildSpec(
    name="11111111-1111-1111-1111-111111111111.0a0b0c0d",
    connection_id=UUID("11111111-1111-1111-1111-111111111111"),
    selector=Selector("10.1.0.0/24", "10.2.0.0/24"),
    esp=AUTO_ESP,
    dpd_action=DpdAction.RESTART,
    initiate=True,
)
PEER = PeerSpec(
    name="peer_203.0.113.9_0a0b0c0d",
    peer_address="203.0.113.9",
    local_id="203.0.113.1",
    remote_id="203.0.113.9",
    ike=AUTO_IKE,
    psk=Secret("key-1", "do-not-tell"),
    dpd_interval=2,
    dpd_timeout=10,
    children=(CHILD,),
)
ESTABLISHED = {
    "uniqueid": "4",
    "version": "2",
    "state": "ESTABLISHED",
    "local-host": "203.0.113.1",
    "remote-host": "203.0.113.9",
    "local-id": "203.0.113.1",
    "remote-id": "203.0.113.9",
    "initiator": "yes",
    "nat-remote": "yes",
    "encr-alg": "AES_CBC",
    "encr-keysize": "256",
    "integ-alg": "HMAC_SHA2_256_128",
    "prf-alg": "PRF_HMAC_SHA2_256",
    "dh-group": "MODP_2048",
    "established": "17",
    "rekey-time": "25000",
    "child-sas": {
        f"{CHILD.name}-1": {
            "name": CHILD.name,
            "state": "INSTALLED",
            "spi-in": "c1",
            "spi-out": "c2",
            "encr-alg": "3DES_CBC",
            "integ-alg": "HMAC_MD5_96",
            "bytes-in": "84",
            "bytes-out": "168",
            "packets-in": "1",
            "packets-out": "2",
            "install-time": "3",
            "rekey-time": "3000",
            "local-ts": ["10.1.0.0/24"],
            "remote-ts": ["10.2.0.0/24"],
        }
    },
}


def test_columns_are_combined_for_ikev2_and_expanded_for_ikev1() -> None:
    combined = "aes256-aes128-3des-sha256-sha1-md5-modp2048-modp1536-modp1024"
    assert offers(AUTO_IKE.proposal, IkeVersion.V2) == [combined]
    assert offers(AUTO_IKE.proposal, IkeVersion.ANY) == [combined]
    expanded = offers(AUTO_IKE.proposal, IkeVersion.V1)
    assert len(expanded) == len(set(expanded)) == 27
    assert (expanded[0], expanded[-1]) == ("aes256-sha256-modp2048", "3des-md5-modp1024")
    assert len(offers(AUTO_ESP.proposal, IkeVersion.V1)) == 9


@pytest.mark.parametrize(
    ("proposal", "words"),
    [
        (Proposal(("triple_des",), ("md5",), (2,)), "3des-md5-modp1024"),
        (Proposal(("aes128",), ("sha1",)), "aes128-sha1"),
        (Proposal(("aes128",), ("sha1",), (5,)), "aes128-sha1-modp1536"),
    ],
)
def test_keywords(proposal: Proposal, words: str) -> None:
    assert keywords(proposal) == words


def test_a_peer_of_any_version_is_loaded_twice() -> None:
    loaded = connections(PEER, "203.0.113.1")
    assert {name: message["version"] for name, message in loaded.items()} == {
        PEER.name: "0",
        f"{PEER.name}_v1": "1",
    }
    assert {peer_of(name) for name in loaded} == {PEER.name}
    only = connections(replace(PEER, ike=IkeOffer(IkeVersion.V1, AUTO_IKE.proposal, 600)), "203.0.113.1")
    assert [message["version"] for message in only.values()] == ["1"]


def test_a_connection_never_contains_the_key() -> None:
    message = connection(PEER, "203.0.113.1", IkeVersion.V2)
    assert (message["unique"], message["mobike"], message["keyingtries"]) == ("replace", "no", "1")
    assert (message["dpd_delay"], message["dpd_timeout"]) == ("2s", "10s")
    child = message["children"][CHILD.name]
    assert (child["start_action"], child["close_action"]) == ("none", "none")
    assert (child["local_ts"], child["remote_ts"]) == (["10.1.0.0/24"], ["10.2.0.0/24"])
    assert "do-not-tell" not in repr(message)


@pytest.mark.parametrize(
    ("action", "word", "without_traps"),
    [
        (DpdAction.NONE, "clear", "clear"),
        (DpdAction.CLEAR, "clear", "clear"),
        (DpdAction.HOLD, "trap", "clear"),
        (DpdAction.RESTART, "restart", "restart"),
    ],
)
def test_dpd_actions(action: DpdAction, word: str, without_traps: str) -> None:
    peer = replace(PEER, children=(replace(CHILD, dpd_action=action),))
    for traps, expected in ((True, word), (False, without_traps)):
        for message in connections(peer, "203.0.113.1", traps=traps).values():
            assert message["children"][CHILD.name]["dpd_action"] == expected


def test_an_answer_of_list_sas() -> None:
    (sa,) = sa_states([(f"{PEER.name}_v1", ESTABLISHED)])
    assert (sa.peer, sa.version, sa.suite) == (PEER.name, 2, "aes256-sha256-modp2048")
    assert sa.established and sa.initiator and sa.nat
    assert (sa.established_for, sa.rekey_in) == (17, 25000)
    assert not sa.awaiting
    (busy,) = sa_states([(PEER.name, ESTABLISHED | {"tasks-active": ["QUICK_MODE"]})])
    assert busy.awaiting
    (child,) = sa.children
    assert child.installed and child.suite == "3des-md5"
    assert (child.spi_in, child.spi_out, child.bytes_in, child.packets_out) == ("c1", "c2", 84, 2)
    assert (child.local, child.remote) == (("10.1.0.0/24",), ("10.2.0.0/24",))


def test_a_negotiation_that_has_nothing_yet() -> None:
    (sa,) = sa_states([(PEER.name, {"uniqueid": "5", "version": "1", "state": "CONNECTING"})])
    assert not sa.established and sa.children == () and sa.suite == "" and sa.rekey_in is None


def test_what_ikev1_rekeying_leaves_is_left_out() -> None:
    old = {"uniqueid": "3", "version": "1", "state": "REKEYED"}
    assert [sa.unique_id for sa in sa_states([(PEER.name, old), (PEER.name, ESTABLISHED)])] == ["4"]
    assert [sa.unique_id for sa in sa_states([(PEER.name, old)])] == ["3"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"encr-alg": "AES_GCM_16", "encr-keysize": "128", "dh-group": "ECP_256"}, "aes128gcm16-ecp256"),
        ({"encr-alg": "AES_CBC", "encr-keysize": "192", "integ-alg": "HMAC_SHA2_512_256"}, "aes192-sha512"),
        (
            {"encr-alg": "3DES_CBC", "integ-alg": "HMAC_SHA1_96", "dh-group": "MODP_1024"},
            "3des-sha1-modp1024",
        ),
        ({}, ""),
    ],
)
def test_suites(message: dict[str, str], words: str) -> None:
    assert suite(message) == words


def test_with_esp_in_the_kernel_every_child_passes_the_tunnel_device() -> None:
    for message in connections(PEER, "203.0.113.1", if_id=1).values():
        for child in message["children"].values():
            assert (child["if_id_in"], child["if_id_out"]) == ("1", "1")
    for message in connections(PEER, "203.0.113.1").values():
        assert not any(key.startswith("if_id") for child in message["children"].values() for key in child)


def test_a_half_open_sa_without_a_connection_is_left_alone() -> None:
    """charon lists it as "(unnamed)": terminating by that name would end every peer's first exchange."""
    half_open = {"uniqueid": "9", "version": "2", "state": "CONNECTING"}
    assert sa_states([("(unnamed)", half_open), (PEER.name, ESTABLISHED)]) == sa_states(
        [(PEER.name, ESTABLISHED)]
    )
