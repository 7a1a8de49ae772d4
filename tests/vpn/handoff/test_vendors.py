"""Parameters with the roles swapped, and a configuration for every device."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from xml.sax.saxutils import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.domain.proposals import AUTO_ESP, AUTO_IKE, EspOffer, IkeOffer, IkeVersion, Proposal
from tests.vpn.handoff.cases import (
    CASES,
    DEVICES,
    GATEWAY,
    GOLDEN,
    LEGACY_ESP,
    LEGACY_IKE,
    MADE_AT,
    PEER,
    V1,
    V2,
    case,
    golden,
    text,
)
from vpn.domain.spec import Secret
from vpn.handoff import labels as sheet
from vpn.handoff.parameters import Parameters, mss, safe_name
from vpn.handoff.reader.parse import recognise
from vpn.handoff.reader.recognised import ISTHMUS
from vpn.handoff.support import adapt_to_device
from vpn.handoff.table import rows
from vpn.handoff.vendors import (
    VENDORS,
    CannotRender,
    file_name,
    limits,
    obstacles,
    render,
)

# Every character that a key may have.
KEY = "aZ09-+&!@#$%^*(),.:_"
PFS = EspOffer(Proposal(("aes128",), ("sha256",), (14,)), 3600)
SEVERAL = {"yours": ("10.2.0.0/24", "10.3.0.0/24"), "ours": ("10.8.0.0/24", "10.9.0.0/24")}
POLICIES: dict[str, tuple[IkeOffer, EspOffer]] = {
    "auto": (AUTO_IKE, AUTO_ESP),
    "ikev1": (V1, EspOffer(Proposal(("aes128",), ("sha1",)), 3600)),
    "ikev2 with pfs": (V2, PFS),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("slug", DEVICES)
def test_files_match_the_golden_ones(name: str, slug: str) -> None:
    """After a wanted change: python -m tests.vpn.handoff.cases, and read the difference."""
    assert text(CASES[name], DEVICES[slug]) == golden(name, slug).read_text(encoding="utf-8")


def test_there_is_no_golden_file_too_many() -> None:
    wanted = {golden(name, slug) for name in CASES for slug in DEVICES}
    assert set(GOLDEN.iterdir()) == wanted


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("slug", VENDORS)
def test_every_device_gets_all_parameters(slug: str, policy: str) -> None:
    parameters = case(*POLICIES[policy], yours=SEVERAL["yours"], ours=SEVERAL["ours"])
    made = render(VENDORS[slug], parameters, made_at=MADE_AT)
    body = unescape("\n".join(VENDORS[slug].body(parameters, sheet.PLACEHOLDER)))
    # With IKEv1 a Cisco takes its identity from the interface.
    own = () if (slug, policy) == ("cisco", "ikev1") else (PEER,)
    for address in (*own, GATEWAY, *(cidr.partition("/")[0] for side in SEVERAL.values() for cidr in side)):
        assert address in body, address
    for lifetime in (parameters.ike.lifetime, parameters.esp.lifetime):
        assert str(lifetime) in body
    assert body.count(sheet.PLACEHOLDER) == 1
    assert f"Replace before use: {', '.join(sorted(set(re.findall('<[A-Z][-A-Z0-9]*>', body))))}" in made
    assert made.isascii() and made.endswith("\n") and "\t" not in made
    assert not obstacles(VENDORS[slug], parameters)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("slug", DEVICES)
def test_what_is_exported_comes_back(slug: str, name: str) -> None:
    """With and without the key; the suite is the one of the device's own part."""
    parameters, device = CASES[name], DEVICES[slug]
    chosen = adapt_to_device(device.support, parameters) if device else parameters
    for key in (None, Secret("1", KEY)):
        found = recognise(text(parameters, device, key))
        assert found.source == ISTHMUS
        assert (found.psk.value if found.psk else None) == (key.value if key else None)
        assert any("No pre-shared key" in line for line in found.warnings) == (key is None)
        assert (found.peer_address, found.own_address) == (GATEWAY, parameters.yours.fixed_address)
        assert (found.local_cidrs, found.peer_cidrs) == (parameters.yours.cidrs, parameters.ours.cidrs)
        assert found.ike_version == parameters.version
        assert found.ike_proposals == (chosen.ike_suite.keywords,)
        assert found.esp_proposals == (chosen.esp_suite.keywords,)


WRITTEN = {
    "strongswan": f'secret = "{KEY}"\n',
    "libreswan": f': PSK "{KEY}"\n',
    "cisco": f"pre-shared-key {KEY}\n",
    "juniper": f'ascii-text "{KEY}"\n',
    "fortigate": f'set psksecret "{KEY}"\n',
    "vyos": f"secret '{KEY}'\n",
    "pfsense": f"<pre-shared-key>{KEY.replace('&', '&amp;')}</pre-shared-key>\n",
    "opnsense": f'secret = "{KEY}"\n',
    "mikrotik": 'secret="{}" '.format(KEY.replace("$", "\\$")),
}


@pytest.mark.parametrize("slug", VENDORS)
def test_the_key_is_written_as_the_device_reads_it(slug: str) -> None:
    made = render(VENDORS[slug], case(), made_at=MADE_AT, psk=Secret("1", KEY))
    assert WRITTEN[slug] in made and made.count(WRITTEN[slug].strip()) == 1
    assert "THIS FILE CONTAINS THE PRE-SHARED KEY" in made


@pytest.mark.parametrize(
    ("slug", "key", "message"),
    [
        ("cisco", "what?is", "character '?'"),
        ("juniper", "$9$abcdef", "for an encrypted one"),
        ("vyos", "it's-one", 'character "\'"'),
        ("mikrotik", "line\nbreak", "character '\\n'"),
        ("strongswan", "line\nbreak", "character '\\n'"),
        ("libreswan", 'a"quote', "character '\"'"),
    ],
)
def test_a_key_that_a_device_would_misread_is_refused(slug: str, key: str, message: str) -> None:
    with pytest.raises(CannotRender) as error:
        render(VENDORS[slug], case(), made_at=MADE_AT, psk=Secret("1", key))
    assert message in str(error.value) and key not in str(error.value)


def test_what_a_device_does_not_support_is_reported_and_not_rendered() -> None:
    legacy = case(LEGACY_IKE, LEGACY_ESP)
    assert [slug for slug, one in VENDORS.items() if obstacles(one, legacy)] == ["libreswan", "pfsense"]
    assert any(
        "no 3DES-CBC and no HMAC-MD5 (IKE, phase 1)" in line for line in obstacles(VENDORS["pfsense"], legacy)
    )
    assert any("no DH group 2" in line for line in obstacles(VENDORS["libreswan"], legacy))
    with pytest.raises(CannotRender, match="pfSense has no 3DES"):
        render(VENDORS["pfsense"], legacy, made_at=MADE_AT)


@pytest.mark.parametrize(
    ("slug", "parameters", "message"),
    [
        ("cisco", case(LEGACY_IKE, LEGACY_ESP), "refuses 3DES-CBC, HMAC-MD5, DH group 2 from 17.11.1 on"),
        ("cisco", case(dpd=(5, 15)), "probes every 10 to 3600 s; the configuration has 10 s instead of 5 s"),
        ("juniper", case(dpd=(90, 270)), "the configuration has 60 s instead of 90 s"),
        ("strongswan", case(), "aes256-sha256-modp2048 with IKEv2 in phase 1 and aes256-sha256 in phase 2"),
        ("strongswan", case(V2), "uses aes256-sha256 in phase 2; the gateway accepts other suites too"),
        ("vyos", case(V1, PFS), "IKEv1 is deprecated"),
        ("vyos", case(yours=("0.0.0.0/0",)), "packets for every destination come out of the tunnel"),
        ("cisco", case(V1, PFS), "it cannot be behind NAT"),
    ],
)
def test_limits_are_reported(slug: str, parameters: Parameters, message: str) -> None:
    vendor = VENDORS[slug]
    assert any(message in line for line in limits(vendor, parameters))
    assert message in render(vendor, parameters, made_at=MADE_AT)


@pytest.mark.parametrize(
    ("slug", "dpd", "line"),
    [
        ("vyos", (1, 10), "dead-peer-detection interval '2'"),
        ("juniper", (90, 270), "dead-peer-detection interval 60"),
        ("juniper", (2, 10), "dead-peer-detection threshold 1"),
        ("cisco", (5, 15), " dpd 10 5 periodic"),
        ("pfsense", (30, 120), "<dpd_maxfail>3</dpd_maxfail>"),
        ("pfsense", (2, 86399), "<dpd_maxfail>43198</dpd_maxfail>"),
    ],
)
def test_dead_peer_detection_is_what_the_device_makes_of_it(
    slug: str, dpd: tuple[int, int], line: str
) -> None:
    """pfSense waits one delay longer than it counts failures."""
    assert line in render(VENDORS[slug], case(dpd=dpd), made_at=MADE_AT)


def test_nothing_is_reported_if_nothing_is_lost() -> None:
    assert [limits(vendor, case(V2, PFS)) for vendor in VENDORS.values()] == [[]] * len(VENDORS)


def test_the_table_names_every_other_choice() -> None:
    notes_by_label = {row.label: row.note for row in rows(case())}
    others = "AES-128-CBC, 3DES-CBC; HMAC-SHA-1, HMAC-MD5; DH group 5, 2"
    assert notes_by_label["IKE (phase 1)"] == f"also accepted: {others}"
    assert notes_by_label["IKE version"] == "IKEv1 (main mode) is accepted too"
    assert {row.label: row.note for row in rows(case(V2, PFS))}["IKE (phase 1)"] == ""


def test_the_table_marks_what_is_weak() -> None:
    notes_by_label = {row.label: row.note for row in rows(case(LEGACY_IKE, LEGACY_ESP))}
    assert notes_by_label["IKE (phase 1)"] == "weak: 3DES-CBC, HMAC-MD5, DH group 2 (RFC 8247)"
    assert notes_by_label["IPsec (phase 2)"] == "weak: 3DES-CBC, HMAC-MD5, DH group 2 (RFC 8221, RFC 8247)"


@pytest.mark.parametrize(
    ("cipher", "digest", "plain", "behind_nat"),
    [
        ("aes256", "sha256", 1438, 1422),
        ("aes128", "sha1", 1438, 1422),
        ("triple_des", "md5", 1446, 1438),
    ],
)
def test_packets_as_large_as_the_suite_allows(cipher: str, digest: str, plain: int, behind_nat: int) -> None:
    parameters = case(esp=EspOffer(Proposal((cipher,), (digest,)), 3600))
    assert parameters.largest_packets == (plain, behind_nat)
    assert mss(plain) == plain - 40


def test_the_fingerprint_changes_with_every_parameter() -> None:
    one = case()
    others = [case(V2, PFS), case(yours=("10.9.0.0/24",)), case(dpd=(10, 30)), replace(one, name="other")]
    assert len({parameters.fingerprint for parameters in [one, *others]}) == 5
    assert one.fingerprint == case().fingerprint


def test_pfsense_is_well_formed_whatever_the_names() -> None:
    parameters = case(V2, PFS, name="a--b-->c", **SEVERAL)
    # What the product itself has just written.
    root = ET.fromstring(render(VENDORS["pfsense"], parameters, made_at=MADE_AT, psk=Secret("1", KEY)))  # noqa: S314
    assert root.tag == "ipsec" and len(root.findall("phase2")) == 4
    assert root.findtext("phase1/pre-shared-key") == KEY


def test_a_console_of_cisco_gets_no_question_mark() -> None:
    """It would open the help in the middle of the paste."""
    assert all("?" not in text(parameters, VENDORS["cisco"]) for parameters in CASES.values())


@given(st.text(max_size=80))
def test_no_name_breaks_out_of_a_comment(name: str) -> None:
    made = render(VENDORS["strongswan"], case(name=name), made_at=MADE_AT)
    assert made.count("\n") == render(VENDORS["strongswan"], case(), made_at=MADE_AT).count("\n")
    assert re.fullmatch(r"[-A-Za-z0-9_]{1,63}", safe_name(name))
    assert re.fullmatch(r"[-A-Za-z0-9_]{1,40}-cisco\.txt", file_name(VENDORS["cisco"], case(name=name)))


def test_every_version_is_one() -> None:
    assert [case(replace(V2, version=version)).version for version in IkeVersion] == [2, 1, 2]
