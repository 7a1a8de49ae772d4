"""OPNsense 23.1 and later: a swanctl.conf of its own, with the fields of the pages as comments."""

from __future__ import annotations

from vpn.domain.handoff import strongswan
from vpn.domain.handoff.parameters import Parameters
from vpn.domain.handoff.support import COMBINED, MORE_CIPHERS, MORE_DIGESTS, MORE_GROUPS, Support

SUPPORT = Support(
    ciphers=MORE_CIPHERS | COMBINED, digests=MORE_DIGESTS, groups=MORE_GROUPS | {22, 23, 24}, names=True
)
VERIFY = ("swanctl --load-all", "VPN > IPsec > Status Overview", "VPN > IPsec > Log File")
NOTES = (
    "The pages do not show what comes from a file; to have it there, type the values listed at the end",
    "The pages have no 3DES and no MD5, and DH groups 2 and 5 in a few proposals only; the file has them all",
    "Add a rule in Firewall > Rules > IPsec that lets the networks behind the gateway in",
    "Set Firewall > Settings > Normalization to a maximum MSS of 1360 for the interface IPsec",
)


def body(parameters: Parameters, key: str) -> list[str]:
    """Both ways: the file, or by hand."""
    file = strongswan.body(parameters, key)
    end = file.index("")
    return [*file[:end], "", *(f"# {line}".rstrip() for line in _by_hand(parameters))]


def _by_hand(parameters: Parameters) -> list[str]:
    yours, ours = parameters.yours, parameters.ours
    timeout = f", DPD timeout {parameters.dpd_timeout}" if parameters.version == 1 else ""
    return [
        "By hand instead of this file:",
        f"VPN > IPsec > Pre-Shared Keys: Local Identifier {yours.identity},",
        f"  Remote Identifier {ours.identity}, Type PSK",
        f"VPN > IPsec > Connections: Version IKEv{parameters.version},",
        f"  Proposals {parameters.ike_suite.keywords},",
        f"  Local addresses {yours.address}, Remote addresses {ours.address}, MOBIKE off,",
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
