"""Display names of negotiated suites, and the MTU that they leave; pure.

Suites are written as charon reports them: aes256-sha256-modp2048.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from policies.domain.algorithms import AUTHENTICATION, ENCRYPTION, IKE_VERSIONS, by_keyword
from policies.domain.verdicts import Strength, Verdict

# Bytes of the headers and of the ESP trailer without padding (RFC 4303).
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
    for part in suite.split("-"):
        row = by_keyword(part)
        if row and row.name in ENCRYPTION:
            cipher = row.title
        elif row and row.name in AUTHENTICATION:
            integrity = row.title
        elif row:
            group = f"Diffie-Hellman group {row.name} ({row.title})"
        else:
            group = f"key exchange {part}"
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


def _weak(suite: str, use: Literal["ike", "esp"]) -> tuple[Weak, ...]:
    rows = [row for part in suite.split("-") if (row := by_keyword(part))]
    judged = [(row.keyword, row.ike if use == "ike" else row.esp) for row in rows]
    return tuple(Weak(word, verdict) for word, verdict in judged if verdict.strength is not Strength.OK)


def effective_mtu(suite: str, *, udp: bool, outer: int = ETHERNET) -> EffectiveMtu | None:
    """According to RFC 4303 for tunnel mode over IPv4; None for a suite with an unknown cipher."""
    rows = [row for part in suite.split("-") if (row := by_keyword(part))]
    cipher = next((row for row in rows if row.block), None)
    if cipher is None:
        return None
    icv = sum(row.icv for row in rows)
    inside = outer - _IP - (_UDP if udp else 0) - _ESP - cipher.iv - icv
    mtu = inside // cipher.block * cipher.block - _TRAILER
    return EffectiveMtu(outer, outer - mtu, mtu, mtu - _IP - _TCP)
