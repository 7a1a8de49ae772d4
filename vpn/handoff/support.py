"""What each kind of device can do, from the vendors' own references."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from policies.domain.proposals import Proposal
from vpn.handoff.identities import Kind, named
from vpn.handoff.parameters import Parameters, Suite, Timeout, suites

Word = str | int
CIPHERS = frozenset({"aes128", "aes192", "aes256", "triple_des"})
COMBINED = frozenset({"aes128gcm16", "aes192gcm16", "aes256gcm16"})
DIGESTS = frozenset({"md5", "sha1", "sha256", "sha384", "sha512"})
GROUPS = frozenset({2, 5, *range(14, 25), 31})
# Groups 22 to 24 are those of RFC 5114, which many devices never had.
USUAL_GROUPS = GROUPS - {22, 23, 24}


class KeyIds(StrEnum):
    """How identities of the type key ID can be written."""

    BYTES = "bytes"
    TEXT = "text"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Phase:
    """Words and numbers of the API that the device has in one phase; `unsure` those of them that
    only some releases have."""

    ciphers: frozenset[str] = CIPHERS
    digests: frozenset[str] = DIGESTS
    groups: frozenset[int] = GROUPS
    unsure: frozenset[Word] = frozenset()

    def missing(self, suite: Suite) -> list[Word]:
        """What of a suite the device has not."""
        known = self.ciphers | self.digests | self.groups
        return [word for word in suite.words if word not in known]

    def surely_has(self, suite: Suite) -> bool:
        return not self.missing(suite) and not self.unsure & set(suite.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """`ike` is phase 1, `esp` phase 2. `unwritten` are algorithms that the device may well have, but
    that are not written here; `only_v2` those that do not go with IKEv1. `dpd` are the seconds that
    the device may wait between two questions. `retired` are algorithms that newer releases refuse,
    with `since` saying which. `own_address_v1`: with IKEv1 it names itself by its address only.
    `expects_v1`: with IKEv1 too it is told how the gateway names itself.
    """

    ike: Phase = field(default_factory=Phase)
    esp: Phase = field(default_factory=lambda: Phase(ciphers=CIPHERS | COMBINED))
    unwritten: frozenset[Word] = frozenset()
    only_v2: frozenset[Word] = frozenset()
    dpd: tuple[int, int] = (1, 86400)
    timeout: Timeout = Timeout.SECONDS
    retired: frozenset[Word] = frozenset()
    since: str = ""
    key_ids: KeyIds = KeyIds.BYTES
    own_address_v1: bool = False
    expects_v1: bool = True
    # Characters or beginnings of a key that the device cannot take.
    key_characters: str = ""
    key_beginnings: tuple[str, ...] = ()

    def writes(self, identity: str) -> bool:
        """Whether an identity, in strongSwan's words, can be written; names and addresses always."""
        who = named(identity)
        if who.kind is not Kind.KEY or self.key_ids is KeyIds.BYTES:
            return True
        return self.key_ids is KeyIds.TEXT and bool(who.plain)

    def phases(self, version: int) -> tuple[Phase, Phase]:
        """Phase 1 and 2 with that IKE version."""
        if version != 1 or not self.only_v2:
            return self.ike, self.esp
        left = frozenset(cipher for cipher in self.esp.ciphers if cipher not in self.only_v2)
        return self.ike, replace(self.esp, ciphers=left)


def fitted(support: Support, parameters: Parameters) -> Parameters:
    """As the device is configured: of each phase the best suite that it has, dead peer detection within
    its bounds. Where it has no suite the best of all remains."""
    ike, esp = support.phases(parameters.version)
    interval = clamped(support, parameters.dpd_interval)
    chosen = replace(
        parameters,
        ike=replace(parameters.ike, proposal=_fitting(ike, parameters.ike.proposal)),
        esp=replace(parameters.esp, proposal=_fitting(esp, parameters.esp.proposal)),
        dpd_interval=interval,
    )
    if support.timeout is Timeout.QUESTIONS:
        return replace(chosen, dpd_timeout=interval * failures(chosen))
    if support.timeout is Timeout.INTERVALS:
        return replace(chosen, dpd_timeout=interval * max(2, chosen.dpd_timeout // interval))
    return chosen


def _fitting(phase: Phase, proposal: Proposal) -> Proposal:
    """What only some releases have comes after all that every release has."""
    every = list(zip(proposal.expand(), suites(proposal), strict=True))
    sure = (one for one, suite in every if phase.surely_has(suite))
    unsure = (one for one, suite in every if not phase.missing(suite))
    return next(sure, None) or next(unsure, None) or every[0][0]


def clamped(support: Support, interval: int) -> int:
    """The nearest interval that the device takes."""
    low, high = support.dpd
    return max(low, min(high, interval))


def failures(parameters: Parameters) -> int:
    """For devices that count unanswered questions instead of seconds: 1 to 5."""
    return max(1, min(5, parameters.dpd_timeout // parameters.dpd_interval))
