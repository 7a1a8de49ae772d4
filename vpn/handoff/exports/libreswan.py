"""ipsec.conf and ipsec.secrets of Libreswan, in one file with both parts marked."""

from __future__ import annotations

from vpn.domain.suites import CLAMPED_MSS
from vpn.handoff.identities import OURS, YOURS, Kind, parse_identity
from vpn.handoff.parameters import Parameters, Suite
from vpn.handoff.support import CIPHERS, COMBINED, USUAL_GROUPS, KeyIds, Phase, Support

_GROUPS = USUAL_GROUPS - {2}
SUPPORT = Support(
    ike=Phase(groups=_GROUPS),
    esp=Phase(ciphers=CIPHERS | COMBINED, groups=_GROUPS),
    # Only builds with all algorithms support them.
    unwritten=frozenset({23, 24}),
    key_ids=KeyIds.TEXT,
    key_characters='"',
)
VERIFY = ("ipsec auto --up <TAG>", "ipsec trafficstatus", "ipsec status")
NOTES = (
    "Dead peer detection has no timeout of its own with IKEv2",
    "Libreswan 5, and Debian's since 4.5, refuse IKEv1 unless `config setup` has ikev1-policy=accept",
)
_WORDS = {"triple_des": "3des", "sha256": "sha2_256", "sha384": "sha2_384", "sha512": "sha2_512"}
_WORDS |= {f"aes{bits}gcm16": f"aes_gcm{bits}" for bits in (128, 192, 256)}


def body(parameters: Parameters, key: str) -> list[str]:
    """Two files; the second contains the key."""
    yours, ours = parameters.yours, parameters.ours
    own, other = _identity(yours.identity, YOURS), _identity(ours.identity, OURS)
    settings = [
        # Libreswan 4 knows no `keyexchange=ikev2`; Libreswan 5 only says that it has replaced this.
        "ikev2=never" if parameters.version == 1 else "ikev2=insist",
        "authby=secret",
        "type=tunnel",
        f"left={yours.fixed_address or '%defaultroute'}",
        f"leftid={own}",
        f"leftsubnets={{{','.join(yours.cidrs)}}}",
        f"right={ours.address}",
        f"rightid={other}",
        f"rightsubnets={{{','.join(ours.cidrs)}}}",
        f"ike={_keywords(parameters.ike_suite)};dh{parameters.ike_suite.group}",
        f"ikelifetime={parameters.ike.lifetime}s",
        f"esp={_esp(parameters.esp_suite)}",
        f"salifetime={parameters.esp.lifetime}s",
        f"pfs={'yes' if parameters.esp_suite.group else 'no'}",
        f"dpddelay={parameters.dpd_interval}",
        *([f"dpdtimeout={parameters.dpd_timeout}", "dpdaction=restart"] if parameters.version == 1 else []),
        "encapsulation=auto",
        f"mtu={CLAMPED_MSS + 40}",
        "auto=start",
    ]
    return [
        f"# --- /etc/ipsec.d/{parameters.tag}.conf ---",
        f"conn {parameters.tag}",
        *(f"    {line}" for line in settings),
        "",
        f"# --- /etc/ipsec.d/{parameters.tag}.secrets (mode 0600) ---",
        f'{own} {other} : PSK "{key}"',
        "",
        "# Packets that leave by the tunnel must not be masqueraded:",
        *(
            f"#   iptables -t nat -I POSTROUTING -s {pair.yours} -d {pair.ours} -j ACCEPT"
            for pair in parameters.pairs
        ),
        "# To remove it:",
        f"#   ipsec auto --delete {parameters.tag}",
        f"#   rm /etc/ipsec.d/{parameters.tag}.conf /etc/ipsec.d/{parameters.tag}.secrets",
        *(
            f"#   iptables -t nat -D POSTROUTING -s {pair.yours} -d {pair.ours} -j ACCEPT"
            for pair in parameters.pairs
        ),
    ]


def _identity(text: str, placeholder: str) -> str:
    """The prefix @ marks a name that is not resolved; brackets mark a key ID."""
    identity = parse_identity(text)
    if identity.kind is Kind.KEY:
        return f"@[{identity.plain}]" if identity.plain else placeholder
    return f"@{identity.value}" if identity.kind is Kind.NAME else identity.value


def _keywords(suite: Suite) -> str:
    return "-".join(_WORDS.get(word, word) for word in (suite.cipher, suite.digest) if word)


def _esp(suite: Suite) -> str:
    """A group here means PFS with that group."""
    return f"{_keywords(suite)};dh{suite.group}" if suite.group else _keywords(suite)
