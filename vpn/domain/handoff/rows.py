"""The parameter table: the same lines on the page, on the sheet and at the head of every file."""

from __future__ import annotations

from typing import Literal, NamedTuple

from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION, Strength, Verdict
from policies.domain.proposals import IkeVersion
from vpn.domain.handoff import sheet
from vpn.domain.handoff.parameters import TCP_MSS, TUNNEL_MTU, Parameters, Suite, shown, suites


class Row(NamedTuple):
    """One line; `note` is for people only and may be empty."""

    label: str
    value: str
    note: str = ""


def rows(parameters: Parameters) -> list[Row]:
    """All but the key."""
    return [*_ends(parameters), *_phases(parameters), *_rest(parameters)]


def _ends(parameters: Parameters) -> list[Row]:
    yours, ours = parameters.yours, parameters.ours
    return [
        Row(sheet.YOUR_ADDRESS, yours.address, "the public address of your device"),
        Row(sheet.GATEWAY_ADDRESS, ours.address, "the remote gateway"),
        Row("Your identity", *_identity(yours.identity, ", behind NAT as well")),
        Row("Gateway identity", *_identity(ours.identity)),
        Row(sheet.YOUR_CIDRS, ", ".join(yours.cidrs), "local networks on your device"),
        Row(sheet.GATEWAY_CIDRS, ", ".join(ours.cidrs), "remote networks on your device"),
    ]


def _phases(parameters: Parameters) -> list[Row]:
    ike, esp = parameters.ike_suite, parameters.esp_suite
    either = "IKEv1 (main mode) is accepted too" if parameters.ike.version is IkeVersion.ANY else ""
    either = either or ("main mode" if parameters.version == 1 else "")
    pfs = f"yes, group {esp.group}" if esp.group else "no"
    return [
        Row("Authentication", "pre-shared key"),
        Row(sheet.IKE_VERSION, str(parameters.version), either),
        Row("IKE (phase 1)", _in_words(ike), _remark(suites(parameters.ike.proposal), "ike")),
        Row("IKE lifetime", f"{parameters.ike.lifetime} s"),
        Row(
            "IPsec (phase 2)",
            f"ESP in tunnel mode, {_in_words(esp)}",
            _remark(suites(parameters.esp.proposal), "esp"),
        ),
        Row("Perfect forward secrecy", pfs),
        Row("IPsec lifetime", f"{parameters.esp.lifetime} s"),
        Row(sheet.IKE_PROPOSALS, ike.keywords, "in strongSwan's words"),
        Row(sheet.ESP_PROPOSALS, esp.keywords, "in strongSwan's words"),
    ]


def _rest(parameters: Parameters) -> list[Row]:
    interval, timeout = parameters.dpd_interval, parameters.dpd_timeout
    plain, behind_nat = parameters.largest_packets
    starts = (
        "both sides may" if parameters.gateway_initiates else "your device must; the gateway only answers"
    )
    return [
        Row(
            "Dead peer detection",
            f"every {interval} s, timeout {timeout} s",
            "IKEv2 has no timeout of its own",
        ),
        Row("NAT traversal", "on", "let UDP 500, UDP 4500 and ESP (IP protocol 50) through"),
        Row("Who starts", starts),
        Row(
            "TCP MSS",
            f"{TCP_MSS} (tunnel MTU {TUNNEL_MTU})",
            f"this suite would carry packets of {plain} bytes, behind NAT {behind_nat}",
        ),
    ]


def _identity(text: str, more: str = "") -> tuple[str, str]:
    """In strongSwan's words @ begins a name, @# bytes."""
    if text.startswith("@#"):
        return text.removeprefix("@#"), "of the type key ID; these are its bytes in hexadecimal"
    if text.startswith("@"):
        return text.removeprefix("@"), "of the type FQDN"
    return text, f"of the type IPv4 address{more}"


def _in_words(suite: Suite) -> str:
    words = ", ".join(shown(word) for word in (suite.cipher, suite.digest) if word)
    return f"{words}, DH group {suite.group}" if suite.group else words


def _remark(found: list[Suite], use: Literal["ike", "esp"]) -> str:
    """What else the gateway accepts; of the only suite, what the standards say against it."""
    return _others(found) if len(found) > 1 else _against(found[0], use)


def _others(found: list[Suite]) -> str:
    """Each column by itself."""
    columns = [
        dict.fromkeys(shown(one.cipher) for one in found),
        dict.fromkeys(shown(one.digest) for one in found if one.digest),
        dict.fromkeys(str(one.group) for one in found if one.group),
    ]
    parts = [", ".join(list(column)[1:]) for column in columns]
    parts[2] = parts[2] and f"DH group {parts[2]}"
    return f"also accepted: {'; '.join(part for part in parts if part)}"


def _against(suite: Suite, use: Literal["ike", "esp"]) -> str:
    judged = [
        (shown(suite.cipher), ENCRYPTION[suite.cipher]),
        *([(shown(suite.digest), AUTHENTICATION[suite.digest])] if suite.digest else []),
    ]
    judged += [(f"DH group {suite.group}", DH_GROUPS[suite.group])] if suite.group else []
    verdicts: list[tuple[str, Verdict]] = [(word, getattr(algorithm, use)) for word, algorithm in judged]
    weak = {word: verdict.rfc for word, verdict in verdicts if verdict.strength is not Strength.OK}
    return f"weak: {', '.join(weak)} ({', '.join(dict.fromkeys(weak.values()))})" if weak else ""
