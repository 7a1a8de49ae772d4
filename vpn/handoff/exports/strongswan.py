"""swanctl.conf, for strongSwan itself and for firewalls that read it."""

from __future__ import annotations

from vpn.domain.suites import CLAMPED_MSS
from vpn.handoff.parameters import End, Parameters
from vpn.handoff.support import Support

SUPPORT = Support()
VERIFY = (
    "swanctl --list-sas",
    "swanctl --initiate --child <TAG>-1",
    "swanctl --log, while it is tried",
)
NOTES = (
    "Behind NAT local_addrs is the private address of the device; the identity stays",
    "The timeout of dead peer detection counts with IKEv1 only; with IKEv2 the retransmissions of charon do",
)


def quoted(key: str) -> str:
    """Within double quotes only these two characters are special."""
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def body(parameters: Parameters, key: str) -> list[str]:
    """Complete: only the key may need an edit."""
    there = f"{{ {', '.join(parameters.ours.cidrs)} }}"
    return [
        *settings(parameters, key),
        "",
        "# Packets that leave by the tunnel must not be masqueraded, and large ones must not be lost:",
        f"#   nft insert rule ip nat postrouting ip daddr {there} accept",
        f"#   nft add rule inet filter forward ip daddr {there} tcp flags syn"
        f" tcp option maxseg size set {CLAMPED_MSS}",
        "# To remove it: remove this file and both rules, then",
        "#   swanctl --load-all",
        f"#   swanctl --terminate --ike {parameters.tag}",
    ]


def settings(parameters: Parameters, key: str) -> list[str]:
    """The settings that charon reads."""
    return [
        "connections {",
        f"  {parameters.tag} {{",
        *(f"    {line}" for line in _connection(parameters)),
        "    children {",
        *(f"      {line}" for line in _children(parameters)),
        "    }",
        "  }",
        "}",
        "secrets {",
        f"  ike-{parameters.tag} {{",
        f"    id-1 = {_identity(parameters.yours)}",
        f"    id-2 = {_identity(parameters.ours)}",
        f"    secret = {quoted(key)}",
        "  }",
        "}",
    ]


def _identity(end: End) -> str:
    """Quoted if a # would start a comment."""
    return quoted(end.identity) if "#" in end.identity else end.identity


def _connection(parameters: Parameters) -> list[str]:
    lines = [
        f"version = {parameters.version}",
        f"local_addrs = {parameters.yours.fixed_address or '%any'}",
        f"remote_addrs = {parameters.ours.address}",
        f"proposals = {parameters.ike_suite.keywords}",
        f"rekey_time = {parameters.ike.lifetime}s",
        f"dpd_delay = {parameters.dpd_interval}s",
        "mobike = no",
        "unique = replace",
        "keyingtries = 0",
        "local {",
        "  auth = psk",
        f"  id = {_identity(parameters.yours)}",
        "}",
        "remote {",
        "  auth = psk",
        f"  id = {_identity(parameters.ours)}",
        "}",
    ]
    if parameters.version == 1:
        lines.insert(6, f"dpd_timeout = {parameters.dpd_timeout}s")
    return lines


def _children(parameters: Parameters) -> list[str]:
    # If the gateway initiates, both ends initiating again after a failure would create duplicate SAs.
    closed = "none" if parameters.gateway_initiates else "start"
    lines = []
    for number, pair in enumerate(parameters.pairs, 1):
        lines += [
            f"{parameters.tag}-{number} {{",
            f"  local_ts = {pair.yours}",
            f"  remote_ts = {pair.ours}",
            f"  esp_proposals = {parameters.esp_suite.keywords}",
            f"  rekey_time = {parameters.esp.lifetime}s",
            "  start_action = start",
            f"  close_action = {closed}",
            "  dpd_action = restart",
            "}",
        ]
    return lines
