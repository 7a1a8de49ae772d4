"""IKE and ESP proposals: values shared by policies, spec and drivers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from policies.domain.algorithms import is_aead

Word = TypeVar("Word", str, int)


class IkeVersion(IntEnum):
    """0 is the auto-negotiation of the 2019 API: initiate IKEv2, answer IKEv1 and IKEv2."""

    ANY = 0
    V1 = 1
    V2 = 2


@dataclass(frozen=True, slots=True)
class Proposal:
    """Lists of algorithms by their API names (aes128, triple_des, sha256, group 14), in order of preference.

    Any combination is offered, except that AEAD ciphers go without `integrity`. `groups` is empty for ESP
    without perfect forward secrecy.
    """

    encryption: tuple[str, ...]
    integrity: tuple[str, ...]
    groups: tuple[int, ...] = ()

    def uniform(self) -> tuple[Proposal, ...]:
        """Split so that each can be one proposal of a packet: AEAD ciphers separate from others (RFC 7296
        section 3.3)."""
        combined = tuple(name for name in self.encryption if is_aead(name))
        plain = tuple(name for name in self.encryption if not is_aead(name))
        parts: list[tuple[tuple[str, ...], tuple[str, ...]]] = [(combined, ())] if combined else []
        parts += [(plain, self.integrity)] if plain else []
        first = self.encryption[0] if self.encryption else ""
        parts.sort(key=lambda part: first not in part[0])
        return tuple(Proposal(ciphers, digests, self.groups) for ciphers, digests in parts)

    def expand(self) -> tuple[Proposal, ...]:
        """Every single suite, in order of preference."""
        return tuple(
            Proposal((cipher,), (digest,) if digest else (), (group,) if group else ())
            for cipher in self.encryption
            for digest in (not is_aead(cipher) and self.integrity) or ("",)
            for group in self.groups or (0,)
        )


@dataclass(frozen=True, slots=True)
class IkeOffer:
    """What is offered in phase 1; `lifetime` in seconds."""

    version: IkeVersion
    proposal: Proposal
    lifetime: int


@dataclass(frozen=True, slots=True)
class EspOffer:
    """What is offered in phase 2; `lifetime` in seconds."""

    proposal: Proposal
    lifetime: int


# API documents, "Policy auto-negotiation": every combination of the table, strongest first.
AUTO_IKE = IkeOffer(
    IkeVersion.ANY,
    Proposal(("aes256", "aes128", "triple_des"), ("sha256", "sha1", "md5"), (14, 5, 2)),
    lifetime=28800,
)
AUTO_ESP = EspOffer(Proposal(("aes256", "aes128", "triple_des"), ("sha256", "sha1", "md5")), lifetime=3600)

# Contract section 8.1, strongest and fastest first; groups 22 to 24 only because the table has them.
_GROUPS = (31, 20, 19, 21, 16, 15, 14, 17, 18, 24, 23, 22)
_HASHES = ("sha512", "sha384", "sha256")
AUTO_IKE_2 = IkeOffer(
    IkeVersion.V2, Proposal(("aes256", "aes192", "aes128"), _HASHES, _GROUPS), lifetime=28800
)
AUTO_ESP_2 = EspOffer(
    Proposal(("aes256gcm16", "aes192gcm16", "aes128gcm16", "aes256", "aes192", "aes128"), _HASHES),
    lifetime=3600,
)


# Last in every order: the algorithms that only API generation 1 has.
_OLD = ("triple_des", "sha1", "md5", 5, 2)


def by_preference(words: Iterable[Word], offered: Sequence[Word]) -> tuple[Word, ...]:
    """In the order of `offered`, strongest first; then algorithms that are not in it, the old ones last."""
    order = {word: place for place, word in enumerate((*offered, *_OLD))}
    return tuple(sorted(words, key=lambda word: order.get(word, len(offered))))


def auto_ike(api_generation: int) -> IkeOffer:
    """What a connection without an IKE policy offers, by the API generation that created it."""
    return AUTO_IKE if api_generation == 1 else AUTO_IKE_2


def auto_esp(api_generation: int) -> EspOffer:
    """What a connection without an IPsec policy offers, by the API generation that created it."""
    return AUTO_ESP if api_generation == 1 else AUTO_ESP_2
