"""Juniper SRX: a route-based tunnel with one traffic selector for each pair of networks."""

from __future__ import annotations

from vpn.domain.handoff.parameters import TCP_MSS, Parameters
from vpn.domain.handoff.support import Support, clamped, failures

SUPPORT = Support(dpd=(10, 60), key_characters='"\\', key_beginnings=("$8$", "$9$"))
VERIFY = (
    "show security ike security-associations",
    "show security ipsec security-associations",
    "show security ipsec statistics",
)
NOTES = (
    "Load it with `load set terminal` in configuration mode, then `commit check` and `commit`",
    "Traffic selectors bring their own routes; no static route is needed",
    "<UNIT> is a free unit of st0, such as 10",
)
_CIPHERS = {"aes128": "aes-128-cbc", "aes256": "aes-256-cbc", "triple_des": "3des-cbc"}
_IKE_DIGESTS = {"md5": "md5", "sha1": "sha1", "sha256": "sha-256"}
_ESP_DIGESTS = {"md5": "hmac-md5-96", "sha1": "hmac-sha1-96", "sha256": "hmac-sha-256-128"}


def body(parameters: Parameters, key: str) -> list[str]:
    """Lines of `set` for configuration mode."""
    return [
        *_ike(parameters, key),
        *_ipsec(parameters),
        *_zones(parameters),
        "# To take it away again: delete the same objects, such as",
        f"#   delete security ipsec vpn {parameters.tag}",
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
        f"{gateway} local-identity inet {parameters.yours.identity}",
        f"{gateway} remote-identity inet {parameters.ours.identity}",
        f"{gateway} dead-peer-detection always-send",
        f"{gateway} dead-peer-detection interval {clamped(SUPPORT, parameters.dpd_interval)}",
        f"{gateway} dead-peer-detection threshold {failures(SUPPORT, parameters)}",
    ]


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
        f"{proposal} authentication-algorithm {_ESP_DIGESTS[suite.digest]}",
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
    return [*lines, f"set security flow tcp-mss ipsec-vpn mss {TCP_MSS}"]
