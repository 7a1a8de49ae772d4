from __future__ import annotations

import pytest

from policies.domain.algorithms import (
    AUTHENTICATION,
    DH_GROUPS,
    ENCRYPTION,
    IKE_VERSIONS,
    PFS,
    canonical,
    pfs_group,
    pfs_word,
    swan_group,
    swan_keyword,
)
from policies.domain.generations import GENERATION_1
from policies.domain.proposals import AUTO_ESP, AUTO_IKE
from policies.domain.verdicts import Strength


def test_every_algorithm_of_generation_1_is_described() -> None:
    assert set(GENERATION_1.authentication) <= AUTHENTICATION.keys()
    assert set(GENERATION_1.encryption) <= ENCRYPTION.keys()
    assert set(GENERATION_1.dh_groups) <= DH_GROUPS.keys()
    assert set(GENERATION_1.pfs) <= PFS.keys()
    assert set(GENERATION_1.ike_versions) <= IKE_VERSIONS.keys()


@pytest.mark.parametrize(
    ("word", "keyword"),
    [("3des", "3des"), ("triple_des", "3des"), ("aes128", "aes128"), ("md5", "md5"), ("sha256", "sha256")],
)
def test_keywords(word: str, keyword: str) -> None:
    assert swan_keyword(word) == keyword


@pytest.mark.parametrize(("number", "keyword"), [(2, "modp1024"), (5, "modp1536"), (14, "modp2048")])
def test_groups(number: int, keyword: str) -> None:
    assert swan_group(number) == keyword


def test_unknown_algorithms_are_errors() -> None:
    with pytest.raises(KeyError):
        swan_keyword("des")
    with pytest.raises(KeyError):
        swan_group(1)


def test_one_stored_name() -> None:
    assert (canonical("3des"), canonical("triple_des"), canonical("aes256")) == (
        "triple_des",
        "triple_des",
        "aes256",
    )


@pytest.mark.parametrize("word", GENERATION_1.pfs)
def test_pfs_values_round_trip(word: str) -> None:
    assert pfs_word(pfs_group(word)) == word


@pytest.mark.parametrize("word", ["", "group_", "group_x", "14", "Group_14"])
def test_values_that_are_not_pfs_groups(word: str) -> None:
    with pytest.raises(ValueError, match="PFS group"):
        pfs_group(word)


def test_strengths() -> None:
    assert AUTHENTICATION["md5"].strength is Strength.BROKEN
    assert AUTHENTICATION["sha1"].strength is Strength.WEAK
    assert AUTHENTICATION["sha256"].strength is Strength.OK
    assert ENCRYPTION["triple_des"].ike.strength is Strength.BROKEN
    assert ENCRYPTION["triple_des"].esp.strength is Strength.BROKEN
    assert ENCRYPTION["triple_des"].strength is Strength.BROKEN
    assert {DH_GROUPS[2].strength, DH_GROUPS[5].strength} == {Strength.BROKEN}
    assert DH_GROUPS[14].strength is Strength.OK
    assert IKE_VERSIONS[1].rfc == "RFC 9395"


def test_every_verdict_names_its_rfc_in_a_sentence() -> None:
    algorithms = [*AUTHENTICATION.values(), *ENCRYPTION.values(), *DH_GROUPS.values()]
    verdicts = [v for a in algorithms for v in (a.ike, a.esp)] + [*IKE_VERSIONS.values(), *PFS.values()]
    for verdict in verdicts:
        assert verdict.rfc.startswith("RFC ") and verdict.rfc in verdict.reason
        assert verdict.reason.endswith(".")


def test_auto_negotiation_uses_known_algorithms_only() -> None:
    for offer in (AUTO_IKE, AUTO_ESP):
        assert all(swan_keyword(w) for w in (*offer.proposal.encryption, *offer.proposal.integrity))
        assert all(swan_group(g) for g in offer.proposal.groups)
