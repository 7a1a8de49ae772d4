from __future__ import annotations

import pytest

from policies.domain.algorithms import (
    AUTHENTICATION,
    DH_GROUPS,
    ENCRYPTION,
    IKE_VERSIONS,
    PFS,
    Algorithm,
    _aes_cbc,
    _aes_gcm,
    _by_name,
    _group,
    _hash,
    _modp,
    _small,
    _subgroup,
    by_keyword,
    canonical,
    is_aead,
    keyword_of_charon,
    pfs_group,
    pfs_word,
    swan_group,
    swan_keyword,
    title_of,
)
from policies.domain.generations import GENERATION_1
from policies.domain.proposals import AUTO_ESP, AUTO_IKE
from policies.domain.verdicts import Strength, Verdict, against, ok, unlisted

BOTH, SECOND = frozenset({1, 2}), frozenset({2})
MUST_IKE, MUST_ESP = ok("RFC 8247", "MUST"), ok("RFC 8221", "MUST")


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


@pytest.mark.parametrize(("word", "group"), [("disabled", None), ("group_2", 2), ("group_14", 14)])
def test_pfs_values(word: str, group: int | None) -> None:
    assert (pfs_group(word), pfs_word(group)) == (group, word)


@pytest.mark.parametrize("word", ["", "group_", "group_x", "14", "Group_14", "curve_14"])
def test_values_that_are_not_pfs_groups(word: str) -> None:
    with pytest.raises(ValueError, match=f"^'{word}' is not a PFS group$"):
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


def test_rows_of_hashes_and_ciphers() -> None:
    assert _hash("sha256", "HMAC_SHA2_256_128", 16, BOTH, ike=MUST_IKE, esp=MUST_ESP) == Algorithm(
        name="sha256",
        keyword="sha256",
        title="HMAC-SHA-256",
        ike=MUST_IKE,
        esp=MUST_ESP,
        generations=BOTH,
        charon="HMAC_SHA2_256_128",
        icv=16,
    )
    assert _aes_cbc(256, "MUST", BOTH) == Algorithm(
        name="aes256",
        keyword="aes256",
        title="AES-256-CBC",
        ike=MUST_IKE,
        esp=MUST_ESP,
        generations=BOTH,
        charon="AES_CBC",
        bits=256,
        iv=16,
        block=16,
    )
    # RFC 4106: an IV of 8 bytes, and an ICV of 16.
    assert _aes_gcm(128, "SHOULD", "MUST") == Algorithm(
        name="aes128gcm16",
        keyword="aes128gcm16",
        title="AES-128-GCM",
        ike=ok("RFC 8247", "SHOULD"),
        esp=MUST_ESP,
        generations=SECOND,
        charon="AES_GCM_16",
        aead=True,
        bits=128,
        iv=8,
        block=4,
        icv=16,
    )


def group(
    number: int, keyword: str, charon: str, title: str, verdict: Verdict, *, both: bool = False
) -> tuple[int, Algorithm]:
    return number, Algorithm(
        name=str(number),
        keyword=keyword,
        title=title,
        ike=verdict,
        esp=verdict,
        generations=BOTH if both else SECOND,
        charon=charon,
    )


def test_rows_of_groups() -> None:
    curve = unlisted("RFC 8031", "Curve25519")
    assert _group(31, "curve25519", "CURVE_25519", curve, title="Curve25519") == group(
        31, "curve25519", "CURVE_25519", "Curve25519", curve
    )
    assert _modp(14, 2048, MUST_IKE, BOTH) == group(
        14, "modp2048", "MODP_2048", "2048 bits", MUST_IKE, both=True
    )
    assert _modp(16, 4096, MUST_IKE) == group(16, "modp4096", "MODP_4096", "4096 bits", MUST_IKE)
    assert _subgroup(22, 1024, 160, _small(1024)) == group(
        22, "modp1024s160", "MODP_1024_160", "1024 bits", _small(1024)
    )
    reason = "SHOULD NOT in RFC 8247: 1024 bits are within reach of well-funded attackers."
    assert _small(1024) == against("RFC 8247", reason)


def test_rows_are_found_by_name() -> None:
    row = ENCRYPTION["aes128"]
    assert dict(_by_name(row)) == {"aes128": row}


def test_ciphers_that_authenticate_themselves() -> None:
    assert is_aead("aes256gcm16")
    assert not any(is_aead(word) for word in ("aes256", "3des", "triple_des", "disabled", "unknown"))


def test_rows_of_keywords() -> None:
    assert by_keyword("3des") is ENCRYPTION["triple_des"]
    assert by_keyword("sha384") is AUTHENTICATION["sha384"]
    assert by_keyword("modp2048") is DH_GROUPS[14]
    assert by_keyword("camellia256") is by_keyword("") is None


@pytest.mark.parametrize(
    ("name", "bits", "keyword"),
    [
        ("AES_CBC", 256, "aes256"),
        ("AES_GCM_16", 128, "aes128gcm16"),
        ("3DES_CBC", 0, "3des"),
        ("HMAC_SHA2_256_128", 0, "sha256"),
        # Of an algorithm with one size only, the size does not matter.
        ("HMAC_SHA1_96", 160, "sha1"),
        ("CURVE_25519", 0, "curve25519"),
        ("CAMELLIA_CBC", 256, "camelliacbc256"),
        ("PRF_AES128_XCBC", 0, "prfaes128xcbc"),
    ],
)
def test_keywords_of_what_charon_reports(name: str, bits: int, keyword: str) -> None:
    assert keyword_of_charon(name, bits) == keyword
    assert bits or keyword_of_charon(name) == keyword


@pytest.mark.parametrize(
    ("word", "title"),
    [
        ("3des", "3DES-CBC"),
        ("aes256", "AES-256-CBC"),
        ("sha384", "HMAC-SHA-384"),
        ("md5", "HMAC-MD5"),
        ("group_14", "group 14, 2048 bits"),
        ("group_19", "group 19, P-256"),
        *((word, "") for word in ("group_1", "group_x", "disabled", "unknown", "")),
    ],
)
def test_display_names(word: str, title: str) -> None:
    assert title_of(word) == title
