"""What is offered in a negotiation: values shared by policies, spec and drivers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import product


class IkeVersion(IntEnum):
    """0 is the auto-negotiation of the 2019 API: initiate IKEv2, answer IKEv1 and IKEv2."""

    ANY = 0
    V1 = 1
    V2 = 2


@dataclass(frozen=True, slots=True)
class Proposal:
    """Columns of algorithm names (API words: aes128, triple_des, sha256, group 14), best first.

    Each column combines freely with the others. `integrity` is empty for AEAD ciphers,
    `groups` is empty for ESP without perfect forward secrecy.
    """

    encryption: tuple[str, ...]
    integrity: tuple[str, ...]
    groups: tuple[int, ...] = ()

    def expand(self) -> tuple[Proposal, ...]:
        """Every single suite, in order of preference."""
        columns = (self.encryption, self.integrity or ("",), self.groups or (0,))
        return tuple(
            Proposal((cipher,), (digest,) if digest else (), (group,) if group else ())
            for cipher, digest, group in product(*columns)
        )


@dataclass(frozen=True, slots=True)
class IkeOffer:
    """Phase 1 as it is offered; `lifetime` in seconds."""

    version: IkeVersion
    proposal: Proposal
    lifetime: int


@dataclass(frozen=True, slots=True)
class EspOffer:
    """Phase 2 as it is offered; `lifetime` in seconds."""

    proposal: Proposal
    lifetime: int


# Seed document, "Policy auto-negotiation": every combination of the table; strongest first.
AUTO_IKE = IkeOffer(
    IkeVersion.ANY,
    Proposal(("aes256", "aes128", "triple_des"), ("sha256", "sha1", "md5"), (14, 5, 2)),
    lifetime=28800,
)
AUTO_ESP = EspOffer(Proposal(("aes256", "aes128", "triple_des"), ("sha256", "sha1", "md5")), lifetime=3600)
