"""What generation 2 can ask for in policies, and identities that are no addresses, for real."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.domain.algorithms import INTEGRATED, is_aead, swan_group
from policies.domain.generations import GENERATION_2
from policies.domain.proposals import AUTO_ESP_2, AUTO_IKE_2, EspOffer, IkeOffer, IkeVersion, Proposal
from tests.dataplane.test_suites import drop, only, rekeyed
from tests.dataplane.world import World, connection, ping
from tests.waiting import wait_for
from vpn.domain.identities import Identity

pytestmark = pytest.mark.dataplane

V2 = IkeVersion.V2
ESP = EspOffer(Proposal(("aes256",), ("sha256",)), 3600)


def ike(*groups: int, cipher: str = "aes256", digest: str = "sha256", version: IkeVersion = V2) -> IkeOffer:
    return IkeOffer(version, Proposal((cipher,), (digest,), groups), 3600)


@pytest.mark.parametrize("group", GENERATION_2.dh_groups)
def test_every_group_in_both_phases(world: World, group: int) -> None:
    pfs = EspOffer(Proposal(("aes256",), ("sha256",), (group,)), 3600)
    world.connect(ike=ike(group), esp=pfs)
    sa = only(world)
    assert (sa.version, sa.suite) == (2, f"aes256-sha256-{swan_group(group)}")
    assert rekeyed(world, sa.children[0].name).suite == f"aes256-sha256-{swan_group(group)}"
    assert ping(world.namespace(world.left), world.right.host) == 1


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_every_cipher_and_hash_comes_up_and_carries_a_ping(world: World, version: IkeVersion) -> None:
    host = world.namespace(world.left)
    for cipher in GENERATION_2.esp_encryption:
        for digest in GENERATION_2.authentication:
            combined = is_aead(cipher)
            esp = EspOffer(Proposal((cipher,), () if combined else (digest,)), 3600)
            plain = cipher.removesuffix("gcm16")
            world.connect(ike=ike(14, cipher=plain, digest=digest, version=version), esp=esp)
            sa = only(world)
            assert (sa.version, sa.suite) == (int(version), f"{plain}-{digest}-modp2048")
            assert sa.children[0].suite == (cipher if combined else f"{cipher}-{digest}")
            assert ping(host, world.right.host) == 1, (cipher, digest)
            drop(world)
    assert INTEGRATED not in GENERATION_2.authentication


def test_the_first_common_suite_is_negotiated(world: World) -> None:
    """Lists are in order of preference; AES-GCM and the others are in separate proposals."""
    wide = EspOffer(Proposal(("aes256gcm16", "aes256", "aes128"), ("sha512", "sha256")), 3600)
    narrow = EspOffer(Proposal(("aes128",), ("sha256",)), 3600)
    back = connection(world.right, world.left, ike=ike(14), esp=narrow)
    there = connection(
        world.left,
        world.right,
        ike=IkeOffer(V2, Proposal(("aes256",), ("sha256",), (31, 20, 14)), 3600),
        esp=wide,
    )
    world.load(world.right, back)
    world.initiate(world.left, *world.load(world.left, there))
    world.wait_up()
    assert only(world).suite == "aes256-sha256-modp2048"
    assert only(world).children[0].suite == "aes128-sha256"
    assert ping(world.namespace(world.left), world.right.host) == 1


def test_two_automatic_ends_agree_on_the_strongest(world: World) -> None:
    world.connect(ike=AUTO_IKE_2, esp=AUTO_ESP_2)
    sa = only(world)
    assert (sa.version, sa.suite, sa.children[0].suite) == (2, "aes256-sha512-curve25519", "aes256gcm16")
    assert ping(world.namespace(world.left), world.right.host) == 1


@pytest.mark.parametrize("group", (14, 16, 19, 24))
def test_auto_negotiation_works_with_single_suites_as_initiator_and_responder(
    world: World, group: int
) -> None:
    fixed = ike(group, cipher="aes192", digest="sha384")
    esp = EspOffer(Proposal(("aes128",), ("sha384",)), 3600)
    for ends in ((world.left, world.right), (world.right, world.left)):
        auto, single = ends
        world.load(single, connection(single, auto, ike=fixed, esp=esp))
        made = world.load(auto, connection(auto, single, ike=AUTO_IKE_2, esp=AUTO_ESP_2))
        world.initiate(auto, *made)
        world.wait_up()
        assert only(world).suite == f"aes192-sha384-{swan_group(group)}"
        assert only(world).children[0].suite == "aes128-sha384"
        drop(world)


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Identity("fqdn", "left.example.com"), Identity("fqdn", "right.example.com")),
        (Identity("hostname", "left"), Identity("key_id", "AAECA/8=")),
        (Identity("ipv4_address", "192.0.2.1"), Identity("ipv4_address", "192.0.2.2")),
    ],
)
def test_identities_reach_charon(world: World, ours: Identity, theirs: Identity, version: IkeVersion) -> None:
    names = {"local_id": ours.text, "remote_id": theirs.text}
    back = {"local_id": theirs.text, "remote_id": ours.text}
    offer = ike(14, version=version)
    world.load(world.right, connection(world.right, world.left, ike=offer, esp=ESP, **back))
    world.initiate(
        world.left,
        *world.load(world.left, connection(world.left, world.right, ike=offer, esp=ESP, **names)),
        ike_version=int(version),
    )
    world.wait_up()
    sa = only(world)
    assert (sa.local_id, sa.remote_id) == (as_listed(ours), as_listed(theirs))
    assert ping(world.namespace(world.left), world.right.host) == 1


def as_listed(identity: Identity) -> str:
    """charon lists names without the prefix, and bytes that are not text in hexadecimal."""
    text = identity.text
    return ":".join(text[i : i + 2] for i in range(2, len(text), 2)) if text[:2] == "@#" else text.lstrip("@")


def test_another_identity_than_the_peer_expects_is_refused(world: World) -> None:
    right = connection(world.right, world.left, ike=ike(14), esp=ESP, remote_id="@left.example.com")
    left = connection(world.left, world.right, ike=ike(14), esp=ESP, local_id="@other.example.com")
    world.load(world.right, right)
    world.initiate(world.left, *world.load(world.left, left))
    wait_for(lambda: not world.state(world.left).sas)
    assert not world.up(world.right)
    good = world.load(world.left, replace(left, local_id="@left.example.com"))
    world.initiate(world.left, *good)
    world.wait_up()
    assert only(world).local_id == "left.example.com"
