"""OPNsense 23.1 and later: a separate swanctl.conf, with the fields of the web pages as comments."""

from __future__ import annotations

from vpn.domain.suites import CLAMPED_MSS
from vpn.handoff.exports import strongswan
from vpn.handoff.parameters import Parameters
from vpn.handoff.support import Support

# Limits of the file; what the web pages do not support is in the notes.
SUPPORT = Support()
VERIFY = ("swanctl --list-sas", "VPN > IPsec > Status Overview", "VPN > IPsec > Log File")
NOTES = (
    "The pages do not show what comes from a file; to have it there, type the values listed at the end",
    "The pages have no 3DES, no MD5 and no DH groups 22 to 24, and groups 2 and 5 in a few proposals only;"
    " the file has them all",
    "Add a rule in Firewall > Rules > IPsec that lets the networks behind the gateway in",
    f"Set Firewall > Settings > Normalization to a maximum MSS of {CLAMPED_MSS} for the interface IPsec",
)


def body(parameters: Parameters, key: str) -> list[str]:
    """Both variants: the file, or fields to fill in by hand."""
    remarks = [*_by_hand(parameters), "", *_around(parameters)]
    return [*strongswan.settings(parameters, key), "", *(f"# {line}".rstrip() for line in remarks)]


def _around(parameters: Parameters) -> list[str]:
    """NAT, and how to remove it."""
    return [
        "NAT: automatic outbound rules leave the packets of the tunnel alone. With manual rules put these",
        "first in Firewall > NAT > Outbound, for the interface IPsec, with Do not NAT:",
        *(f"  Source {pair.yours}, Destination {pair.ours}" for pair in parameters.pairs),
        "To remove it: remove this file and the rules, then",
        "  swanctl --load-all",
        f"  swanctl --terminate --ike {parameters.tag}",
    ]


def _by_hand(parameters: Parameters) -> list[str]:
    yours, ours = parameters.yours, parameters.ours
    own = f"Local addresses {yours.fixed_address}" if yours.fixed_address else "Local addresses empty"
    timeout = f", DPD timeout {parameters.dpd_timeout}" if parameters.version == 1 else ""
    return [
        "By hand instead of this file:",
        f"VPN > IPsec > Pre-Shared Keys: Local Identifier {yours.identity},",
        f"  Remote Identifier {ours.identity}, Type PSK",
        f"VPN > IPsec > Connections: Version IKEv{parameters.version},",
        f"  Proposals {parameters.ike_suite.keywords},",
        f"  {own}, Remote addresses {ours.address}, MOBIKE off,",
        f"  Rekey time {parameters.ike.lifetime}, DPD delay {parameters.dpd_interval}{timeout}",
        f"  Local Authentication: Pre-Shared Key, Id {yours.identity}",
        f"  Remote Authentication: Pre-Shared Key, Id {ours.identity}",
        *(
            f"  Children: Local {pair.yours}, Remote {pair.ours}, Mode Tunnel, Start action Start,"
            f" DPD action Start, ESP proposals {parameters.esp_suite.keywords},"
            f" Rekey time {parameters.esp.lifetime}"
            for pair in parameters.pairs
        ),
    ]
