"""What a device cannot do for a connection, or does differently; each as a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from vpn.handoff.identities import OURS, YOURS, parse_identity
from vpn.handoff.parameters import End, Parameters, Suite, shown, suites
from vpn.handoff.support import KeyIds, Phase, Support, Word, adapt_to_device, clamp_interval

EVERYTHING = "0.0.0.0/0"
_OTHER_POLICY = "Choose another policy for this connection."


def obstacles(support: Support, device: str, parameters: Parameters) -> list[str]:
    """Why the device cannot have this tunnel at all; empty if it can."""
    found: list[str] = []
    for name, phase, suite in _phases(support, adapt_to_device(support, parameters)):
        missing = phase.missing(suite)
        lacking = [shown(word) for word in missing if word not in support.unwritten | support.only_v2]
        unwritten = [shown(word) for word in missing if word in support.unwritten]
        newer = [shown(word) for word in missing if word in support.only_v2]
        if lacking:
            found.append(f"{device} has no {' and no '.join(lacking)} ({name}). {_OTHER_POLICY}")
        if unwritten:
            words = " and ".join(unwritten)
            found.append(f"This export does not write {words} for {device} ({name}). {_OTHER_POLICY}")
        if newer:
            found.append(f"{device} has {' and '.join(newer)} with IKEv2 only ({name}). {_OTHER_POLICY}")
    yours = parameters.yours
    if support.own_address_v1 and parameters.version == 1 and yours.identity != yours.address:
        found.append(
            f"With IKEv1 {device} identifies itself by the address of its interface only, and this "
            f"connection expects {parse_identity(yours.identity).value}. Choose an IKEv2 policy, or let the "
            "peer's identity be its address."
        )
    return found


def limits(support: Support, device: str, parameters: Parameters) -> list[str]:
    """What the device does differently from the connection, or what must be done by hand."""
    chosen = adapt_to_device(support, parameters)
    expects = support.expects_v1 or parameters.version == 2
    return [
        *_dead_peer(support, device, parameters),
        *_retired(support, device, chosen),
        *_unsure(support, device, chosen),
        *_pinned(parameters, chosen),
        *_unwritten_identity(support, device, parameters.yours, YOURS),
        *(_unwritten_identity(support, device, parameters.ours, OURS) if expects else ()),
        *_everything(parameters),
        *_version_1(support, device, parameters),
    ]


def key_obstacles(support: Support, device: str, key: str) -> list[str]:
    """Why the device would misread this key; the message does not show the key."""
    reasons: list[str] = []
    if found := sorted({char for char in key if char in support.key_characters or not char.isprintable()}):
        reasons.append(
            f"{device} cannot take the character {found[0]!r} in a pre-shared key; change the key."
        )
    if key.startswith(support.key_beginnings):
        reasons.append(
            f"{device} would take a pre-shared key that begins so for an encrypted one; change the key."
        )
    return reasons


def _dead_peer(support: Support, device: str, parameters: Parameters) -> Iterator[str]:
    low, high = support.dpd
    if not low <= parameters.dpd_interval <= high:
        yield (
            f"Dead peer detection: {device} probes every {low} to {high} s; the configuration has "
            f"{clamp_interval(support, parameters.dpd_interval)} s instead of {parameters.dpd_interval} s."
        )


def _retired(support: Support, device: str, chosen: Parameters) -> Iterator[str]:
    used: dict[Word, str] = {}
    for _, _, suite in _phases(support, chosen):
        used |= {word: shown(word) for word in suite.words if word in support.retired}
    if used:
        yield f"{device} refuses {', '.join(used.values())} {support.since}."


def _unsure(support: Support, device: str, chosen: Parameters) -> Iterator[str]:
    for name, phase, suite in _phases(support, chosen):
        if words := [shown(word) for word in suite.words if word in phase.unsure]:
            yield (
                f"{device} has {' and '.join(words)} in some releases only ({name}); "
                "see whether yours takes it."
            )


def _pinned(parameters: Parameters, chosen: Parameters) -> Iterator[str]:
    """The phases in which the gateway accepts more than one suite."""
    pinned = []
    if len(suites(parameters.ike.proposal)) > 1:
        pinned.append(f"{chosen.ike_suite.keywords} with IKEv{parameters.version} in phase 1")
    if len(suites(parameters.esp.proposal)) > 1:
        pinned.append(f"{chosen.esp_suite.keywords} in phase 2")
    if pinned:
        words = " and ".join(pinned)
        yield f"This configuration uses {words}; the gateway accepts other suites too."


def _unwritten_identity(support: Support, device: str, end: End, placeholder: str) -> Iterator[str]:
    if support.writes(end.identity):
        return
    if support.key_ids is KeyIds.TEXT:
        yield (
            f"{device} takes a key ID as plain text, and the bytes of this one are not text: replace "
            f"{placeholder} by hand, or choose another identity."
        )
    else:
        yield (
            f"This export does not write key IDs for {device}: replace {placeholder} by what your release "
            "has for them, or choose an identity of the type FQDN."
        )


def _everything(parameters: Parameters) -> Iterator[str]:
    if EVERYTHING in parameters.yours.cidrs:
        yield (
            f"Your side is {EVERYTHING}: packets for every destination come out of the tunnel. Your device "
            "must route them on, masquerade those for the Internet, and let its rules say what may pass."
        )


def _version_1(support: Support, device: str, parameters: Parameters) -> Iterator[str]:
    if parameters.version != 1:
        return
    yield "IKEv1 is deprecated (RFC 9395); choose an IKEv2 policy if the device has it."
    if support.own_address_v1:
        yield (
            f"With IKEv1 {device} identifies itself by the address of its interface, so that must be "
            f"{parameters.yours.address}: it cannot be behind NAT."
        )


def _phases(support: Support, chosen: Parameters) -> list[tuple[str, Phase, Suite]]:
    ike, esp = support.phases(chosen.version)
    return [("IKE, phase 1", ike, chosen.ike_suite), ("IPsec, phase 2", esp, chosen.esp_suite)]
