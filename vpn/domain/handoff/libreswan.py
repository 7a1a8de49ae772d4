"""ipsec.conf and ipsec.secrets of Libreswan, in one file with both parts marked."""

from __future__ import annotations

from vpn.domain.handoff.parameters import TCP_MSS, Parameters, Suite
from vpn.domain.handoff.support import Support

SUPPORT = Support(groups=frozenset({5, 14}))
VERIFY = ("ipsec auto --up <TAG>", "ipsec trafficstatus", "ipsec status")
NOTES = (
    "Dead peer detection has no timeout of its own with IKEv2",
    "Libreswan 5 refuses IKEv1 unless `config setup` has ikev1-policy=accept",
    "Libreswan 3 and 4 before 4.2 write ikev2=insist or ikev2=never instead of keyexchange",
)
_WORDS = {"triple_des": "3des", "sha256": "sha2_256"}


def body(parameters: Parameters, key: str) -> list[str]:
    """Two files; the second holds the key."""
    yours, ours = parameters.yours, parameters.ours
    settings = [
        f"keyexchange=ikev{parameters.version}",
        "authby=secret",
        "type=tunnel",
        f"left={yours.address}",
        f"leftid={yours.identity}",
        f"leftsubnets={{{','.join(yours.cidrs)}}}",
        f"right={ours.address}",
        f"rightid={ours.identity}",
        f"rightsubnets={{{','.join(ours.cidrs)}}}",
        f"ike={_keywords(parameters.ike_suite)};dh{parameters.ike_suite.group}",
        f"ikelifetime={parameters.ike.lifetime}s",
        f"esp={_esp(parameters.esp_suite)}",
        f"salifetime={parameters.esp.lifetime}s",
        f"pfs={'yes' if parameters.esp_suite.group else 'no'}",
        f"dpddelay={parameters.dpd_interval}",
        *([f"dpdtimeout={parameters.dpd_timeout}", "dpdaction=restart"] if parameters.version == 1 else []),
        "encapsulation=auto",
        f"mtu={TCP_MSS + 40}",
        "auto=start",
    ]
    return [
        f"# --- /etc/ipsec.d/{parameters.tag}.conf ---",
        f"conn {parameters.tag}",
        *(f"    {line}" for line in settings),
        "",
        f"# --- /etc/ipsec.d/{parameters.tag}.secrets (mode 0600) ---",
        f'{yours.identity} {ours.identity} : PSK "{key}"',
        "",
        "# Packets that leave by the tunnel must not be masqueraded:",
        *(
            f"#   iptables -t nat -I POSTROUTING -s {pair.yours} -d {pair.ours} -j ACCEPT"
            for pair in parameters.pairs
        ),
        "# To take it away again: ipsec auto --delete, then remove both files.",
    ]


def _keywords(suite: Suite) -> str:
    return f"{_WORDS.get(suite.cipher, suite.cipher)}-{_WORDS.get(suite.digest, suite.digest)}"


def _esp(suite: Suite) -> str:
    """A group here means PFS with that very group."""
    return f"{_keywords(suite)};dh{suite.group}" if suite.group else _keywords(suite)
