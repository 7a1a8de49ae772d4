from __future__ import annotations

from dataclasses import replace

import pytest

from policies.domain.checks import (
    IKEPolicyDraft,
    IPsecPolicyDraft,
    PolicyFacts,
    ike_violations,
    ipsec_violations,
    offer_from,
)
from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal

IKE = IKEPolicyDraft(
    name="strong",
    authentication_algorithm="sha256",
    encryption_algorithm="aes256",
    dh_group=14,
    ike_version=2,
)
IPSEC = IPsecPolicyDraft(
    name="strong", authentication_algorithm="sha256", encryption_algorithm="aes256", pfs="group_14"
)
FACTS = PolicyFacts()


def ike(facts: PolicyFacts = FACTS, **changes: object) -> list[tuple[str, str]]:
    return [(v.code, v.field) for v in ike_violations(replace(IKE, **changes), facts=facts)]


def ipsec(facts: PolicyFacts = FACTS, **changes: object) -> list[tuple[str, str]]:
    return [(v.code, v.field) for v in ipsec_violations(replace(IPSEC, **changes), facts=facts)]


def test_good_policies_break_no_rule() -> None:
    assert (ike(), ipsec()) == ([], [])
    assert (IKE.key_lifetime, IPSEC.key_lifetime) == (28800, 3600)


@pytest.mark.parametrize("word", ["3des", "triple_des", "aes128"])
def test_both_spellings_of_triple_des(word: str) -> None:
    assert (ike(encryption_algorithm=word), ipsec(encryption_algorithm=word)) == ([], [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("authentication_algorithm", "sha512"),
        ("authentication_algorithm", ""),
        ("encryption_algorithm", "aes192"),
        ("encryption_algorithm", "AES128"),
        ("dh_group", 1),
        ("dh_group", 19),
        ("ike_version", 0),
        ("ike_version", 3),
    ],
)
def test_words_that_do_not_exist(field: str, value: object) -> None:
    assert ike(**{field: value}) == [("validation_enum", field)]


@pytest.mark.parametrize("value", ["group_1", "group_19", "14", "", "enabled"])
def test_pfs_words_that_do_not_exist(value: str) -> None:
    assert ipsec(pfs=value) == [("validation_enum", "pfs")]


def test_an_enum_message_lists_what_would_be_right() -> None:
    (violation,) = ike_violations(replace(IKE, encryption_algorithm="des"), facts=FACTS)
    assert "3des, aes128, aes256" in violation.message and "'des'" in violation.message


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (299, "validation_min_value"),
        (300, None),
        (86400, None),
        (86401, "validation_max_value"),
        (-1, "validation_min_value"),
    ],
)
def test_lifetimes(seconds: int, code: str | None) -> None:
    expected = [(code, "key_lifetime")] if code else []
    assert ike(key_lifetime=seconds) == ipsec(key_lifetime=seconds) == expected


@pytest.mark.parametrize("name", ["", "9a", "a b", "x" * 64])
def test_names(name: str) -> None:
    assert ike(name=name) == [("ike_policy_invalid_name", "name")]
    assert ipsec(name=name) == [("ipsec_policy_invalid_name", "name")]


def test_duplicate_names() -> None:
    facts = PolicyFacts(other_names={"strong"})
    assert ike(facts) == [("ike_policy_duplicate_name", "name")]
    assert ipsec(facts) == [("ipsec_policy_duplicate_name", "name")]


def test_quota_counts_only_when_creating() -> None:
    full = PolicyFacts(existing=20, quota=20)
    assert ike(full) == [("ike_policies_quota_exceeded", "")]
    assert ipsec(full) == [("ipsec_policies_quota_exceeded", "")]
    assert ike(replace(full, creating=False)) == []
    assert ike(replace(full, quota=21)) == []


def test_several_mistakes_are_told_together() -> None:
    broken = ike(name="?", authentication_algorithm="?", encryption_algorithm="?", dh_group=0, key_lifetime=1)
    assert [field for _, field in broken] == [
        "name",
        "authentication_algorithm",
        "encryption_algorithm",
        "key_lifetime",
        "dh_group",
    ]


def test_offers() -> None:
    assert offer_from(replace(IKE, encryption_algorithm="3des", ike_version=1)) == IkeOffer(
        IkeVersion.V1, Proposal(("triple_des",), ("sha256",), (14,)), 28800
    )
    assert offer_from(IPSEC) == EspOffer(Proposal(("aes256",), ("sha256",), (14,)), 3600)
    assert offer_from(replace(IPSEC, pfs="disabled")).proposal.groups == ()
