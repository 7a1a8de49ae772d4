"""Display names of suites, and the MTU that they leave."""

from __future__ import annotations

import pytest

from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION, is_aead
from vpn.domain.suites import CLAMPED_MSS, TUNNEL_MTU, describe_suite, effective_mtu, weak_in_esp, weak_in_ike


@pytest.mark.parametrize(
    ("suite", "words"),
    [
        ("aes256-sha256-modp2048", "AES-256-CBC, HMAC-SHA-256, Diffie-Hellman group 14 (2048 bits)"),
        ("3des-md5", "3DES-CBC, HMAC-MD5"),
        ("aes128-sha1-modp1024", "AES-128-CBC, HMAC-SHA-1, Diffie-Hellman group 2 (1024 bits)"),
        ("aes256gcm16-ecp256", "AES-256-GCM, Diffie-Hellman group 19 (P-256)"),
        ("aes256gcm16-x448", "AES-256-GCM, key exchange x448"),
        ("chacha20poly1305", "chacha20poly1305"),
        ("", ""),
    ],
)
def test_describe_suite(suite: str, words: str) -> None:
    assert str(describe_suite(suite)) == words


def test_every_suite_of_the_api_has_a_description_and_an_mtu() -> None:
    for cipher in ENCRYPTION.values():
        for digest in AUTHENTICATION.values():
            if is_aead(cipher.name) == bool(digest.keyword):
                continue
            for group in DH_GROUPS.values():
                suite = "-".join(part for part in (cipher.keyword, digest.keyword, group.keyword) if part)
                words = describe_suite(suite)
                assert words.cipher and words.group and bool(words.integrity) == bool(digest.keyword)
                left = effective_mtu(suite, udp=True)
                # What the gateways clamp to fits under every suite, or they would clamp in vain.
                assert left and left.mtu >= TUNNEL_MTU and left.mss >= CLAMPED_MSS


@pytest.mark.parametrize(
    ("suite", "udp", "mtu"),
    [
        # 1500 - 20 IP - 8 ESP - 16 IV - 16 ICV = 1440, whole blocks of 16, less the 2 of the trailer.
        ("aes256-sha256", False, 1438),
        ("aes256-sha256", True, 1422),
        ("aes128-sha1", False, 1438),
        ("3des-md5", False, 1446),
        ("aes128gcm16", True, 1438),
    ],
)
def test_room(suite: str, udp: bool, mtu: int) -> None:
    left = effective_mtu(suite, udp=udp)
    assert left and (left.outer, left.mtu, left.mss, left.overhead) == (1500, mtu, mtu - 40, 1500 - mtu)
    # Sealed again it fits, and one byte more does not.
    assert sealed(suite, mtu, udp) <= 1500 < sealed(suite, mtu + 1, udp)


def sealed(suite: str, size: int, udp: bool) -> int:
    """The other way round: the size of the ESP packet around one of `size` bytes."""
    iv, block, icv = {
        "aes256-sha256": (16, 16, 16),
        "aes128-sha1": (16, 16, 12),
        "3des-md5": (8, 8, 12),
        "aes128gcm16": (8, 4, 16),
    }[suite]
    padded = -(-(size + 2) // block) * block
    return 20 + (8 if udp else 0) + 8 + iv + padded + icv


def test_an_unknown_suite_has_no_figure() -> None:
    assert effective_mtu("null-sha1", udp=False) is None


def test_what_is_weak_of_what_was_negotiated() -> None:
    assert weak_in_ike("aes256-sha256-modp2048", 2) == weak_in_esp("aes256-sha256") == ()
    found = {weak.word: weak.verdict.strength.value for weak in weak_in_ike("3des-md5-modp1024", 1)}
    assert found == {"IKEv1": "weak", "3des": "broken", "md5": "broken", "modp1024": "broken"}
    assert {weak.word: weak.verdict.strength.value for weak in weak_in_esp("3des-sha1")} == {
        "3des": "broken",
        "sha1": "weak",
    }
    assert weak_in_ike("", 0) == ()


def test_an_algorithm_is_judged_by_the_standard_of_its_use() -> None:
    """RFC 8247 for IKE, RFC 8221 for ESP."""
    row = ENCRYPTION["triple_des"]
    assert row.ike != row.esp
    assert weak_in_ike("3des-sha256-modp2048", 2) == (("3des", row.ike),)
    assert weak_in_esp("3des-sha256") == (("3des", row.esp),)
