"""Juniper SRX: a route-based tunnel with one traffic selector for each pair of networks."""

from __future__ import annotations

from vpn.domain.suites import CLAMPED_MSS
from vpn.handoff.identities import OURS, YOURS, Kind, parse_identity
from vpn.handoff.parameters import Parameters, Timeout
from vpn.handoff.support import CIPHERS, COMBINED, KeyIds, Phase, Support, failures

_GROUPS = frozenset({2, 5, 14, 15, 16, 19, 20, 21, 24})
SUPPORT = Support(
    ike=Phase(groups=_GROUPS, unsure=frozenset({"sha512"})),
    esp=Phase(ciphers=CIPHERS | COMBINED, groups=_GROUPS, unsure=frozenset({"sha384", "sha512"})),
    # The available references disagree about them.
    unwritten=frozenset({17, 18}),
    dpd=(10, 60),
    timeout=Timeout.PROBES,
    key_ids=KeyIds.NONE,
    key_characters='"\\',
    key_beginnings=("$8$", "$9$"),
)
VERIFY = (
    "show security ike security-associations",
    "show security ipsec security-associations",
    "show security ipsec statistics",
)
NOTES = (
    "Traffic selectors bring their own routes; no static route is needed",
    "Where you have a NAT rule set from <LAN-ZONE> to <VPN-ZONE> already, put the rule first into that one",
    "<UNIT> is a free unit of st0, such as 10",
)
_BITS = (128, 192, 256)
_CIPHERS = {f"aes{bits}": f"aes-{bits}-cbc" for bits in _BITS} | {"triple_des": "3des-cbc"}
_CIPHERS |= {f"aes{bits}gcm16": f"aes-{bits}-gcm" for bits in _BITS}
_IKE_DIGESTS = {"md5": "md5", "sha1": "sha1", "sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512"}
_ESP_DIGESTS = {"md5": "hmac-md5-96", "sha1": "hmac-sha1-96", "sha256": "hmac-sha-256-128"}
_ESP_DIGESTS |= {"sha384": "hmac-sha-384", "sha512": "hmac-sha-512"}


def body(parameters: Parameters, key: str) -> list[str]:
    """Lines of `set` for configuration mode."""
    return [
        *_ike(parameters, key),
        *_ipsec(parameters),
        *_zones(parameters),
        *_nat(parameters),
        *_removal(parameters),
    ]


def _ike(parameters: Parameters, key: str) -> list[str]:
    tag, suite = parameters.tag, parameters.ike_suite
    proposal, gateway = f"set security ike proposal {tag}", f"set security ike gateway {tag}"
    main = [f"set security ike policy {tag} mode main"] if parameters.version == 1 else []
    return [
        f"{proposal} authentication-method pre-shared-keys",
        f"{proposal} dh-group group{suite.group}",
        f"{proposal} authentication-algorithm {_IKE_DIGESTS[suite.digest]}",
        f"{proposal} encryption-algorithm {_CIPHERS[suite.cipher]}",
        f"{proposal} lifetime-seconds {parameters.ike.lifetime}",
        *main,
        f"set security ike policy {tag} proposals {tag}",
        f'set security ike policy {tag} pre-shared-key ascii-text "{key}"',
        f"{gateway} ike-policy {tag}",
        f"{gateway} address {parameters.ours.address}",
        f"{gateway} external-interface <WAN-INTERFACE>",
        f"{gateway} version v{parameters.version}-only",
        f"{gateway} local-identity {_identity(parameters.yours.identity, YOURS)}",
        f"{gateway} remote-identity {_identity(parameters.ours.identity, OURS)}",
        f"{gateway} dead-peer-detection always-send",
        f"{gateway} dead-peer-detection interval {parameters.dpd_interval}",
        f"{gateway} dead-peer-detection threshold {failures(parameters)}",
    ]


def _identity(text: str, placeholder: str) -> str:
    identity = parse_identity(text)
    if identity.kind is Kind.KEY:
        return placeholder
    return f"{'hostname' if identity.kind is Kind.NAME else 'inet'} {identity.value}"


def _ipsec(parameters: Parameters) -> list[str]:
    tag, suite = parameters.tag, parameters.esp_suite
    proposal, policy, vpn = (f"set security ipsec {kind} {tag}" for kind in ("proposal", "policy", "vpn"))
    pfs = [f"{policy} perfect-forward-secrecy keys group{suite.group}"] if suite.group else []
    selectors = [
        f"{vpn} traffic-selector pair-{number} local-ip {pair.yours} remote-ip {pair.ours}"
        for number, pair in enumerate(parameters.pairs, 1)
    ]
    return [
        f"{proposal} protocol esp",
        *([f"{proposal} authentication-algorithm {_ESP_DIGESTS[suite.digest]}"] if suite.digest else []),
        f"{proposal} encryption-algorithm {_CIPHERS[suite.cipher]}",
        f"{proposal} lifetime-seconds {parameters.esp.lifetime}",
        *pfs,
        f"{policy} proposals {tag}",
        f"{vpn} bind-interface st0.<UNIT>",
        f"{vpn} ike gateway {tag}",
        f"{vpn} ike ipsec-policy {tag}",
        *selectors,
        f"{vpn} establish-tunnels immediately",
        "set interfaces st0 unit <UNIT> family inet",
    ]


def _zones(parameters: Parameters) -> list[str]:
    lines = [
        "set security zones security-zone <VPN-ZONE> interfaces st0.<UNIT>",
        "set security zones security-zone <WAN-ZONE> host-inbound-traffic system-services ike",
    ]
    sides = (("yours", parameters.yours.cidrs), ("ours", parameters.ours.cidrs))
    for side, cidrs in sides:
        for number, cidr in enumerate(cidrs, 1):
            name = f"{parameters.tag}-{side}-{number}"
            lines += [
                f"set security address-book global address {name} {cidr}",
                f"set security address-book global address-set {parameters.tag}-{side} address {name}",
            ]
    for source, zones in (("yours", ("<LAN-ZONE>", "<VPN-ZONE>")), ("ours", ("<VPN-ZONE>", "<LAN-ZONE>"))):
        target = "ours" if source == "yours" else "yours"
        policy = f"set security policies from-zone {zones[0]} to-zone {zones[1]} policy {parameters.tag}"
        lines += [
            f"{policy} match source-address {parameters.tag}-{source}",
            f"{policy} match destination-address {parameters.tag}-{target}",
            f"{policy} match application any",
            f"{policy} then permit",
        ]
    return [*lines, f"set security flow tcp-mss ipsec-vpn mss {CLAMPED_MSS}"]


def _nat(parameters: Parameters) -> list[str]:
    """A separate rule set for these two zones."""
    rules = f"set security nat source rule-set {parameters.tag}"
    rule = f"{rules} rule {parameters.tag}"
    return [
        f"{rules} from zone <LAN-ZONE>",
        f"{rules} to zone <VPN-ZONE>",
        *(f"{rule} match source-address {cidr}" for cidr in parameters.yours.cidrs),
        *(f"{rule} match destination-address {cidr}" for cidr in parameters.ours.cidrs),
        f"{rule} then source-nat off",
    ]


def _removal(parameters: Parameters) -> list[str]:
    """Objects are deleted after everything that refers to them."""
    tag = parameters.tag
    zones = (("<LAN-ZONE>", "<VPN-ZONE>"), ("<VPN-ZONE>", "<LAN-ZONE>"))
    book = "security address-book global"
    sides = (("yours", parameters.yours.cidrs), ("ours", parameters.ours.cidrs))
    gone = [
        f"security nat source rule-set {tag}",
        *(f"security policies from-zone {here} to-zone {there} policy {tag}" for here, there in zones),
        *(f"{book} address-set {tag}-{side}" for side, _ in sides),
        *(
            f"{book} address {tag}-{side}-{number + 1}"
            for side, cidrs in sides
            for number in range(len(cidrs))
        ),
        *(f"security ipsec {kind} {tag}" for kind in ("vpn", "policy", "proposal")),
        *(f"security ike {kind} {tag}" for kind in ("gateway", "policy", "proposal")),
        "security zones security-zone <VPN-ZONE> interfaces st0.<UNIT>",
        "interfaces st0 unit <UNIT>",
    ]
    return ["# To remove it:", *(f"#   delete {line}" for line in gone)]
