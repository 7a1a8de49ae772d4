"""Every algorithm of the API: its strongSwan keyword, its strength, and the RFC behind the verdict.

Everything about an algorithm is in its row: to add one, add a row here, and list it in the tables of the
devices that support it (`vpn.handoff`). `policies.domain.generations` says which generation accepts what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from policies.domain.verdicts import Strength, Verdict, against, ok, unlisted

PFS_DISABLED = "disabled"
# The authentication algorithm of ciphers that authenticate themselves (AES-GCM).
INTEGRATED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """`name` is the API's (of a group its number as text), `keyword` strongSwan's in proposals, `charon`
    what charon calls it over VICI, and `title` the display name.

    `ike` and `esp` judge each use. `generations` of the API accept it. An AEAD cipher authenticates what
    it encrypts (RFC 5282). `bits` is a cipher's key size. `iv`, `block` and `icv` are bytes that ESP adds:
    initialisation vector, unit of padding, integrity check value (RFC 4303, 4106, 4868).
    """

    name: str
    keyword: str
    title: str
    ike: Verdict
    esp: Verdict
    generations: frozenset[int]
    charon: str = ""
    aead: bool = False
    bits: int = 0
    iv: int = 0
    block: int = 0
    icv: int = 0

    @property
    def strength(self) -> Strength:
        """The worse of both uses."""
        order = list(Strength)
        return max(self.ike.strength, self.esp.strength, key=order.index)


_BOTH, _ONLY_1, _ONLY_2 = frozenset({1, 2}), frozenset({1}), frozenset({2})


def _by_name(*rows: Algorithm) -> Mapping[str, Algorithm]:
    return MappingProxyType({row.name: row for row in rows})


def _hash(
    name: str, charon: str, icv: int, generations: frozenset[int], *, ike: Verdict, esp: Verdict
) -> Algorithm:
    title = f"HMAC-{name.upper().replace('SHA', 'SHA-')}"
    return Algorithm(
        name=name,
        keyword=name,
        title=title,
        charon=charon,
        icv=icv,
        ike=ike,
        esp=esp,
        generations=generations,
    )


_SHA384 = unlisted("RFC 4868", "HMAC-SHA-384")

AUTHENTICATION: Mapping[str, Algorithm] = _by_name(
    _hash(
        "md5", "HMAC_MD5_96", 12, _ONLY_1,
        ike=against("RFC 8247", "MUST NOT in RFC 8247: MD5 is broken."),
        esp=against("RFC 8221", "MUST NOT in RFC 8221: MD5 is broken."),
    ),
    _hash(
        "sha1", "HMAC_SHA1_96", 12, _ONLY_1,
        ike=against("RFC 8247", "MUST- in RFC 8247: SHA-1 is being phased out.", Strength.WEAK),
        esp=against("RFC 8221", "MUST- in RFC 8221: SHA-1 is being phased out.", Strength.WEAK),
    ),
    _hash(
        "sha256", "HMAC_SHA2_256_128", 16, _BOTH, ike=ok("RFC 8247", "MUST"), esp=ok("RFC 8221", "MUST")
    ),
    _hash("sha384", "HMAC_SHA2_384_192", 24, _ONLY_2, ike=_SHA384, esp=_SHA384),
    _hash(
        "sha512", "HMAC_SHA2_512_256", 32, _ONLY_2,
        ike=ok("RFC 8247", "SHOULD"), esp=ok("RFC 8221", "SHOULD"),
    ),
    # Of ciphers that authenticate themselves.
    Algorithm(
        name=INTEGRATED, keyword="", title="", ike=ok("RFC 5282", "Part of AES-GCM"),
        esp=ok("RFC 8221", "MUST"), generations=_ONLY_2,
    ),
)  # fmt: skip


def _aes_cbc(bits: int, level: str, generations: frozenset[int]) -> Algorithm:
    return Algorithm(
        name=f"aes{bits}", keyword=f"aes{bits}", title=f"AES-{bits}-CBC", charon="AES_CBC", bits=bits,
        ike=ok("RFC 8247", level), esp=ok("RFC 8221", level), generations=generations, iv=16, block=16,
    )  # fmt: skip


def _aes_gcm(bits: int, ike: str, esp: str) -> Algorithm:
    name = f"aes{bits}gcm16"
    return Algorithm(
        name=name, keyword=name, title=f"AES-{bits}-GCM", charon="AES_GCM_16", bits=bits, aead=True,
        ike=ok("RFC 8247", ike), esp=ok("RFC 8221", esp), generations=_ONLY_2, iv=8, block=4, icv=16,
    )  # fmt: skip


ENCRYPTION: Mapping[str, Algorithm] = _by_name(
    Algorithm(
        name="triple_des", keyword="3des", title="3DES-CBC", charon="3DES_CBC",
        ike=against(
            "RFC 8247", "MAY in RFC 8247, but disallowed by NIST since 2024: 64-bit blocks; use AES."
        ),
        esp=against(
            "RFC 8221", "SHOULD NOT in RFC 8221: 64-bit blocks repeat under heavy traffic (Sweet32)."
        ),
        generations=_ONLY_1, iv=8, block=8,
    ),
    _aes_cbc(128, "MUST", _BOTH),
    _aes_cbc(192, "MAY", _ONLY_2),
    _aes_cbc(256, "MUST", _BOTH),
    _aes_gcm(128, "SHOULD", "MUST"),
    _aes_gcm(192, "MAY", "MAY"),
    _aes_gcm(256, "SHOULD", "MUST"),
)  # fmt: skip


def _group(
    number: int,
    keyword: str,
    charon: str,
    verdict: Verdict,
    *,
    title: str,
    generations: frozenset[int] = _ONLY_2,
) -> tuple[int, Algorithm]:
    """RFC 8221 leaves groups to RFC 8247, so both uses have its verdict."""
    row = Algorithm(
        name=str(number),
        keyword=keyword,
        title=title,
        charon=charon,
        ike=verdict,
        esp=verdict,
        generations=generations,
    )
    return number, row


def _modp(
    number: int, bits: int, verdict: Verdict, generations: frozenset[int] = _ONLY_2
) -> tuple[int, Algorithm]:
    return _group(
        number, f"modp{bits}", f"MODP_{bits}", verdict, title=f"{bits} bits", generations=generations
    )


def _subgroup(number: int, bits: int, order: int, verdict: Verdict) -> tuple[int, Algorithm]:
    """The groups of RFC 5114."""
    return _group(number, f"modp{bits}s{order}", f"MODP_{bits}_{order}", verdict, title=f"{bits} bits")


def _small(bits: int) -> Verdict:
    return against(
        "RFC 8247", f"SHOULD NOT in RFC 8247: {bits} bits are within reach of well-funded attackers."
    )


_SHOULD_NOT_5114 = Verdict(
    Strength.BROKEN,
    "SHOULD NOT in RFC 8247: RFC 5114 does not document how its primes were chosen.",
    "RFC 8247",
)
DH_GROUPS: Mapping[int, Algorithm] = MappingProxyType(
    dict(
        (
            _modp(2, 1024, _small(1024), _ONLY_1),
            _modp(5, 1536, _small(1536), _ONLY_1),
            _modp(14, 2048, ok("RFC 8247", "MUST"), _BOTH),
            _modp(15, 3072, unlisted("RFC 3526", "3072 bits")),
            _modp(16, 4096, unlisted("RFC 3526", "4096 bits")),
            _modp(17, 6144, unlisted("RFC 3526", "6144 bits, slow")),
            _modp(18, 8192, unlisted("RFC 3526", "8192 bits, very slow")),
            _group(19, "ecp256", "ECP_256", ok("RFC 8247", "SHOULD"), title="P-256"),
            _group(20, "ecp384", "ECP_384", unlisted("RFC 5903", "The curve P-384"), title="P-384"),
            _group(21, "ecp521", "ECP_521", unlisted("RFC 5903", "The curve P-521"), title="P-521"),
            _subgroup(
                22, 1024, 160,
                against("RFC 8247", "MUST NOT in RFC 8247: 1024 bits with a small subgroup."),
            ),
            _subgroup(23, 2048, 224, _SHOULD_NOT_5114),
            _subgroup(24, 2048, 256, _SHOULD_NOT_5114),
            _group(31, "curve25519", "CURVE_25519", unlisted("RFC 8031", "Curve25519"), title="Curve25519"),
        )
    )
)  # fmt: skip

IKE_VERSIONS: Mapping[int, Verdict] = MappingProxyType(
    {
        1: Verdict(Strength.WEAK, "RFC 9395 deprecates IKEv1; use IKEv2 where the peer can.", "RFC 9395"),
        2: Verdict(Strength.OK, "IKEv2 is the current standard (RFC 7296).", "RFC 7296"),
    }
)

PFS: Mapping[str, Verdict] = MappingProxyType(
    {
        PFS_DISABLED: Verdict(
            Strength.WEAK,
            "Without perfect forward secrecy every phase 2 key follows from the phase 1 exchange (RFC 7296).",
            "RFC 7296",
        ),
        **{f"group_{number}": algorithm.esp for number, algorithm in DH_GROUPS.items()},
    }
)

# The first API documents say 3des, the SDKs triple_des (contract section 3.3): triple_des is stored.
_ALIASES: Mapping[str, str] = MappingProxyType({"3des": "triple_des"})
_KEYWORDS = MappingProxyType(
    {
        row.keyword: row
        for row in (*ENCRYPTION.values(), *AUTHENTICATION.values(), *DH_GROUPS.values())
        if row.keyword
    }
)
_GROUPS = MappingProxyType({f"group_{number}": row for number, row in DH_GROUPS.items()})
_CHARON = MappingProxyType({(row.charon, row.bits): row for row in _KEYWORDS.values()})


def canonical(word: str) -> str:
    """The stored name of an algorithm: 3des becomes triple_des, others are unchanged."""
    return _ALIASES.get(word, word)


def swan_keyword(name: str) -> str:
    """strongSwan's proposal keyword of a cipher or hash; KeyError if the API has no such algorithm."""
    word = canonical(name)
    return (ENCRYPTION.get(word) or AUTHENTICATION[word]).keyword


def swan_group(number: int) -> str:
    """strongSwan's proposal keyword of a Diffie-Hellman group, e.g. modp2048; KeyError if unknown."""
    return DH_GROUPS[number].keyword


def pfs_group(word: str) -> int | None:
    """The group number of a `pfs` value, None for disabled; ValueError for anything else."""
    if word == PFS_DISABLED:
        return None
    number = word.removeprefix("group_")
    if number == word or not number.isdecimal():
        raise ValueError(f"{word!r} is not a PFS group")
    return int(number)


def pfs_word(group: int | None) -> str:
    """The inverse of `pfs_group`."""
    return PFS_DISABLED if group is None else f"group_{group}"


def is_aead(cipher: str) -> bool:
    """Whether a cipher authenticates itself, so that no authentication algorithm is combined with it."""
    row = ENCRYPTION.get(canonical(cipher))
    return row is not None and row.aead


def by_keyword(keyword: str) -> Algorithm | None:
    """The algorithm of one of strongSwan's proposal keywords; None for those that the API does not have."""
    return _KEYWORDS.get(keyword)


def keyword_of_charon(name: str, bits: int = 0) -> str:
    """The proposal keyword of what charon reports over VICI: AES_CBC with 256 bits is aes256. Of what the
    API does not have, the same letters and digits in lower case."""
    row = _CHARON.get((name, bits)) or _CHARON.get((name, 0))
    return row.keyword if row else f"{name.lower().replace('_', '')}{bits or ''}"


def title_of(word: str) -> str:
    """The display name of an API name such as aes256, sha384 or group_14; empty for other names."""
    word = canonical(word)
    if row := ENCRYPTION.get(word) or AUTHENTICATION.get(word):
        return row.title
    group = _GROUPS.get(word)
    return f"group {group.name}, {group.title}" if group else ""
