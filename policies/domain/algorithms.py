"""Every algorithm of the API: its strongSwan keyword, its strength, and the RFC behind the verdict.

Sources of the verdicts: RFC 8247 (IKEv2), RFC 8221 (ESP), RFC 9395 (IKEv1 is deprecated).
The API has no other algorithms; each API generation accepts those of its `ApiAlgorithms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from policies.domain.proposals import is_combined

PFS_DISABLED = "disabled"
# The authentication algorithm of ciphers that authenticate themselves (AES-GCM).
INTEGRATED = "disabled"


class Strength(StrEnum):
    """OK: recommended. WEAK: still works, being phased out. BROKEN: only for compatibility with old peers."""

    OK = "ok"
    WEAK = "weak"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the standards say about an algorithm in one use."""

    strength: Strength
    reason: str
    rfc: str


@dataclass(frozen=True, slots=True)
class Algorithm:
    """`name` is the API's name (for groups the number as text); `ike` and `esp` are the verdicts by use."""

    name: str
    keyword: str
    ike: Verdict
    esp: Verdict

    @property
    def strength(self) -> Strength:
        """The worse of both uses."""
        order = list(Strength)
        return max(self.ike.strength, self.esp.strength, key=order.index)


@dataclass(frozen=True, slots=True)
class ApiAlgorithms:
    """The algorithms that one generation of the API accepts; lifetimes in seconds, limits included.

    `most` is how many algorithms of one kind, and how many groups, a policy may have.
    """

    authentication: tuple[str, ...]
    encryption: tuple[str, ...]
    esp_authentication: tuple[str, ...]
    esp_encryption: tuple[str, ...]
    dh_groups: tuple[int, ...]
    pfs: tuple[str, ...]
    ike_versions: tuple[int, ...]
    min_lifetime: int
    max_lifetime: int
    most: tuple[int, int] = (1, 1)
    lower_names: bool = False


def _ok(rfc: str, level: str) -> Verdict:
    return Verdict(Strength.OK, f"{level} in {rfc}.", rfc)


def _unlisted(defined: str, what: str) -> Verdict:
    """Strong, but not listed in the tables of RFC 8247 and RFC 8221."""
    return Verdict(Strength.OK, f"{what} of {defined}; not in the tables of RFC 8247.", defined)


_SMALL_GROUP = "SHOULD NOT in RFC 8247: {bits} bits are within reach of well-funded attackers."


def _small(bits: int) -> Verdict:
    return Verdict(Strength.BROKEN, _SMALL_GROUP.format(bits=bits), "RFC 8247")


def _group(number: int, keyword: str, verdict: Verdict) -> tuple[int, Algorithm]:
    """RFC 8221 refers to RFC 8247 for groups, so both uses have its verdict."""
    return number, Algorithm(str(number), keyword, verdict, verdict)


def _cipher(name: str, ike: str, esp: str) -> tuple[str, Algorithm]:
    return name, Algorithm(name, name, _ok("RFC 8247", ike), _ok("RFC 8221", esp))


AUTHENTICATION: Mapping[str, Algorithm] = MappingProxyType(
    {
        "md5": Algorithm(
            "md5",
            "md5",
            Verdict(Strength.BROKEN, "MUST NOT in RFC 8247: MD5 is broken.", "RFC 8247"),
            Verdict(Strength.BROKEN, "MUST NOT in RFC 8221: MD5 is broken.", "RFC 8221"),
        ),
        "sha1": Algorithm(
            "sha1",
            "sha1",
            Verdict(Strength.WEAK, "MUST- in RFC 8247: SHA-1 is being phased out.", "RFC 8247"),
            Verdict(Strength.WEAK, "MUST- in RFC 8221: SHA-1 is being phased out.", "RFC 8221"),
        ),
        "sha256": Algorithm("sha256", "sha256", _ok("RFC 8247", "MUST"), _ok("RFC 8221", "MUST")),
        "sha384": Algorithm(
            "sha384", "sha384", _unlisted("RFC 4868", "HMAC-SHA-384"), _unlisted("RFC 4868", "HMAC-SHA-384")
        ),
        "sha512": Algorithm("sha512", "sha512", _ok("RFC 8247", "SHOULD"), _ok("RFC 8221", "SHOULD")),
        # AEAD ciphers authenticate themselves.
        INTEGRATED: Algorithm(INTEGRATED, "", _ok("RFC 5282", "Part of AES-GCM"), _ok("RFC 8221", "MUST")),
    }
)

ENCRYPTION: Mapping[str, Algorithm] = MappingProxyType(
    {
        "triple_des": Algorithm(
            "triple_des",
            "3des",
            Verdict(
                Strength.BROKEN,
                "MAY in RFC 8247, but NIST disallows it since 2024: blocks of 64 bits; use AES.",
                "RFC 8247",
            ),
            Verdict(
                Strength.BROKEN,
                "SHOULD NOT in RFC 8221: blocks of 64 bits repeat under much traffic (Sweet32).",
                "RFC 8221",
            ),
        ),
        **dict(
            (
                _cipher("aes128", "MUST", "MUST"),
                _cipher("aes192", "MAY", "MAY"),
                _cipher("aes256", "MUST", "MUST"),
                _cipher("aes128gcm16", "SHOULD", "MUST"),
                _cipher("aes192gcm16", "MAY", "MAY"),
                _cipher("aes256gcm16", "SHOULD", "MUST"),
            )
        ),
    }
)

_SHOULD_NOT_5114 = Verdict(
    Strength.BROKEN, "SHOULD NOT in RFC 8247: nobody says how RFC 5114 chose its primes.", "RFC 8247"
)
DH_GROUPS: Mapping[int, Algorithm] = MappingProxyType(
    dict(
        (
            _group(2, "modp1024", _small(1024)),
            _group(5, "modp1536", _small(1536)),
            _group(14, "modp2048", _ok("RFC 8247", "MUST")),
            _group(15, "modp3072", _unlisted("RFC 3526", "3072 bits")),
            _group(16, "modp4096", _unlisted("RFC 3526", "4096 bits")),
            _group(17, "modp6144", _unlisted("RFC 3526", "6144 bits, slow")),
            _group(18, "modp8192", _unlisted("RFC 3526", "8192 bits, very slow")),
            _group(19, "ecp256", _ok("RFC 8247", "SHOULD")),
            _group(20, "ecp384", _unlisted("RFC 5903", "The curve P-384")),
            _group(21, "ecp521", _unlisted("RFC 5903", "The curve P-521")),
            _group(
                22,
                "modp1024s160",
                Verdict(
                    Strength.BROKEN, "MUST NOT in RFC 8247: 1024 bits with a small subgroup.", "RFC 8247"
                ),
            ),
            _group(23, "modp2048s224", _SHOULD_NOT_5114),
            _group(24, "modp2048s256", _SHOULD_NOT_5114),
            _group(31, "curve25519", _unlisted("RFC 8031", "Curve25519")),
        )
    )
)

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

GENERATION_1 = ApiAlgorithms(
    authentication=("md5", "sha1", "sha256"),
    encryption=("triple_des", "aes128", "aes256"),
    esp_authentication=("md5", "sha1", "sha256"),
    esp_encryption=("triple_des", "aes128", "aes256"),
    dh_groups=(2, 5, 14),
    pfs=(PFS_DISABLED, "group_2", "group_5", "group_14"),
    ike_versions=(1, 2),
    min_lifetime=300,
    max_lifetime=86400,
)


_HASHES_2 = ("sha256", "sha384", "sha512")
_CIPHERS_2 = ("aes128", "aes192", "aes256")
_COMBINED = tuple(name for name in ENCRYPTION if is_combined(name))
_GROUPS_2 = (*range(14, 25), 31)

# Contract sections 4.5 and 4.6: the algorithms of generation 1 that are missing here are weak.
GENERATION_2 = ApiAlgorithms(
    authentication=_HASHES_2,
    encryption=_CIPHERS_2,
    esp_authentication=(INTEGRATED, *_HASHES_2),
    esp_encryption=(*_CIPHERS_2, *_COMBINED),
    dh_groups=_GROUPS_2,
    pfs=(PFS_DISABLED, *(f"group_{number}" for number in _GROUPS_2)),
    ike_versions=(1, 2),
    min_lifetime=1800,
    max_lifetime=86400,
    most=(3, 12),
    lower_names=True,
)

# All of both generations, for the console and the admin site.
EVERYTHING = ApiAlgorithms(
    authentication=("md5", "sha1", *_HASHES_2),
    encryption=("triple_des", *_CIPHERS_2),
    esp_authentication=("md5", "sha1", *_HASHES_2, INTEGRATED),
    esp_encryption=("triple_des", *_CIPHERS_2, *_COMBINED),
    dh_groups=tuple(DH_GROUPS),
    pfs=(PFS_DISABLED, *(f"group_{number}" for number in DH_GROUPS)),
    ike_versions=(1, 2),
    min_lifetime=300,
    max_lifetime=86400,
    most=(6, 14),
)
BY_GENERATION: Mapping[int, ApiAlgorithms] = MappingProxyType(
    {0: EVERYTHING, 1: GENERATION_1, 2: GENERATION_2}
)


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
    prefix, _, number = word.partition("_")
    if prefix != "group" or not number.isdecimal():
        raise ValueError(f"{word!r} is not a PFS group")
    return int(number)


def pfs_word(group: int | None) -> str:
    """The inverse of `pfs_group`."""
    return PFS_DISABLED if group is None else f"group_{group}"
