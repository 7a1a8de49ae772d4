"""The rules of IPsec policies, and which policies API generation 2 attaches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.domain.checks import (
    IKEPolicyDraft,
    IPsecPolicyDraft,
    PolicyFacts,
    ipsec_violations,
    weakness_violations,
)
from policies.domain.generations import EVERYTHING
from tests.policies.domain.drafts import IKE, IPSEC, NEW, ONE_OF_EACH, ipsec

GCM = ("aes256gcm16", "aes128gcm16")
WITHOUT_PFS = "disabled must be the only value: perfect forward secrecy is either off or uses a group."
GROUPS = (*range(14, 25), 31)


@pytest.mark.parametrize("value", ["group_1", "group_19", "14", "", "enabled"])
def test_pfs_values_that_do_not_exist(value: str) -> None:
    assert ipsec(pfs_groups=(value,)) == [("validation_enum", "pfs_groups[0]")]


def test_unknown_algorithms_are_named_by_their_place() -> None:
    assert ipsec(authentication_algorithms=("?",), encryption_algorithms=("?",), pfs_groups=("?",)) == [
        ("validation_enum", "authentication_algorithms[0]"),
        ("validation_enum", "encryption_algorithms[0]"),
        ("validation_enum", "pfs_groups[0]"),
    ]


def test_generation_2_refuses_weak_algorithms() -> None:
    assert ipsec(
        NEW, authentication_algorithms=("md5", "sha1"), pfs_groups=("group_5",), key_lifetime=1799
    ) == [
        ("validation_min_value", "key_lifetime"),
        ("validation_enum", "authentication_algorithms[0]"),
        ("validation_enum", "authentication_algorithms[1]"),
        ("validation_enum", "pfs_groups[0]"),
    ]


@pytest.mark.parametrize(
    ("ciphers", "digests", "message"),
    [
        (GCM, ("disabled",), ""),
        (("aes256gcm16", "aes256"), ("sha256", "sha384"), ""),
        (("aes256",), ("sha256", "sha384"), ""),
        (GCM, ("sha256",), "AES-GCM needs no authentication algorithm: use disabled."),
        (
            ("aes256gcm16", "aes256", "aes128"),
            ("disabled",),
            "disabled goes with AES-GCM ciphers only; aes256 needs an authentication algorithm.",
        ),
        *(
            (ciphers, digests, "disabled must be the only value; remove it or the others.")
            for ciphers in (GCM, ("aes256",))
            for digests in (("disabled", "sha256"), ("sha256", "sha384", "disabled"))
        ),
    ],
)
def test_aead_ciphers_go_without_authentication(
    ciphers: tuple[str, ...], digests: tuple[str, ...], message: str
) -> None:
    draft = replace(IPSEC, encryption_algorithms=ciphers, authentication_algorithms=digests)
    expected = [("validation_failure", "authentication_algorithms", message)] if message else []
    assert ipsec_violations(draft, facts=PolicyFacts(algorithms=EVERYTHING)) == expected


def test_disabled_pfs_excludes_groups() -> None:
    assert ipsec(NEW, pfs_groups=("disabled",)) == []
    both = replace(IPSEC, pfs_groups=("group_14", "disabled"))
    assert ipsec_violations(both, facts=NEW) == [("validation_failure", "pfs_groups", WITHOUT_PFS)]


def test_a_policy_used_with_ikev1_has_one_of_each_kind() -> None:
    with_one = replace(NEW, used_with_ikev1=True)
    assert ipsec(with_one) == []
    wide = replace(
        IPSEC,
        authentication_algorithms=("sha256", "sha384"),
        encryption_algorithms=("aes256", "aes128"),
        pfs_groups=("group_14", "disabled"),
    )
    fields = ("authentication_algorithms", "encryption_algorithms", "pfs_groups")
    assert ipsec_violations(wide, facts=with_one) == [
        ("validation_failure", "pfs_groups", WITHOUT_PFS),
        *(("validation_failure", field, ONE_OF_EACH.format(field)) for field in fields),
    ]


@pytest.mark.parametrize(
    ("policy", "field", "start", "better"),
    [
        (
            replace(
                IKE,
                authentication_algorithms=("sha256", "sha1"),
                encryption_algorithms=("triple_des",),
                dh_groups=(2, 14),
            ),
            "ike_policy",
            "The IKE policy strong uses sha1, 3des, group 2",
            "sha256, sha384, sha512; and with aes128, aes192, aes256; and with "
            + ", ".join(f"group {n}" for n in GROUPS),
        ),
        (
            replace(IPSEC, encryption_algorithms=("triple_des",)),
            "ipsec_policy",
            "The IPsec policy strong uses 3des",
            "aes128, aes192, aes256, aes128gcm16, aes192gcm16, aes256gcm16",
        ),
        (
            replace(IPSEC, authentication_algorithms=("md5",), pfs_groups=("group_5",)),
            "ipsec_policy",
            "The IPsec policy strong uses md5, group_5",
            "sha256, sha384, sha512; and with " + ", ".join(["disabled", *(f"group_{n}" for n in GROUPS)]),
        ),
    ],
)
def test_a_weak_policy_is_refused_for_new_uses(
    policy: IKEPolicyDraft | IPsecPolicyDraft, field: str, start: str, better: str
) -> None:
    message = f"{start}: too weak for new objects of generation 2. Use a policy with {better}."
    assert list(weakness_violations(policy)) == [("validation_failure", field, message)]


def test_a_strong_policy_may_be_used() -> None:
    gcm = replace(IPSEC, authentication_algorithms=("disabled",), encryption_algorithms=GCM)
    assert [*weakness_violations(IKE), *weakness_violations(gcm)] == []
