"""pfSense: the IPsec part of config.xml; its elements are the fields of the web pages under VPN > IPsec."""

from __future__ import annotations

from ipaddress import IPv4Network
from xml.sax.saxutils import escape

from vpn.domain.suites import CLAMPED_MSS
from vpn.handoff.identities import Kind, parse_identity
from vpn.handoff.parameters import Parameters, Timeout, safe_name
from vpn.handoff.support import CIPHERS, COMBINED, DIGESTS, Phase, Support

_CIPHERS, _DIGESTS = CIPHERS - {"triple_des"}, DIGESTS - {"md5"}
SUPPORT = Support(
    ike=Phase(ciphers=_CIPHERS, digests=_DIGESTS),
    esp=Phase(ciphers=_CIPHERS | COMBINED, digests=_DIGESTS),
    timeout=Timeout.INTERVALS,
)
VERIFY = ("Status > IPsec", "Status > System Logs > IPsec")
NOTES = (
    "Or type the same values into VPN > IPsec > Tunnels: phase 1 once, phase 2 for each pair of networks",
    "ikeid, uniqid and reqid must be free in your configuration",
    "Add a rule in Firewall > Rules > IPsec that lets the networks behind the gateway in",
    f"Set System > Advanced > Firewall & NAT > Maximum MSS to {CLAMPED_MSS}",
    "The timeout of dead peer detection counts with IKEv1 only",
)
_IDENTITIES = {Kind.ADDRESS: "address", Kind.NAME: "fqdn", Kind.KEY: "keyid tag"}


def body(parameters: Parameters, key: str) -> list[str]:
    """Well-formed, with the header as a comment before it."""
    return [
        "<ipsec>",
        *(f"  {line}" for line in _phase1(parameters, key)),
        *(f"  {line}" for number in range(len(parameters.pairs)) for line in _phase2(parameters, number)),
        "</ipsec>",
        *_around(parameters),
    ]


def _around(parameters: Parameters) -> list[str]:
    """NAT, and how to remove it; as a comment, because both are done on the web pages."""
    return [
        "<!--",
        "NAT: automatic outbound rules leave the packets of the tunnel alone. With manual rules put these",
        "first in Firewall > NAT > Outbound, with Do not NAT:",
        *(f"  Source {pair.yours}, Destination {pair.ours}" for pair in parameters.pairs),
        "To remove it: delete phase 1 in VPN > IPsec > Tunnels, which takes each phase 2 with it,",
        "and what you added for it in Firewall > Rules > IPsec and Firewall > NAT > Outbound.",
        "-->",
    ]


def _phase1(parameters: Parameters, key: str) -> list[str]:
    suite = parameters.ike_suite
    fields = [
        "<ikeid>1</ikeid>",
        f"<iketype>ikev{parameters.version}</iketype>",
        *(["<mode>main</mode>"] if parameters.version == 1 else []),
        "<interface>wan</interface>",
        f"<remote-gateway>{parameters.ours.address}</remote-gateway>",
        "<protocol>inet</protocol>",
        *_identity("myid", parameters.yours.identity),
        *_identity("peerid", parameters.ours.identity),
        "<encryption>",
        "  <item>",
        f"    <encryption-algorithm>{_cipher(suite.cipher)}</encryption-algorithm>",
        f"    <hash-algorithm>{suite.digest}</hash-algorithm>",
        f"    <dhgroup>{suite.group}</dhgroup>",
        "  </item>",
        "</encryption>",
        f"<lifetime>{parameters.ike.lifetime}</lifetime>",
        f"<pre-shared-key>{escape(key)}</pre-shared-key>",
        "<authentication_method>pre_shared_key</authentication_method>",
        f"<descr>{safe_name(parameters.name)}</descr>",
        "<nat_traversal>on</nat_traversal>",
        "<mobike>off</mobike>",
        "<startaction>start</startaction>",
        f"<dpd_delay>{parameters.dpd_interval}</dpd_delay>",
        # Its timeout is the delay times one more than this.
        f"<dpd_maxfail>{max(1, parameters.dpd_timeout // parameters.dpd_interval - 1)}</dpd_maxfail>",
    ]
    return ["<phase1>", *(f"  {field}" for field in fields), "</phase1>"]


def _identity(side: str, text: str) -> list[str]:
    """After the prefix # charon reads bytes in hexadecimal."""
    identity = parse_identity(text)
    data = f"#{identity.value}" if identity.kind is Kind.KEY else identity.value
    return [f"<{side}_type>{_IDENTITIES[identity.kind]}</{side}_type>", f"<{side}_data>{data}</{side}_data>"]


def _phase2(parameters: Parameters, number: int) -> list[str]:
    pair, suite = parameters.pairs[number], parameters.esp_suite
    fields = [
        "<ikeid>1</ikeid>",
        f"<uniqid>{parameters.tag}-{number + 1}</uniqid>",
        f"<reqid>{number + 1}</reqid>",
        "<mode>tunnel</mode>",
        f"<localid>{_network(pair.yours)}</localid>",
        f"<remoteid>{_network(pair.ours)}</remoteid>",
        "<protocol>esp</protocol>",
        f"<encryption-algorithm-option>{_cipher(suite.cipher)}</encryption-algorithm-option>",
        *([f"<hash-algorithm-option>hmac_{suite.digest}</hash-algorithm-option>"] if suite.digest else []),
        f"<pfsgroup>{suite.group}</pfsgroup>",
        f"<lifetime>{parameters.esp.lifetime}</lifetime>",
        f"<descr>{safe_name(parameters.name)} {number + 1}</descr>",
    ]
    return ["<phase2>", *(f"  {field}" for field in fields), "</phase2>"]


def _cipher(name: str) -> str:
    """The number after GCM is the length of its ICV."""
    if name.endswith("gcm16"):
        return f"<name>{name.removesuffix('16')}</name><keylen>128</keylen>"
    return f"<name>aes</name><keylen>{name.removeprefix('aes')}</keylen>"


def _network(network: IPv4Network) -> str:
    address, bits = network.network_address, network.prefixlen
    return f"<type>network</type><address>{address}</address><netbits>{bits}</netbits>"
