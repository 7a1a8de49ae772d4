"""Display names of negotiated suites, and the MTU that they leave; pure.

Suites are written as charon reports them: aes256-sha256-modp2048.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from policies.domain.algorithms import (
    AUTHENTICATION,
    DH_GROUPS,
    ENCRYPTION,
    IKE_VERSIONS,
    Strength,
    Verdict,
)
from policies.domain.naming import cipher_name, group_kind, hash_name

# Bytes of ESP: initialisation vector and block size by kind of cipher, and length of the truncated hash.
_IVS = {"3des": (8, 8), "aes": (16, 16), "aead": (8, 4), "ctr": (8, 4)}
_ICVS = {"md5": 12, "sha1": 12, "aesxcbc": 12, "sha256": 16, "sha384": 24, "sha512": 32}
_AEAD_ICV = 16
_IP, _UDP, _ESP, _TRAILER, _TCP = 20, 8, 8, 2, 20
ETHERNET = 1500
# The MTU of the tunnel interface with user-space ESP, and the MSS that both members clamp TCP to there.
TUNNEL_MTU, CLAMPED_MSS = 1400, 1360


@dataclass(frozen=True, slots=True)
class SuiteDescription:
    """Display names of a suite's parts; empty for parts that it does not have."""

    cipher: str
    integrity: str = ""
    group: str = ""

    def __str__(self) -> str:
        return ", ".join(part for part in (self.cipher, self.integrity, self.group) if part)


@dataclass(frozen=True, slots=True)
class EffectiveMtu:
    """What fits into one packet of `outer` bytes: `mtu` of the inner packet, `mss` of TCP inside it."""

    outer: int
    overhead: int
    mtu: int
    mss: int


def describe_suite(suite: str) -> SuiteDescription:
    """aes256-sha256-modp2048 is AES-256-CBC, HMAC-SHA-256, Diffie-Hellman group 14 (2048 bits)."""
    cipher, integrity, group = "", "", ""
    for part in suite.split("-") if suite else ():
        if word := cipher_name(part):
            cipher = word
        elif word := hash_name(part):
            integrity = word
        else:
            group = _group(part)
    return SuiteDescription(cipher, integrity, group) if cipher else SuiteDescription(suite)


class Weak(NamedTuple):
    """A part of a suite that should no longer be used."""

    word: str
    verdict: Verdict


def weak_in_ike(suite: str, version: int) -> tuple[Weak, ...]:
    """The weak parts of a negotiated IKE suite, by the same verdicts as for policies."""
    known = IKE_VERSIONS.get(version)
    old = (Weak(f"IKEv{version}", known),) if known and known.strength is not Strength.OK else ()
    return old + _weak(suite, "ike")


def weak_in_esp(suite: str) -> tuple[Weak, ...]:
    """The weak parts of a negotiated ESP suite."""
    return _weak(suite, "esp")


def _weak(suite: str, use: str) -> tuple[Weak, ...]:
    algorithms = (*ENCRYPTION.values(), *AUTHENTICATION.values(), *DH_GROUPS.values())
    parts = set(suite.split("-"))
    judged = [(a.keyword, a.ike if use == "ike" else a.esp) for a in algorithms if a.keyword in parts]
    return tuple(Weak(word, verdict) for word, verdict in judged if verdict.strength is not Strength.OK)


def _group(part: str) -> str:
    number = next((str(n) for n, a in DH_GROUPS.items() if a.keyword == part), "")
    kind = group_kind(part)
    return (
        f"Diffie-Hellman group {number}{f' ({kind})' if kind else ''}" if number else f"key exchange {part}"
    )


def effective_mtu(suite: str, *, udp: bool, outer: int = ETHERNET) -> EffectiveMtu | None:
    """According to RFC 4303 for tunnel mode over IPv4; None for a suite with an unknown cipher."""
    parts = suite.split("-")
    cipher = next((p for p in parts if cipher_name(p)), "")
    if not cipher:
        return None
    counter = re.search(r"(gcm|ccm|ctr)", cipher)
    kind = (
        "3des"
        if cipher == "3des"
        else "ctr"
        if counter and counter[1] == "ctr"
        else "aead"
        if counter
        else "aes"
    )
    vector, block = _IVS[kind]
    icv = _AEAD_ICV if kind == "aead" else next((_ICVS[p] for p in parts if p in _ICVS), 0)
    inside = outer - _IP - (_UDP if udp else 0) - _ESP - vector - icv
    mtu = inside // block * block - _TRAILER
    return EffectiveMtu(outer, outer - mtu, mtu, mtu - _IP - _TCP)
