"""The parameter table: the same lines on the page, in the sheet and in the header of every file."""

from __future__ import annotations

from typing import Literal, NamedTuple

from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION
from policies.domain.proposals import IkeVersion
from policies.domain.verdicts import Strength, Verdict
from vpn.domain.suites import CLAMPED_MSS, TUNNEL_MTU
from vpn.handoff import labels as sheet
from vpn.handoff.identities import Kind, parse_identity
from vpn.handoff.parameters import Parameters, Suite, Timeout, shown, suites


class Row(NamedTuple):
    """One line; `note` is for people only and may be empty."""

    label: str
    value: str
    note: str = ""


def rows(
    offered: Parameters, chosen: Parameters | None = None, timeout: Timeout = Timeout.SECONDS
) -> list[Row]:
    """All parameters but the key. `chosen` is what the device is configured with; None: what is recommended.
    `timeout` is how the device handles the timeout of dead peer detection."""
    chosen = chosen or offered
    return [*_ends(chosen), *_phases(offered, chosen), *_rest(chosen, timeout)]


def _ends(parameters: Parameters) -> list[Row]:
    yours, ours = parameters.yours, parameters.ours
    known = "the public address of your device"
    if not yours.fixed_address:
        known = "the name of your device; its address may change"
    return [
        Row(sheet.YOUR_ADDRESS, yours.address, known),
        Row(sheet.GATEWAY_ADDRESS, ours.address, "the remote gateway"),
        Row("Your identity", *_identity(yours.identity, ", behind NAT as well")),
        Row("Gateway identity", *_identity(ours.identity)),
        Row(sheet.YOUR_CIDRS, ", ".join(yours.cidrs), "local networks on your device"),
        Row(sheet.GATEWAY_CIDRS, ", ".join(ours.cidrs), "remote networks on your device"),
    ]


def _phases(offered: Parameters, chosen: Parameters) -> list[Row]:
    ike, esp = chosen.ike_suite, chosen.esp_suite
    either = "IKEv1 (main mode) is accepted too" if offered.ike.version is IkeVersion.ANY else ""
    either = either or ("main mode" if offered.version == 1 else "")
    pfs = f"yes, group {esp.group}" if esp.group else "no"
    return [
        Row("Authentication", "pre-shared key"),
        Row(sheet.IKE_VERSION, str(offered.version), either),
        Row("IKE (phase 1)", _describe(ike), _remark(suites(offered.ike.proposal), ike, "ike")),
        Row("IKE lifetime", f"{chosen.ike.lifetime} s"),
        Row(
            "IPsec (phase 2)",
            f"ESP in tunnel mode, {_describe(esp)}",
            _remark(suites(offered.esp.proposal), esp, "esp"),
        ),
        Row("Perfect forward secrecy", pfs),
        Row("IPsec lifetime", f"{chosen.esp.lifetime} s"),
        Row(sheet.IKE_PROPOSALS, ike.keywords, "in strongSwan's notation"),
        Row(sheet.ESP_PROPOSALS, esp.keywords, "in strongSwan's notation"),
    ]


def _rest(parameters: Parameters, timeout: Timeout) -> list[Row]:
    plain, behind_nat = parameters.largest_packets
    starts = (
        "both sides may" if parameters.gateway_initiates else "your device must; the gateway only answers"
    )
    return [
        _dead_peer(parameters, timeout),
        Row("NAT traversal", "on", "let UDP 500, UDP 4500 and ESP (IP protocol 50) through"),
        Row("Who starts", starts),
        Row(
            "TCP MSS",
            f"{CLAMPED_MSS} (tunnel MTU {TUNNEL_MTU})",
            f"this suite would carry packets of {plain} bytes, behind NAT {behind_nat}",
        ),
    ]


def _dead_peer(parameters: Parameters, timeout: Timeout) -> Row:
    label, interval, waited = "Dead peer detection", parameters.dpd_interval, parameters.dpd_timeout
    if timeout is Timeout.FIXED:
        return Row(label, f"every {interval} s", "the device's own timeout cannot be set")
    if timeout is Timeout.PROBES:
        count = waited // interval
        note = f"after {count} unanswered probe{'s' if count > 1 else ''}"
    else:
        note = "IKEv2 has no timeout of its own" if parameters.version == 2 else ""
    return Row(label, f"every {interval} s, timeout {waited} s", note)


def _identity(text: str, more: str = "") -> tuple[str, str]:
    identity = parse_identity(text)
    words = {
        Kind.ADDRESS: f"of the type IPv4 address{more}",
        Kind.NAME: "of the type FQDN",
        Kind.KEY: "of the type key ID; these are its bytes in hexadecimal"
        + (f", as text {identity.plain}" if identity.plain else ""),
    }
    return identity.value, words[identity.kind]


def _describe(suite: Suite) -> str:
    words = ", ".join(shown(word) for word in (suite.cipher, suite.digest) if word)
    return f"{words}, DH group {suite.group}" if suite.group else words


def _remark(found: list[Suite], chosen: Suite, use: Literal["ike", "esp"]) -> str:
    """What else the gateway accepts; for an only suite, what the standards say against it."""
    return _others(found, chosen) if len(found) > 1 else _against(chosen, use)


def _others(found: list[Suite], chosen: Suite) -> str:
    """Each column by itself."""
    columns = [
        [shown(one.cipher) for one in found if one.cipher != chosen.cipher],
        [shown(one.digest) for one in found if one.digest not in {"", chosen.digest}],
        [str(one.group) for one in found if one.group not in {0, chosen.group}],
    ]
    parts = [", ".join(dict.fromkeys(column)) for column in columns]
    parts[2] = parts[2] and f"DH group {parts[2]}"
    return f"also accepted: {'; '.join(part for part in parts if part)}"


def _against(suite: Suite, use: Literal["ike", "esp"]) -> str:
    judged = [
        (shown(suite.cipher), ENCRYPTION[suite.cipher]),
        *([(shown(suite.digest), AUTHENTICATION[suite.digest])] if suite.digest else []),
    ]
    judged += [(shown(suite.group), DH_GROUPS[suite.group])] if suite.group else []
    verdicts: list[tuple[str, Verdict]] = [(word, getattr(algorithm, use)) for word, algorithm in judged]
    weak = {word: verdict.rfc for word, verdict in verdicts if verdict.strength is not Strength.OK}
    return f"weak: {', '.join(weak)} ({', '.join(dict.fromkeys(weak.values()))})" if weak else ""
