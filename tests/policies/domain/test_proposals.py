from __future__ import annotations

from itertools import product

from policies.domain.proposals import (
    AUTO_ESP,
    AUTO_ESP_2,
    AUTO_IKE,
    AUTO_IKE_2,
    IkeVersion,
    Proposal,
    auto_esp,
    auto_ike,
    by_preference,
)


def test_auto_negotiation_offers_every_combination_of_the_seed_table() -> None:
    suites = {(s.encryption[0], s.integrity[0], s.groups[0]) for s in AUTO_IKE.proposal.expand()}
    assert suites == set(product(("aes128", "aes256", "triple_des"), ("sha1", "sha256", "md5"), (2, 5, 14)))
    assert len(AUTO_IKE.proposal.expand()) == 27


def test_auto_negotiation_of_phase_2_has_no_perfect_forward_secrecy() -> None:
    suites = AUTO_ESP.proposal.expand()
    assert len(suites) == 9
    assert all(suite.groups == () for suite in suites)


def test_auto_negotiation_begins_with_the_strongest_and_answers_both_versions() -> None:
    assert AUTO_IKE.proposal.expand()[0] == Proposal(("aes256",), ("sha256",), (14,))
    assert AUTO_IKE.version is IkeVersion.ANY
    assert (AUTO_IKE.lifetime, AUTO_ESP.lifetime) == (28800, 3600)


def test_expansion_keeps_the_order_of_preference() -> None:
    proposal = Proposal(("aes256", "aes128"), ("sha256", "sha1"), (14,))
    assert [(s.encryption[0], s.integrity[0]) for s in proposal.expand()] == [
        ("aes256", "sha256"),
        ("aes256", "sha1"),
        ("aes128", "sha256"),
        ("aes128", "sha1"),
    ]


def test_expansion_of_aead_has_no_integrity() -> None:
    assert Proposal(("aes256gcm16",), (), (14,)).expand() == (Proposal(("aes256gcm16",), (), (14,)),)


def test_a_single_suite_expands_to_itself() -> None:
    suite = Proposal(("aes128",), ("sha256",), (14,))
    assert suite.expand() == (suite,)


def test_generation_2_negotiates_by_its_own_tables() -> None:
    hashes = {"sha256", "sha384", "sha512"}
    suites = {(s.encryption[0], s.integrity[0], s.groups[0]) for s in AUTO_IKE_2.proposal.expand()}
    assert suites == set(product(("aes128", "aes192", "aes256"), hashes, (*range(14, 25), 31)))
    assert AUTO_IKE_2.version is IkeVersion.V2
    esp = {(s.encryption[0], *s.integrity) for s in AUTO_ESP_2.proposal.expand()}
    combined = {("aes128gcm16",), ("aes192gcm16",), ("aes256gcm16",)}
    assert esp == combined | set(product(("aes128", "aes192", "aes256"), hashes))
    assert (auto_ike(1), auto_esp(1)) == (AUTO_IKE, AUTO_ESP)
    assert (auto_ike(2), auto_esp(2)) == (AUTO_IKE_2, AUTO_ESP_2)


def test_aead_ciphers_have_a_separate_proposal() -> None:
    mixed = Proposal(("aes256gcm16", "aes256", "aes128gcm16"), ("sha256",), (14,))
    assert mixed.uniform() == (
        Proposal(("aes256gcm16", "aes128gcm16"), (), (14,)),
        Proposal(("aes256",), ("sha256",), (14,)),
    )
    assert Proposal(("aes256", "aes256gcm16"), ("sha256",)).uniform()[0].encryption == ("aes256",)
    assert AUTO_IKE.proposal.uniform() == (AUTO_IKE.proposal,)
    only = Proposal(("aes256gcm16",), (), (14,))
    assert only.uniform() == (only,)
    assert Proposal((), ()).uniform() == ()


def test_the_preferred_come_first_and_the_old_last() -> None:
    offered = ("aes256", "aes192", "aes128")
    assert by_preference(("aes128", "aes256", "aes192"), offered) == offered
    assert by_preference(("sha1", "new", "triple_des", "aes128"), offered) == (
        "aes128",
        "new",
        "triple_des",
        "sha1",
    )
    assert by_preference((2, 5, 14, 99, 31), (31, 14)) == (31, 14, 99, 5, 2)
