"""What each kind of device can do, from the vendors' own references."""

from __future__ import annotations

from dataclasses import dataclass, replace

from policies.domain.proposals import Proposal
from vpn.domain.handoff.parameters import Parameters, Suite, shown, suites

_CIPHERS = frozenset({"aes128", "aes256", "triple_des"})
_DIGESTS = frozenset({"md5", "sha1", "sha256"})
_GROUPS = frozenset({2, 5, 14})
# What newer devices have besides (peer devices' own references).
MORE_CIPHERS = _CIPHERS | {"aes192"}
MORE_DIGESTS = _DIGESTS | {"sha384", "sha512"}
MORE_GROUPS = _GROUPS | {15, 16, 17, 18, 19, 20, 21, 31}
COMBINED = frozenset({"aes128gcm16", "aes192gcm16", "aes256gcm16"})
EVERYTHING = "0.0.0.0/0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Words and numbers of the API that the device has; `dpd` the seconds it may wait between two
    questions. `retired` are algorithms that newer releases refuse, with `since` saying which."""

    ciphers: frozenset[str] = _CIPHERS
    digests: frozenset[str] = _DIGESTS
    groups: frozenset[int] = _GROUPS
    dpd: tuple[int, int] = (1, 86400)
    retired: frozenset[str | int] = frozenset()
    since: str = ""
    # Characters or beginnings of a key that the device cannot take, with the reason.
    # Whether the configuration may name identities that are no addresses.
    names: bool = False
    key_characters: str = ""
    key_beginnings: tuple[str, ...] = ()

    def has(self, suite: Suite) -> bool:
        """Whether a configuration with it can be written."""
        digest = not suite.digest or suite.digest in self.digests
        group = not suite.group or suite.group in self.groups
        return suite.cipher in self.ciphers and digest and group


def fitted(support: Support, parameters: Parameters) -> Parameters:
    """With the first suite of each phase that the device has; the strongest where it has none."""
    ike, esp = (_fitting(support, offer.proposal) for offer in (parameters.ike, parameters.esp))
    return replace(
        parameters, ike=replace(parameters.ike, proposal=ike), esp=replace(parameters.esp, proposal=esp)
    )


def _fitting(support: Support, proposal: Proposal) -> Proposal:
    every = proposal.expand()
    return next(
        (one for one, suite in zip(every, suites(proposal), strict=True) if support.has(suite)), every[0]
    )


def obstacles(support: Support, device: str, parameters: Parameters) -> list[str]:
    """Why the device cannot have this tunnel at all."""
    found = []
    for phase, suite in _phases(fitted(support, parameters)):
        missing = [
            *([shown(suite.cipher)] if suite.cipher not in support.ciphers else []),
            *([shown(suite.digest)] if suite.digest and suite.digest not in support.digests else []),
            *([f"DH group {suite.group}"] if suite.group and suite.group not in support.groups else []),
        ]
        if missing:
            words = " and no ".join(missing)
            found.append(f"{device} has no {words} ({phase}). Choose another policy for this connection.")
    if not support.names and any("@" in end.identity for end in (parameters.yours, parameters.ours)):
        found.append(
            f"For {device} only identities of the type IPv4 address can be written here; set the two "
            "identities of the parameter sheet by hand."
        )
    return found


def limits(support: Support, device: str, parameters: Parameters) -> list[str]:
    """What the device does otherwise than the connection says."""
    said = []
    low, high = support.dpd
    if not low <= parameters.dpd_interval <= high:
        said.append(
            f"Dead peer detection: {device} asks every {low} to {high} s; the configuration has "
            f"{clamped(support, parameters.dpd_interval)} s instead of {parameters.dpd_interval} s."
        )
    chosen = fitted(support, parameters)
    said += _retired(support, device, chosen)
    if pinned := _pinned(parameters, chosen):
        said.append(
            f"Of what the gateway accepts the configuration pins the first that the device has: "
            f"{' and '.join(pinned)}."
        )
    if EVERYTHING in parameters.ours.cidrs:
        said.append(
            f"Everything behind the gateway ({EVERYTHING}) means that all packets enter the tunnel: keep a "
            f"route to {parameters.ours.address} outside of it, and look at each rule about it."
        )
    if parameters.version == 1:
        said.append("IKEv1 is deprecated (RFC 9395); choose an IKEv2 policy if the device has it.")
    return said


def clamped(support: Support, interval: int) -> int:
    """The nearest interval that the device takes."""
    low, high = support.dpd
    return max(low, min(high, interval))


def failures(support: Support, parameters: Parameters) -> int:
    """For devices that count unanswered questions instead of seconds: 1 to 5."""
    return max(1, min(5, parameters.dpd_timeout // clamped(support, parameters.dpd_interval)))


def key_obstacles(support: Support, device: str, key: str) -> list[str]:
    """Why the device would misread this very key; the message does not show it."""
    said = []
    if found := sorted({char for char in key if char in support.key_characters or not char.isprintable()}):
        said.append(f"{device} cannot take the character {found[0]!r} in a pre-shared key; change the key.")
    if key.startswith(support.key_beginnings):
        said.append(
            f"{device} would take a pre-shared key that begins so for an encrypted one; change the key."
        )
    return said


def _pinned(parameters: Parameters, chosen: Parameters) -> list[str]:
    """The phases in which the gateway takes more than one suite."""
    ike = [f"{chosen.ike_suite.keywords} with IKEv{parameters.version} in phase 1"]
    esp = [f"{chosen.esp_suite.keywords} in phase 2"]
    return (ike if len(suites(parameters.ike.proposal)) > 1 else []) + (
        esp if len(suites(parameters.esp.proposal)) > 1 else []
    )


def _retired(support: Support, device: str, parameters: Parameters) -> list[str]:
    used: dict[str | int, str] = {}
    for _, suite in _phases(parameters):
        used |= {word: shown(word) for word in (suite.cipher, suite.digest) if word}
        used |= {suite.group: f"DH group {suite.group}"} if suite.group else {}
    words = [word for algorithm, word in used.items() if algorithm in support.retired]
    return [f"{device} refuses {', '.join(words)} {support.since}."] if words else []


def _phases(parameters: Parameters) -> list[tuple[str, Suite]]:
    return [("IKE, phase 1", parameters.ike_suite), ("IPsec, phase 2", parameters.esp_suite)]
