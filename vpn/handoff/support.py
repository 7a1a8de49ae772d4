"""What each kind of device supports, according to the vendors' references."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from policies.domain.proposals import Proposal
from vpn.handoff.identities import Kind, parse_identity
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
    """The algorithms, by their API names, that the device supports in one phase; `unsure` are those that
    only some releases support."""

    ciphers: frozenset[str] = CIPHERS
    digests: frozenset[str] = DIGESTS
    groups: frozenset[int] = GROUPS
    unsure: frozenset[Word] = frozenset()

    def missing(self, suite: Suite) -> list[Word]:
        """The algorithms of a suite that the device does not support."""
        known = self.ciphers | self.digests | self.groups
        return [word for word in suite.words if word not in known]

    def surely_has(self, suite: Suite) -> bool:
        return not self.missing(suite) and not self.unsure & set(suite.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """`ike` is phase 1, `esp` phase 2. `unwritten` are algorithms that the device may support, but that
    the exports here do not write; `only_v2` are those that it does not support with IKEv1. `dpd` is the
    range of intervals between two probes, in seconds. `retired` are algorithms that newer releases refuse;
    `since` says which releases. `own_address_v1`: with IKEv1 its identity is always its address.
    `expects_v1`: with IKEv1 too the gateway's identity is configured.
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
    # Characters and prefixes of a key that the device does not accept.
    key_characters: str = ""
    key_beginnings: tuple[str, ...] = ()

    def writes(self, identity: str) -> bool:
        """Whether an identity, in strongSwan's notation, can be written; names and addresses always can."""
        parsed = parse_identity(identity)
        if parsed.kind is not Kind.KEY or self.key_ids is KeyIds.BYTES:
            return True
        return self.key_ids is KeyIds.TEXT and bool(parsed.plain)

    def phases(self, version: int) -> tuple[Phase, Phase]:
        """Phase 1 and 2 with that IKE version."""
        if version != 1 or not self.only_v2:
            return self.ike, self.esp
        left = frozenset(cipher for cipher in self.esp.ciphers if cipher not in self.only_v2)
        return self.ike, replace(self.esp, ciphers=left)


def adapt_to_device(support: Support, parameters: Parameters) -> Parameters:
    """The parameters as the device is configured: for each phase the best suite that it supports, and dead
    peer detection within its limits. If it supports none of the suites, the best of all remains."""
    ike, esp = support.phases(parameters.version)
    interval = clamp_interval(support, parameters.dpd_interval)
    chosen = replace(
        parameters,
        ike=replace(parameters.ike, proposal=_best_supported(ike, parameters.ike.proposal)),
        esp=replace(parameters.esp, proposal=_best_supported(esp, parameters.esp.proposal)),
        dpd_interval=interval,
    )
    if support.timeout is Timeout.PROBES:
        return replace(chosen, dpd_timeout=interval * failures(chosen))
    if support.timeout is Timeout.INTERVALS:
        return replace(chosen, dpd_timeout=interval * max(2, chosen.dpd_timeout // interval))
    return chosen


def _best_supported(phase: Phase, proposal: Proposal) -> Proposal:
    """Suites that only some releases support come after those that every release supports."""
    every = list(zip(proposal.expand(), suites(proposal), strict=True))
    sure = (one for one, suite in every if phase.surely_has(suite))
    unsure = (one for one, suite in every if not phase.missing(suite))
    return next(sure, None) or next(unsure, None) or every[0][0]


def clamp_interval(support: Support, interval: int) -> int:
    """The nearest interval that the device accepts."""
    low, high = support.dpd
    return max(low, min(high, interval))


def failures(parameters: Parameters) -> int:
    """For devices that count unanswered probes instead of seconds: 1 to 5."""
    return max(1, min(5, parameters.dpd_timeout // parameters.dpd_interval))
