"""Identities in the words of each device, and what every file must have besides the tunnel."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from policies.domain.proposals import EspOffer, Proposal
from tests.vpn.handoff.cases import (
    CASES,
    GATEWAY,
    NAME,
    PEER,
    V1,
    V2,
    case,
    known_as,
    text,
)
from vpn.domain.identities import Identity
from vpn.handoff.identities import OURS, YOURS, Kind, ParsedIdentity, parse_identity
from vpn.handoff.parameters import End
from vpn.handoff.support import adapt_to_device
from vpn.handoff.vendors import VENDORS, limits, obstacles

NAMES = CASES["names"]
KEYS = CASES["key-ids"]
BYTES = known_as(case(V2), Identity("key_id", "AAEC"), Identity("key_id", "//4="))

IN_NAMES = {
    "strongswan": ["id = @vpn.example.com", "id = @cloud", "local_addrs = %any"],
    "libreswan": [
        "left=%defaultroute",
        "leftid=@vpn.example.com",
        "rightid=@cloud",
        "@vpn.example.com @cloud : PSK",
    ],
    "cisco": [" identity local fqdn vpn.example.com\n", " match identity remote fqdn cloud\n"],
    "juniper": ["local-identity hostname vpn.example.com", "remote-identity hostname cloud"],
    "fortigate": [
        "set localid-type fqdn",
        'set localid "vpn.example.com"',
        "set peertype one",
        'set peerid "cloud"',
    ],
    "vyos": ["local-id '@vpn.example.com'", "remote-id '@cloud'", "psk isth-1a2b3c4d id '@cloud'"],
    "pfsense": [
        "<myid_type>fqdn</myid_type>",
        "<myid_data>vpn.example.com<",
        "<peerid_type>fqdn<",
        "<peerid_data>cloud<",
    ],
    "opnsense": ["id = @vpn.example.com", "Local addresses empty", "Id @cloud"],
    "mikrotik": ["my-id=fqdn:vpn.example.com remote-id=fqdn:cloud"],
}


@pytest.mark.parametrize("slug", VENDORS)
def test_names_are_written_as_the_device_requires(slug: str) -> None:
    vendor = VENDORS[slug]
    made = text(NAMES, vendor)
    for words in IN_NAMES[slug]:
        assert words in made, words
    assert obstacles(vendor, NAMES) == [] and limits(vendor, NAMES) == []
    assert f"Your address: {NAME}\n" in made and f"Your identity: {NAME} (of the type FQDN)" in made


@pytest.mark.parametrize("slug", VENDORS)
def test_no_device_is_given_its_own_name_for_an_address(slug: str) -> None:
    """Its address may change; where the device asks for one it takes any."""
    body = "\n".join(VENDORS[slug].body(adapt_to_device(VENDORS[slug].support, NAMES), "key"))
    assert not re.search(rf"(local_addrs|left|local-address)\W+{re.escape(NAME)}", body)
    assert "local-address 'any'" in body or slug != "vyos"


IN_KEYS = {
    "strongswan": ['id = "@#6272616e63682d37"', 'id = "@#6875622d31"'],
    "libreswan": ["leftid=@[branch-7]", "rightid=@[hub-1]"],
    "cisco": [" identity local key-id branch-7\n", " match identity remote key-id hub-1\n"],
    "juniper": [f"local-identity {YOURS}", f"remote-identity {OURS}"],
    "fortigate": ["set localid-type keyid", 'set localid "branch-7"', 'set peerid "hub-1"'],
    "vyos": ["local-id '@#6272616e63682d37'"],
    "pfsense": ["<myid_type>keyid tag<", "<myid_data>#6272616e63682d37<"],
    "opnsense": ['id = "@#6272616e63682d37"'],
    "mikrotik": ["my-id=key-id:branch-7 remote-id=key-id:hub-1"],
}


@pytest.mark.parametrize("slug", VENDORS)
def test_key_ids_are_written_as_the_device_requires(slug: str) -> None:
    made = text(KEYS, VENDORS[slug])
    for words in IN_KEYS[slug]:
        assert words in made, words
    assert "(of the type key ID; these are its bytes in hexadecimal, as text branch-7)" in made
    reported = limits(VENDORS[slug], KEYS)
    assert any("does not write key IDs" in line for line in reported) == (slug == "juniper")


@pytest.mark.parametrize("slug", VENDORS)
def test_bytes_that_cannot_be_written_have_a_reported_placeholder(slug: str) -> None:
    vendor = VENDORS[slug]
    made, reported = text(BYTES, vendor), " ".join(limits(vendor, BYTES))
    by_hand = slug in {"libreswan", "cisco", "juniper", "fortigate", "mikrotik"}
    replaced = re.search("Replace before use: (.*)", made)
    for placeholder in (YOURS, OURS):
        assert (placeholder in reported) == by_hand
        assert bool(replaced and placeholder in replaced[1]) == by_hand
    assert obstacles(vendor, BYTES) == []


@pytest.mark.parametrize("slug", VENDORS)
def test_with_ikev1_no_missing_placeholder_is_reported(slug: str) -> None:
    """Cisco and FortiGate are not configured there with the gateway's identity."""
    vendor = VENDORS[slug]
    parameters = replace(
        case(V1, EspOffer(Proposal(("aes128",), ("sha1",)), 3600)),
        ours=End(GATEWAY, BYTES.ours.identity, ("192.168.100.0/24",)),
    )
    made, reported = text(parameters, vendor), " ".join(limits(vendor, parameters))
    assert (OURS in reported) == (OURS in made.rpartition("To check that it works")[2])
    assert "peertype any" in made or slug != "fortigate"


@pytest.mark.parametrize("slug", VENDORS)
def test_an_address_that_is_not_the_peers_own_may_be_its_identity(slug: str) -> None:
    parameters = known_as(
        case(V2), Identity("ipv4_address", "10.0.0.9"), Identity("ipv4_address", "10.0.0.1")
    )
    made = text(parameters, VENDORS[slug])
    assert "10.0.0.9" in made.rpartition("To check that it works")[2]
    if slug == "mikrotik":
        assert "remote-id=address:10.0.0.1" in made


@pytest.mark.parametrize("yours", [End(PEER, "10.0.0.9", ("10.2.0.0/24",)), NAMES.yours])
def test_a_cisco_with_ikev1_has_its_own_address_as_identity(yours: End) -> None:
    parameters = case(V1, EspOffer(Proposal(("aes128",), ("sha1",)), 3600))
    other = replace(parameters, yours=yours)
    (message,) = obstacles(VENDORS["cisco"], other)
    assert f"expects {parse_identity(yours.identity).value}. Choose an IKEv2 policy" in message
    assert obstacles(VENDORS["cisco"], parameters) == []
    assert obstacles(VENDORS["cisco"], replace(case(V2), yours=yours)) == []
    assert all(obstacles(vendor, other) == [] for slug, vendor in VENDORS.items() if slug != "cisco")


@pytest.mark.parametrize(
    ("identity", "found", "plain"),
    [
        ("198.51.100.9", ParsedIdentity(Kind.ADDRESS, "198.51.100.9"), "198.51.100.9"),
        ("@vpn.example.com", ParsedIdentity(Kind.NAME, "vpn.example.com"), "vpn.example.com"),
        ("@#6875622d31", ParsedIdentity(Kind.KEY, "6875622d31"), "hub-1"),
        ("@#000102", ParsedIdentity(Kind.KEY, "000102"), ""),
        ("@#6122", ParsedIdentity(Kind.KEY, "6122"), ""),
    ],
)
def test_identities_are_taken_apart(identity: str, found: ParsedIdentity, plain: str) -> None:
    assert parse_identity(identity) == found and found.plain == plain


# Whose NAT takes no line of its own: the policies of a FortiGate leave it off.
EXEMPTIONS = {
    "strongswan": "#   nft insert rule ip nat postrouting ip daddr { 192.168.100.0/24 } accept",
    "libreswan": "#   iptables -t nat -I POSTROUTING -s 10.2.0.0/24 -d 192.168.100.0/24 -j ACCEPT",
    "cisco": "!  deny ip 10.2.0.0 0.0.0.255 192.168.100.0 0.0.0.255",
    "juniper": "set security nat source rule-set isth-1a2b3c4d rule isth-1a2b3c4d then source-nat off",
    "fortigate": "        set nat disable",
    "vyos": "set nat source rule <RULE-1> exclude",
    "pfsense": "  Source 10.2.0.0/24, Destination 192.168.100.0/24",
    "opnsense": "#   Source 10.2.0.0/24, Destination 192.168.100.0/24",
    "mikrotik": "/ip firewall nat add chain=srcnat action=accept src-address=10.2.0.0/24 dst-address",
}


@pytest.mark.parametrize("slug", VENDORS)
def test_every_file_leaves_the_tunnel_out_of_nat(slug: str) -> None:
    assert f"\n{EXEMPTIONS[slug]}" in text(case(), VENDORS[slug])


# Names of the objects that a file makes; the others are files that are removed whole, or by hand.
MADE = {
    "cisco": [
        r"crypto (?:ikev2 \w+|ipsec transform-set) isth\S+|crypto isakmp policy \S+",
        r"crypto map \S+ 10|ip access-list extended \S+",
    ],
    "juniper": [
        r"(?<=set )security (?:ike|ipsec) \w+ \S+",
        r"(?<=set )security nat source rule-set \S+",
        r"(?<=set )security address-book global address(?:-set)? \S+",
        r"(?<=set )security policies from-zone \S+ to-zone \S+ policy \S+",
    ],
    "fortigate": [r'(?<=    edit )"\S+"'],
    "vyos": [r"(?<=set )nat source rule \S+", r"(?<=set )vpn ipsec (?:\S+-group|\S+ psk|\S+ peer) \S+"],
    "mikrotik": [r"/ip (?:ipsec|firewall) \w+(?= add)"],
}


@pytest.mark.parametrize("slug", VENDORS)
@pytest.mark.parametrize("name", ["ikev2-pfs-several", "ikev1"])
def test_every_file_ends_with_how_to_remove_it(slug: str, name: str) -> None:
    """As remarks only, and nothing that the file makes is forgotten in it."""
    vendor = VENDORS[slug]
    made = text(CASES[name], vendor)
    body, found, back = made.partition("To remove it")
    assert found
    if vendor.ending == ".xml":
        root = ET.fromstring(made)  # noqa: S314
        assert root.tag == "ipsec" and back.rstrip().endswith("-->")
    else:
        assert all(line.startswith(vendor.comment) for line in back.splitlines()[1:])
    for pattern in MADE.get(slug, []):
        objects = set(re.findall(pattern, body))
        assert objects and all(one in back for one in objects), objects


def test_nothing_is_reported_twice() -> None:
    for slug in ("juniper", "fortigate"):
        head = text(case(), VENDORS[slug]).partition("To check that it works")[0]
        assert head.count(": Paste it") + head.count(": Load it") == 1
    assert "swanctl --list-sas" in VENDORS["opnsense"].verify
    assert f"remote-gw {GATEWAY}" in text(case(), VENDORS["fortigate"])
