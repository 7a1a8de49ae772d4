from __future__ import annotations

from dataclasses import replace

import pytest

from policies.domain.checks import (
    IKEPolicyDraft,
    IPsecPolicyDraft,
    PolicyFacts,
    ike_violations,
    ipsec_violations,
    name_violations,
)
from policies.domain.generations import EVERYTHING, GENERATION_1, GENERATION_2, ApiAlgorithms
from policies.domain.spelling import as_given, audited, given_twice, listed

IKE = IKEPolicyDraft(
    name="strong",
    authentication_algorithms=("sha256",),
    encryption_algorithms=("aes256",),
    dh_groups=(14,),
    ike_version=2,
)
IPSEC = IPsecPolicyDraft(
    name="strong",
    authentication_algorithms=("sha256",),
    encryption_algorithms=("aes256",),
    pfs_groups=("group_14",),
)
FACTS = PolicyFacts(algorithms=GENERATION_1)
NEW = PolicyFacts(algorithms=GENERATION_2)


def ike(facts: PolicyFacts = FACTS, **changes: object) -> list[tuple[str, str]]:
    return [(v.code, v.field) for v in ike_violations(replace(IKE, **changes), facts=facts)]


def ipsec(facts: PolicyFacts = FACTS, **changes: object) -> list[tuple[str, str]]:
    return [(v.code, v.field) for v in ipsec_violations(replace(IPSEC, **changes), facts=facts)]


def test_good_policies_break_no_rule() -> None:
    assert (ike(), ipsec()) == ([], [])
    assert (IKE.key_lifetime, IPSEC.key_lifetime) == (28800, 3600)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("authentication_algorithms", "sha512"),
        ("authentication_algorithms", ""),
        ("encryption_algorithms", "aes192"),
        ("encryption_algorithms", "AES128"),
        ("dh_groups", 1),
        ("dh_groups", 19),
    ],
)
def test_algorithms_that_do_not_exist(field: str, value: object) -> None:
    assert ike(**{field: (value,)}) == [("validation_enum", f"{field}[0]")]


@pytest.mark.parametrize("version", [0, 3])
def test_versions_that_do_not_exist(version: int) -> None:
    assert ike(ike_version=version) == [("validation_enum", "ike_version")]


@pytest.mark.parametrize("value", ["group_1", "group_19", "14", "", "enabled"])
def test_pfs_values_that_do_not_exist(value: str) -> None:
    assert ipsec(pfs_groups=(value,)) == [("validation_enum", "pfs_groups[0]")]


def test_an_enum_message_lists_what_would_be_right() -> None:
    (violation,) = ike_violations(replace(IKE, encryption_algorithms=("des",)), facts=FACTS)
    assert "3des, aes128, aes256" in violation.message and "'des'" in violation.message


def test_generation_1_has_one_algorithm_of_each_kind() -> None:
    assert ike(dh_groups=(14, 5)) == [("validation_max_value", "dh_groups")]
    assert ike(dh_groups=()) == [("validation_required_field", "dh_groups")]


@pytest.mark.parametrize("word", ["md5", "sha1"])
def test_generation_2_refuses_weak_hashes(word: str) -> None:
    assert ike(NEW, authentication_algorithms=(word,))[0][0] == "validation_enum"
    assert ipsec(NEW, authentication_algorithms=(word,))[0][0] == "validation_enum"


def test_generation_2_refuses_weak_ciphers_and_groups() -> None:
    assert ike(NEW, encryption_algorithms=("triple_des",))[0][0] == "validation_enum"
    assert ike(NEW, dh_groups=(2,)) == [("validation_enum", "dh_groups[0]")]
    assert ipsec(NEW, pfs_groups=("group_5",)) == [("validation_enum", "pfs_groups[0]")]
    assert ike(NEW, key_lifetime=1799) == [("validation_min_value", "key_lifetime")]


@pytest.mark.parametrize("algorithms", [GENERATION_2, EVERYTHING])
def test_lists_are_taken_in_order_and_each_algorithm_once(algorithms: ApiAlgorithms) -> None:
    facts = PolicyFacts(algorithms=algorithms)
    assert ike(facts, dh_groups=(31, 20, 14), encryption_algorithms=("aes256", "aes192", "aes128")) == []
    assert ike(facts, dh_groups=(14, 31, 14)) == [("validation_failure", "dh_groups[2]")]


def test_lists_have_an_end() -> None:
    assert ike(NEW, dh_groups=(*range(14, 25), 31)) == []
    assert ike(NEW, encryption_algorithms=("aes128", "aes192", "aes256", "aes128")) == [
        ("validation_max_value", "encryption_algorithms"),
        ("validation_failure", "encryption_algorithms[3]"),
    ]


def test_ikev1_negotiates_one_of_each_kind() -> None:
    several = {"dh_groups": (14, 19), "ike_version": 1}
    assert ike(NEW, **several) == [("validation_failure", "dh_groups")]
    assert ike(replace(NEW, beside_several="wide"), ike_version=1) == [("validation_failure", "ike_version")]
    with_one = replace(NEW, used_with_ikev1=True)
    assert ipsec(with_one, encryption_algorithms=("aes256", "aes128")) == [
        ("validation_failure", "encryption_algorithms")
    ]
    assert ipsec(with_one) == []


@pytest.mark.parametrize(
    ("ciphers", "digests", "fine"),
    [
        (("aes256gcm16",), ("disabled",), True),
        (("aes256gcm16", "aes128gcm16"), ("disabled",), True),
        (("aes256gcm16", "aes256"), ("sha256",), True),
        (("aes256gcm16",), ("sha256",), False),
        (("aes256",), ("disabled",), False),
        (("aes256gcm16", "aes256"), ("disabled",), False),
        (("aes256gcm16", "aes256"), ("disabled", "sha256"), False),
    ],
)
def test_aead_ciphers_go_without_authentication(
    ciphers: tuple[str, ...], digests: tuple[str, ...], fine: bool
) -> None:
    broken = ipsec(NEW, encryption_algorithms=ciphers, authentication_algorithms=digests)
    assert broken == ([] if fine else [("validation_failure", "authentication_algorithms")])


def test_disabled_pfs_excludes_groups() -> None:
    assert ipsec(NEW, pfs_groups=("disabled", "group_14")) == [("validation_failure", "pfs_groups")]
    assert ipsec(NEW, pfs_groups=("disabled",)) == []


@pytest.mark.parametrize(
    ("name", "fine"), [("a", True), ("a-1", True), ("A", False), ("a_b", False), ("a-", False), ("1a", False)]
)
def test_names_of_generation_2(name: str, fine: bool) -> None:
    broken = [v.code for v in name_violations(name, code="bad", lower=True)]
    assert broken == ([] if fine else ["bad"])


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


def test_several_violations_are_reported_together() -> None:
    broken = ike(
        name="?",
        authentication_algorithms=("?",),
        encryption_algorithms=("?",),
        dh_groups=(0,),
        key_lifetime=1,
    )
    assert [field for _, field in broken] == [
        "name",
        "key_lifetime",
        "authentication_algorithms[0]",
        "encryption_algorithms[0]",
        "dh_groups[0]",
    ]


@pytest.mark.parametrize("word", ["3des", "triple_des"])
def test_both_spellings_of_triple_des(word: str) -> None:
    assert listed({"encryption_algorithm": word})["encryption_algorithms"] == ("triple_des",)


def test_one_algorithm_is_a_list_of_one() -> None:
    assert listed({"dh_group": 14, "pfs_groups": ["group_14"], "name": "a"}) == {
        "dh_groups": (14,),
        "pfs_groups": ("group_14",),
        "name": "a",
    }
    (both,) = given_twice({"dh_group": 14, "dh_groups": [14]})
    assert (both.code, both.field) == ("validation_only_one", "dh_groups")


def test_an_error_is_about_the_form_that_was_given() -> None:
    broken = ike_violations(replace(IKE, dh_groups=(1,)), facts=FACTS)
    (one,) = as_given(broken, {"dh_group": 1})
    (several,) = as_given(broken, {"dh_groups": [1]})
    assert (one.field, several.field) == ("dh_group", "dh_groups[0]")
    assert one.message.startswith("dh_group must be")


def test_the_audit_log_calls_a_list_of_one_by_its_singular_name() -> None:
    assert audited([("dh_groups", (2,), (14,)), ("name", "a", "b")]) == {
        "dh_group": (2, 14),
        "name": ("a", "b"),
    }
    assert audited([("dh_groups", (2,), (14, 5))]) == {"dh_groups": ([2], [14, 5])}
