"""FortiGate: an interface-based tunnel with one phase 2 for each pair of networks."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from vpn.domain.suites import CLAMPED_MSS
from vpn.handoff.identities import OURS, YOURS, Kind, parse_identity
from vpn.handoff.parameters import Parameters, Suite, Timeout
from vpn.handoff.support import CIPHERS, USUAL_GROUPS, KeyIds, Phase, Support, failures

SUPPORT = Support(
    ike=Phase(groups=USUAL_GROUPS),
    esp=Phase(ciphers=CIPHERS | {"aes128gcm16", "aes256gcm16"}, groups=USUAL_GROUPS),
    dpd=(1, 3600),
    timeout=Timeout.PROBES,
    key_ids=KeyIds.TEXT,
    expects_v1=False,
    key_characters='"\\',
    key_beginnings=("ENC ",),
)
VERIFY = ("diagnose vpn ike gateway list", "diagnose vpn tunnel list", "get vpn ipsec tunnel summary")
NOTES = (
    "Every `edit` is new, nothing of yours is changed",
    "With central NAT the policies have no `set nat`: leave the tunnel out of your central rules",
    "The second static route keeps packets from leaving in clear while the tunnel is down",
)
_WORDS = {"triple_des": "3des", "aes128gcm16": "aes128gcm", "aes256gcm16": "aes256gcm"}
_IDENTITIES = {Kind.ADDRESS: "address", Kind.NAME: "fqdn", Kind.KEY: "keyid"}


def body(parameters: Parameters, key: str) -> list[str]:
    """Blocks of the CLI."""
    return [
        *_block("vpn ipsec phase1-interface", [_edit(parameters.tag, _phase1(parameters, key))]),
        *_block("vpn ipsec phase2-interface", _phase2(parameters)),
        *_block("firewall address", _addresses(parameters)),
        *_block("firewall addrgrp", _groups(parameters)),
        *_block("router static", _routes(parameters)),
        *_block("firewall policy", _policies(parameters)),
        *_removal(parameters),
    ]


def _block(path: str, entries: Iterable[list[str]]) -> list[str]:
    return [f"config {path}", *(f"    {line}" for entry in entries for line in entry), "end"]


def _edit(name: str, settings: Iterable[str]) -> list[str]:
    number = name if name == "0" else f'"{name}"'
    return [f"edit {number}", *(f"    set {setting}" for setting in settings), "next"]


def _phase1(parameters: Parameters, key: str) -> list[str]:
    suite, own = parameters.ike_suite, parse_identity(parameters.yours.identity)
    return [
        'interface "<WAN-INTERFACE>"',
        f"ike-version {parameters.version}",
        *(["mode main"] if parameters.version == 1 else []),
        *_expected(parameters),
        "net-device disable",
        f"proposal {_proposal(suite)}",
        f"dhgrp {suite.group}",
        f"keylife {parameters.ike.lifetime}",
        f"localid-type {_IDENTITIES[own.kind]}",
        f'localid "{own.plain or YOURS}"',
        "nattraversal enable",
        "dpd on-idle",
        f"dpd-retryinterval {parameters.dpd_interval}",
        f"dpd-retrycount {failures(parameters)}",
        f"remote-gw {parameters.ours.address}",
        f'psksecret "{key}"',
    ]


def _expected(parameters: Parameters) -> list[str]:
    """An address is configured by `remote-gw`; in main mode only the key is checked."""
    other = parse_identity(parameters.ours.identity)
    if other.kind is Kind.ADDRESS or parameters.version == 1:
        return ["peertype any"]
    return ["peertype one", f'peerid "{other.plain or OURS}"']


def _phase2(parameters: Parameters) -> Iterable[list[str]]:
    suite = parameters.esp_suite
    pfs = ["pfs enable", f"dhgrp {suite.group}"] if suite.group else ["pfs disable"]
    for number, pair in enumerate(parameters.pairs, 1):
        settings = [
            f'phase1name "{parameters.tag}"',
            f"proposal {_proposal(suite)}",
            *pfs,
            f"keylifeseconds {parameters.esp.lifetime}",
            "auto-negotiate enable",
            f"src-subnet {_masked(pair.yours)}",
            f"dst-subnet {_masked(pair.ours)}",
        ]
        yield _edit(f"{parameters.tag}-{number}", settings)


def _named(parameters: Parameters) -> Iterable[tuple[str, str, str]]:
    """Side, name and network of every address object."""
    for side, cidrs in (("yours", parameters.yours.cidrs), ("ours", parameters.ours.cidrs)):
        for number, cidr in enumerate(cidrs, 1):
            yield side, f"{parameters.tag}-{side}-{number}", cidr


def _addresses(parameters: Parameters) -> Iterable[list[str]]:
    for _, name, cidr in _named(parameters):
        yield _edit(name, [f"subnet {_masked(IPv4Network(cidr))}"])


def _groups(parameters: Parameters) -> Iterable[list[str]]:
    for side in ("yours", "ours"):
        members = " ".join(f'"{name}"' for where, name, _ in _named(parameters) if where == side)
        yield _edit(f"{parameters.tag}-{side}", [f"member {members}"])


def _routes(parameters: Parameters) -> Iterable[list[str]]:
    for cidr in parameters.ours.cidrs:
        target = f"dst {_masked(IPv4Network(cidr))}"
        yield _edit("0", [target, f'device "{parameters.tag}"'])
        yield _edit("0", [target, "blackhole enable", "distance 254"])


def _policies(parameters: Parameters) -> Iterable[list[str]]:
    tag, lan = parameters.tag, "<LAN-INTERFACE>"
    for number, (source, target, side) in enumerate(((lan, tag, "yours"), (tag, lan, "ours")), 1):
        other = "ours" if side == "yours" else "yours"
        settings = [
            f'name "{tag}-{number}"',
            f'srcintf "{source}"',
            f'dstintf "{target}"',
            f'srcaddr "{tag}-{side}"',
            f'dstaddr "{tag}-{other}"',
            "action accept",
            'schedule "always"',
            'service "ALL"',
            "nat disable",
            f"tcp-mss-sender {CLAMPED_MSS}",
            f"tcp-mss-receiver {CLAMPED_MSS}",
        ]
        yield _edit("0", settings)


def _removal(parameters: Parameters) -> list[str]:
    """The device assigns the numbers of policies and routes."""
    tag = parameters.tag
    names = {
        "firewall addrgrp": [f"{tag}-yours", f"{tag}-ours"],
        "firewall address": [name for _, name, _ in _named(parameters)],
        "vpn ipsec phase2-interface": [f"{tag}-{number + 1}" for number in range(len(parameters.pairs))],
        "vpn ipsec phase1-interface": [tag],
    }
    lines = [f"show firewall policy | grep -f {tag}", f"show router static | grep -f {tag}"]
    lines += ["config firewall policy", "    delete NUMBER, twice", "end"]
    lines += ["config router static", f"    delete NUMBER, {2 * len(parameters.ours.cidrs)} times", "end"]
    for path, listed in names.items():
        lines += [f"config {path}", *(f'    delete "{name}"' for name in listed), "end"]
    return ["# To remove it; the first two commands show the numbers:", *(f"#   {x}" for x in lines)]


def _proposal(suite: Suite) -> str:
    return "-".join(_WORDS.get(word, word) for word in (suite.cipher, suite.digest) if word)


def _masked(network: IPv4Network) -> str:
    return f"{network.network_address} {network.netmask}"
