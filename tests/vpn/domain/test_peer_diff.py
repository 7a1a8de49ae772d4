"""Differences between two ends, reported side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.domain.proposals import AUTO_ESP, AUTO_IKE, AUTO_IKE_2, EspOffer, IkeOffer, IkeVersion, Proposal
from tests.vpn.domain.drafts import GOOD
from vpn.domain.peer_diff import End, differences

HERE = End(draft=GOOD, esp=AUTO_ESP, local_identity="203.0.113.1", peer_identity="203.0.113.9")
THERE = End(
    draft=replace(GOOD, peer_address="203.0.113.1", local_cidrs=GOOD.peer_cidrs, peer_cidrs=GOOD.local_cidrs),
    esp=AUTO_ESP,
    local_identity="203.0.113.9",
    peer_identity="203.0.113.1",
)


def there(**changes: object) -> End:
    return replace(THERE, draft=replace(THERE.draft, **changes))


def test_mirrors_do_not_differ() -> None:
    assert differences(HERE, THERE) == []
    # Offers need only meet.
    group = Proposal(("aes256", "aes128"), ("sha256",), (14,))
    assert differences(HERE, there(ike=replace(AUTO_IKE_2, proposal=group))) == []


ESP = EspOffer(Proposal(("aes256", "aes128"), ("sha256", "sha512")), 3600)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"peer_cidrs": ("192.168.99.0/24", "192.168.98.0/24")},
            (
                "Local CIDRs here, peer CIDRs there",
                "192.168.100.0/24 192.168.101.0/24",
                "192.168.99.0/24 192.168.98.0/24",
            ),
        ),
        (
            {"local_cidrs": ("10.0.0.0/24",)},
            ("Peer CIDRs here, local CIDRs there", "192.168.0.0/24 192.168.1.0/24", "10.0.0.0/24"),
        ),
        ({"admin_state_up": False}, ("Admin state", "enabled", "disabled")),
        (
            {"ike": replace(AUTO_IKE, proposal=Proposal(("aes256",), ("sha512",), (20, 19)))},
            (
                "IKE offer",
                "IKEv1 or IKEv2; aes256, aes128, triple_des; sha256, sha1, md5; group 14, 5, 2",
                "IKEv1 or IKEv2; aes256; sha512; group 20, 19",
            ),
        ),
    ],
)
def test_differences_of_the_drafts(changes: dict[str, object], expected: tuple[str, str, str]) -> None:
    local, peer = ("192.168.100.0/24", "192.168.101.0/24"), ("192.168.0.0/24", "192.168.1.0/24")
    here = replace(HERE, draft=replace(GOOD, local_cidrs=local, peer_cidrs=peer))
    # The order does not matter.
    mirrored = {"local_cidrs": peer[::-1], "peer_cidrs": local[::-1]}
    assert differences(here, there(**mirrored)) == []
    assert differences(here, there(**{**mirrored, **changes})) == [expected]


def test_versions_have_to_meet_and_one_end_has_to_initiate() -> None:
    version_2 = IkeOffer(IkeVersion.V2, Proposal(("aes256",), ("sha256",), (14,)), 28800)
    version_1 = replace(version_2, version=IkeVersion.V1)
    suites = "aes256; sha256; group 14"
    here = replace(HERE, draft=replace(GOOD, ike=version_2, establish_mode="peer_only"))
    assert differences(here, there(ike=version_2)) == []
    assert differences(here, there(ike=version_1, establish_mode="peer_only")) == [
        ("Initiated by", "the peer only", "the peer only"),
        ("IKE offer", f"IKEv2; {suites}", f"IKEv1; {suites}"),
    ]


def test_perfect_forward_secrecy_has_to_be_on_or_off_at_both_ends() -> None:
    pfs = replace(ESP, proposal=replace(ESP.proposal, groups=(14, 19)))
    ciphers = "aes256, aes128; sha256, sha512"
    without, with_groups = f"{ciphers}; no PFS", f"{ciphers}; group 14, 19"
    one, other = replace(HERE, esp=ESP), replace(THERE, esp=pfs)
    assert differences(one, other) == [("IPsec offer", without, with_groups)]
    assert differences(replace(HERE, esp=pfs), replace(THERE, esp=ESP)) == [
        ("IPsec offer", with_groups, without)
    ]


def test_each_end_has_to_expect_the_identity_of_the_other() -> None:
    named = replace(THERE, local_identity="@branch.example.com", peer_identity="@hq.example.com")
    assert differences(HERE, named) == [
        ("This gateway's identity, as expected there", "203.0.113.1", "@hq.example.com"),
        ("The peer's identity, as it is there", "203.0.113.9", "@branch.example.com"),
    ]


def test_of_a_key_only_the_difference_is_reported() -> None:
    (found,) = differences(HERE, there(psk="AnotherPassword"))
    assert found == ("Pre-shared key", "one key", "another key")
    assert differences(HERE, there(psk=None)) == []
