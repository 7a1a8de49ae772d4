"""What the standards say about algorithms: RFC 8247 (IKEv2), RFC 8221 (ESP), RFC 9395 (IKEv1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


def ok(rfc: str, level: str) -> Verdict:
    return Verdict(Strength.OK, f"{level} in {rfc}.", rfc)


def unlisted(defined: str, what: str) -> Verdict:
    """Strong, but the tables of RFC 8247 and RFC 8221 do not name it."""
    return Verdict(Strength.OK, f"{what} of {defined}; not in the tables of RFC 8247.", defined)


def against(rfc: str, why: str, strength: Strength = Strength.BROKEN) -> Verdict:
    return Verdict(strength, why, rfc)
