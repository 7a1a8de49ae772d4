"""Cisco IOS-XE: a crypto map with an access list; one entry and one SA for each pair of networks."""

from __future__ import annotations

from ipaddress import IPv4Network

from vpn.domain.suites import CLAMPED_MSS
from vpn.handoff.identities import OURS, YOURS, Kind, parse_identity
from vpn.handoff.parameters import Parameters, Timeout
from vpn.handoff.support import CIPHERS, COMBINED, KeyIds, Phase, Support

_GROUPS = frozenset({2, 5, 14, 15, 16, 19, 20, 21, 24})
SUPPORT = Support(
    ike=Phase(groups=_GROUPS),
    esp=Phase(ciphers=CIPHERS | COMBINED, groups=_GROUPS),
    only_v2=COMBINED,
    dpd=(10, 3600),
    timeout=Timeout.FIXED,
    retired=frozenset({"md5", "triple_des", 2, 5, 24}),
    since="from 17.11.1 on",
    key_ids=KeyIds.TEXT,
    own_address_v1=True,
    expects_v1=False,
    key_characters="?\"' \\",
)
VERIFY = ("show crypto ikev2 sa", "show crypto isakmp sa", "show crypto ipsec sa")
NOTES = (
    "The tunnel comes up with the first packet that the access list permits: send a ping to start it",
    "An interface has one crypto map: where one is there already, add the entry to it under a free number",
    "Traffic of the tunnel must be left out of NAT: deny it first in the access list of the NAT rule",
    "Let UDP 500, UDP 4500 and ESP in where an access list guards the outer interface",
)
_BITS = (128, 192, 256)
_IKEV2_CIPHERS = {f"aes{bits}": f"aes-cbc-{bits}" for bits in _BITS} | {"triple_des": "3des"}
_IKEV1_CIPHERS = {"aes128": "aes", "aes192": "aes 192", "aes256": "aes 256", "triple_des": "3des"}
_ESP_CIPHERS = {word: f"esp-{keyword}" for word, keyword in _IKEV1_CIPHERS.items()}
_ESP_CIPHERS |= {"aes128gcm16": "esp-gcm", "aes192gcm16": "esp-gcm 192", "aes256gcm16": "esp-gcm 256"}
_ESP_DIGESTS = {"md5": "esp-md5-hmac", "sha1": "esp-sha-hmac"}
_ESP_DIGESTS |= {f"sha{bits}": f"esp-sha{bits}-hmac" for bits in (256, 384, 512)}
_IDENTITIES = {Kind.ADDRESS: "address", Kind.NAME: "fqdn", Kind.KEY: "key-id"}


def body(parameters: Parameters, key: str) -> list[str]:
    """For configuration mode."""
    ike = _ikev1(parameters, key) if parameters.version == 1 else _ikev2(parameters, key)
    return [*ike, *_ipsec(parameters), *_interfaces(parameters), *_nat(parameters), *_removal(parameters)]


def _ikev2(parameters: Parameters, key: str) -> list[str]:
    tag, suite = parameters.tag, parameters.ike_suite
    yours, ours = parameters.yours, parameters.ours
    mask = " 255.255.255.255" if parse_identity(ours.identity).kind is Kind.ADDRESS else ""
    return [
        f"crypto ikev2 proposal {tag}",
        f" encryption {_IKEV2_CIPHERS[suite.cipher]}",
        f" integrity {suite.digest}",
        f" group {suite.group}",
        f"crypto ikev2 policy {tag}",
        f" proposal {tag}",
        f"crypto ikev2 keyring {tag}",
        f" peer {tag}",
        f"  address {ours.address}",
        f"  pre-shared-key {key}",
        f"crypto ikev2 profile {tag}",
        f" match identity remote {_identity(ours.identity, OURS)}{mask}",
        f" identity local {_identity(yours.identity, YOURS)}",
        " authentication remote pre-share",
        " authentication local pre-share",
        f" keyring local {tag}",
        f" lifetime {parameters.ike.lifetime}",
        f" dpd {parameters.dpd_interval} 5 periodic",
        "!",
    ]


def _identity(text: str, placeholder: str) -> str:
    identity = parse_identity(text)
    return f"{_IDENTITIES[identity.kind]} {identity.plain or placeholder}"


def _ikev1(parameters: Parameters, key: str) -> list[str]:
    suite = parameters.ike_suite
    return [
        "crypto isakmp policy <POLICY-NUMBER>",
        f" encryption {_IKEV1_CIPHERS[suite.cipher]}",
        f" hash {'sha' if suite.digest == 'sha1' else suite.digest}",
        " authentication pre-share",
        f" group {suite.group}",
        f" lifetime {parameters.ike.lifetime}",
        f"crypto isakmp key {key} address {parameters.ours.address}",
        f"crypto isakmp keepalive {parameters.dpd_interval} 5 periodic",
        "crypto isakmp identity address",
        "!",
    ]


def _ipsec(parameters: Parameters) -> list[str]:
    tag, suite = parameters.tag, parameters.esp_suite
    profile = [f" set ikev2-profile {tag}"] if parameters.version == 2 else []
    pfs = [f" set pfs group{suite.group}"] if suite.group else []
    digest = f" {_ESP_DIGESTS[suite.digest]}" if suite.digest else ""
    return [
        f"crypto ipsec transform-set {tag} {_ESP_CIPHERS[suite.cipher]}{digest}",
        " mode tunnel",
        f"ip access-list extended {tag}",
        *(f" permit ip {_wildcard(pair.yours)} {_wildcard(pair.ours)}" for pair in parameters.pairs),
        f"crypto map {tag} 10 ipsec-isakmp",
        f" set peer {parameters.ours.address}",
        f" set security-association lifetime seconds {parameters.esp.lifetime}",
        f" set transform-set {tag}",
        *pfs,
        *profile,
        f" match address {tag}",
        "!",
    ]


def _interfaces(parameters: Parameters) -> list[str]:
    return [
        "interface <WAN-INTERFACE>",
        f" crypto map {parameters.tag}",
        "interface <LAN-INTERFACE>",
        f" ip tcp adjust-mss {CLAMPED_MSS}",
        "!",
    ]


def _nat(parameters: Parameters) -> list[str]:
    lines = [f"deny ip {_wildcard(pair.yours)} {_wildcard(pair.ours)}" for pair in parameters.pairs]
    return ["! First in the access list of your NAT rule, where there is one:", *(f"!  {x}" for x in lines)]


def _removal(parameters: Parameters) -> list[str]:
    tag = parameters.tag
    own = (
        [f"no crypto ikev2 {kind} {tag}" for kind in ("profile", "keyring", "policy", "proposal")]
        if parameters.version == 2
        else [
            f"no crypto isakmp key address {parameters.ours.address}",
            "no crypto isakmp policy <POLICY-NUMBER>",
        ]
    )
    lines = ["interface <WAN-INTERFACE>", f" no crypto map {tag}", "exit"]
    lines += [f"no crypto map {tag} 10", f"no ip access-list extended {tag}"]
    lines += [f"no crypto ipsec transform-set {tag}", *own]
    lines += ["interface <LAN-INTERFACE>", " no ip tcp adjust-mss"]
    return ["! To remove it, and the lines in the NAT rule:", *(f"!  {x}" for x in lines)]


def _wildcard(network: IPv4Network) -> str:
    if network.prefixlen == 32:
        return f"host {network.network_address}"
    return "any" if network.prefixlen == 0 else f"{network.network_address} {network.hostmask}"
