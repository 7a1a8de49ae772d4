"""What each kind of device can do, from the vendors' own references."""

from __future__ import annotations

from dataclasses import dataclass

from vpn.domain.handoff.parameters import Parameters, Suite, shown, suites

_CIPHERS = frozenset({"aes128", "aes256", "triple_des"})
_DIGESTS = frozenset({"md5", "sha1", "sha256"})
_GROUPS = frozenset({2, 5, 14})
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
    key_characters: str = ""
    key_beginnings: tuple[str, ...] = ()


def obstacles(support: Support, device: str, parameters: Parameters) -> list[str]:
    """Why the device cannot have this tunnel at all."""
    found = []
    for phase, suite in _phases(parameters):
        missing = [
            *([shown(suite.cipher)] if suite.cipher not in support.ciphers else []),
            *([shown(suite.digest)] if suite.digest not in support.digests else []),
            *([f"DH group {suite.group}"] if suite.group and suite.group not in support.groups else []),
        ]
        if missing:
            words = " and no ".join(missing)
            found.append(f"{device} has no {words} ({phase}). Choose another policy for this connection.")
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
    said += _retired(support, device, parameters)
    if pinned := _pinned(parameters):
        said.append(
            f"Of what the gateway accepts the configuration pins the strongest: {' and '.join(pinned)}."
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


def _pinned(parameters: Parameters) -> list[str]:
    """The phases in which the gateway takes more than one suite."""
    ike = [f"{parameters.ike_suite.keywords} with IKEv{parameters.version} in phase 1"]
    esp = [f"{parameters.esp_suite.keywords} in phase 2"]
    return (ike if len(suites(parameters.ike.proposal)) > 1 else []) + (
        esp if len(suites(parameters.esp.proposal)) > 1 else []
    )


def _retired(support: Support, device: str, parameters: Parameters) -> list[str]:
    used: dict[str | int, str] = {}
    for _, suite in _phases(parameters):
        used |= {suite.cipher: shown(suite.cipher), suite.digest: shown(suite.digest)}
        used |= {suite.group: f"DH group {suite.group}"} if suite.group else {}
    words = [word for algorithm, word in used.items() if algorithm in support.retired]
    return [f"{device} refuses {', '.join(words)} {support.since}."] if words else []


def _phases(parameters: Parameters) -> list[tuple[str, Suite]]:
    return [("IKE, phase 1", parameters.ike_suite), ("IPsec, phase 2", parameters.esp_suite)]
