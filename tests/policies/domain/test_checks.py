"""The rules of IKE policies, and those of both kinds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.core.errors import Violation
from policies.domain.checks import (
    PolicyFacts,
    ike_violations,
    ipsec_violations,
    list_violations,
    name_violations,
    range_violations,
    single_valued,
)
from policies.domain.generations import EVERYTHING, GENERATION_2, ApiAlgorithms
from tests.policies.domain.drafts import FACTS, IKE, IPSEC, NEW, ONE_OF_EACH, ike, ipsec

NAME_RULE = "A name begins with a letter and consists of letters, digits, hyphens and underscores."
LOWER_RULE = (
    "A name begins with a lower-case letter, consists of lower-case letters, digits and hyphens, and does "
    "not end with a hyphen."
)


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


def test_generation_1_has_one_algorithm_of_each_kind() -> None:
    assert ike(dh_groups=(14, 5)) == [("validation_max_value", "dh_groups")]
    assert ike(dh_groups=()) == [("validation_required_field", "dh_groups")]


@pytest.mark.parametrize("word", ["md5", "sha1"])
def test_generation_2_refuses_weak_hashes(word: str) -> None:
    assert ike(NEW, authentication_algorithms=(word,)) == [
        ("validation_enum", "authentication_algorithms[0]")
    ]


def test_generation_2_refuses_weak_ciphers_and_groups() -> None:
    assert ike(NEW, encryption_algorithms=("triple_des",))[0][0] == "validation_enum"
    assert ike(NEW, dh_groups=(2,)) == [("validation_enum", "dh_groups[0]")]


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


def test_lists_and_ranges_include_their_limits() -> None:
    words = [f"a{n}" for n in range(33)]
    assert list(list_violations(words[:3], words, 3, field="f")) == []
    most = ("validation_max_value", "f", "f may list at most 3; these are 4.")
    assert list(list_violations(words[:4], words, 3, field="f")) == [most]
    assert [v.field for v in list_violations(words, (), 99, field="f")] == [f"f[{n}]" for n in range(32)]
    for value in (2, 3):
        assert list(range_violations(value, field="f", low=2, high=3)) == []


@pytest.mark.parametrize(
    ("name", "message", "lower"),
    [
        *((name, "", "") for name in ("a", "a-1", "x" * 63)),
        *((name, "", LOWER_RULE) for name in ("A", "a_b", "a-", "A-1")),
        *((name, NAME_RULE, LOWER_RULE) for name in ("", "1a", "-a", "a b", "a.b", "a\n", "ä")),
        ("x" * 64, *2 * ("A name has at most 63 characters; this one has 64.",)),
    ],
)
def test_names_of_both_generations(name: str, message: str, lower: str) -> None:
    assert list(name_violations(name, code="bad")) == ([("bad", "name", message)] if message else [])
    newer = name_violations(name, code="bad", field="peer", lower=True)
    assert list(newer) == ([("bad", "peer", lower)] if lower else [])


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


@pytest.mark.parametrize("kind", ["IKE", "IPsec"])
def test_names_and_quota_of_both_kinds(kind: str) -> None:
    def broken(facts: PolicyFacts, name: str = "strong") -> list[Violation]:
        if kind == "IKE":
            return ike_violations(replace(IKE, name=name), facts=facts)
        return ipsec_violations(replace(IPSEC, name=name), facts=facts)

    word = kind.lower()
    invalid, taken = f"{word}_policy_invalid_name", f"{word}_policy_duplicate_name"
    assert broken(FACTS, "9a") == [(invalid, "name", NAME_RULE)]
    assert broken(FACTS, "A_b") == []
    assert broken(NEW, "A_b") == [(invalid, "name", LOWER_RULE)]
    message = f"Another {kind} policy is called strong."
    assert broken(PolicyFacts(other_names={"strong"})) == [(taken, "name", message)]
    full = PolicyFacts(existing=20, quota=20)
    message = f"The account has reached its limit of 20 {kind} policies."
    assert broken(full) == [(f"{word}_policies_quota_exceeded", "", message)]
    assert broken(replace(full, creating=False)) == broken(replace(full, quota=21)) == []


@pytest.mark.parametrize(
    ("changes", "code", "field", "message"),
    [
        (
            {"encryption_algorithms": ("triple_des", "des")},
            "validation_enum",
            "encryption_algorithms[1]",
            "encryption_algorithms[1] must be one of 3des, aes128, aes192, aes256; 'des' is not.",
        ),
        (
            {"authentication_algorithms": ("x" * 41,)},
            "validation_enum",
            "authentication_algorithms[0]",
            "authentication_algorithms[0] must be one of md5, sha1, sha256, sha384, sha512; "
            f"'{'x' * 40}' is not.",
        ),
        (
            {"dh_groups": ()},
            "validation_required_field",
            "dh_groups",
            "dh_groups must list at least one algorithm.",
        ),
        ({"dh_groups": (14, 31, 14)}, "validation_failure", "dh_groups[2]", "dh_groups lists 14 twice."),
        (
            {"ike_version": 3},
            "validation_enum",
            "ike_version",
            "ike_version must be one of 1, 2; '3' is not.",
        ),
        (
            {"key_lifetime": 299},
            "validation_min_value",
            "key_lifetime",
            "key_lifetime must be at least 300; it is 299.",
        ),
        (
            {"key_lifetime": 86401},
            "validation_max_value",
            "key_lifetime",
            "key_lifetime must be at most 86400; it is 86401.",
        ),
    ],
)
def test_what_is_wrong_with_an_ike_policy(
    changes: dict[str, object], code: str, field: str, message: str
) -> None:
    facts = PolicyFacts(algorithms=EVERYTHING)
    assert ike_violations(replace(IKE, **changes), facts=facts) == [(code, field, message)]


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


def test_ikev1_negotiates_one_of_each_kind() -> None:
    several = {
        "authentication_algorithms": ("sha256", "sha384"),
        "encryption_algorithms": ("aes256", "aes128"),
        "dh_groups": (14, 31),
    }
    assert ike(NEW, **several, ike_version=2) == []
    assert ike_violations(replace(IKE, **several, ike_version=1), facts=NEW) == [
        ("validation_failure", field, ONE_OF_EACH.format(field)) for field in several
    ]
    assert single_valued(("aes256",), (14,))
    assert not single_valued(("aes256",), (14, 19))
    assert not single_valued(("aes256",), ())


def test_an_ikev1_policy_is_not_combined_with_several_algorithms_of_an_ipsec_policy() -> None:
    beside = replace(NEW, beside_several="wide")
    assert ike_violations(IKE, facts=beside) == []
    message = (
        "IKEv1 negotiates one algorithm of each kind, but a connection combines this policy with the IPsec "
        "policy wide, which lists several; change that policy first."
    )
    assert ike_violations(replace(IKE, ike_version=1), facts=beside) == [
        ("validation_failure", "ike_version", message)
    ]
