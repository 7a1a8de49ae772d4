"""Hand-off of what generation 2 can ask for: the best suite that each device has, or a clear no."""

from __future__ import annotations

import pytest

from policies.domain.proposals import AUTO_ESP_2, AUTO_IKE_2, EspOffer, IkeOffer, IkeVersion, Proposal
from tests.vpn.handoff.cases import GCM, MADE_AT, STRONG, V1, V2, case, text
from vpn.handoff.parameters import Parameters
from vpn.handoff.support import adapt_to_device
from vpn.handoff.table import rows
from vpn.handoff.vendors import VENDORS, CannotRender, limits, obstacles, render, render_sheet

AUTO = case(AUTO_IKE_2, AUTO_ESP_2, dpd=(2, 10))
CURVE, P384 = "aes256-sha512-curve25519", "aes256-sha512-ecp384"


@pytest.mark.parametrize(
    ("slug", "ike"),
    [
        ("strongswan", CURVE),
        ("libreswan", CURVE),
        ("cisco", P384),
        # SHA-512 and group 31 depend on the release there.
        ("juniper", "aes256-sha384-ecp384"),
        ("fortigate", CURVE),
        ("vyos", CURVE),
        ("pfsense", CURVE),
        ("opnsense", CURVE),
        ("mikrotik", P384),
    ],
)
def test_auto_negotiation_uses_the_best_suite_that_a_device_surely_supports(slug: str, ike: str) -> None:
    vendor = VENDORS[slug]
    chosen = adapt_to_device(vendor.support, AUTO)
    assert (chosen.ike_suite.keywords, chosen.esp_suite.keywords) == (ike, "aes256gcm16")
    assert obstacles(vendor, AUTO) == []
    assert not any("some releases" in line for line in limits(vendor, AUTO))
    assert any(f"This configuration uses {ike} with IKEv2" in line for line in limits(vendor, AUTO))


# How each device writes AES-256, SHA-384 and group 20 in phase 1, AES-256-GCM and group 20 in phase 2.
WRITTEN = {
    "strongswan": ["proposals = aes256-sha384-ecp384", "esp_proposals = aes256gcm16-ecp384"],
    "libreswan": ["ike=aes256-sha2_384;dh20", "esp=aes_gcm256;dh20"],
    "cisco": [" integrity sha384", " group 20", "esp-gcm 256\n mode", " set pfs group20"],
    "juniper": ["authentication-algorithm sha-384", "group20", "aes-256-gcm", "keys group20"],
    "fortigate": ["proposal aes256-sha384", "dhgrp 20", "proposal aes256gcm\n", "pfs enable"],
    "vyos": ["hash 'sha384'", "dh-group '20'", "encryption 'aes256gcm128'", "pfs 'dh-group20'"],
    "pfsense": [
        "<hash-algorithm>sha384<",
        "<dhgroup>20<",
        "<name>aes256gcm</name><keylen>128<",
        "<pfsgroup>20<",
    ],
    "opnsense": ["proposals = aes256-sha384-ecp384", "ESP proposals aes256gcm16-ecp384"],
    "mikrotik": [
        "hash-algorithm=sha384 dh-group=ecp384",
        'enc-algorithms=aes-256-gcm auth-algorithms="" pfs-group=ecp384',
    ],
}


@pytest.mark.parametrize("slug", VENDORS)
def test_gcm_and_group_20_are_written_for_every_device(slug: str) -> None:
    made = text(case(STRONG, GCM), VENDORS[slug])
    for words in WRITTEN[slug]:
        assert words in made, words
    body = made.rpartition("To check that it works")[2]
    assert "hmac" not in body and "-hmac" not in body


def test_x25519_has_its_own_keyword_on_mikrotik() -> None:
    ike = IkeOffer(IkeVersion.V2, Proposal(("aes192",), ("sha512",), (31,)), 28800)
    made = text(case(ike, GCM), VENDORS["mikrotik"])
    assert "enc-algorithm=aes-192 hash-algorithm=sha512 dh-group=x25519" in made
    assert "MikroTik RouterOS has DH group 31 in some releases only (IKE, phase 1)" in made


def esp(cipher: str = "aes256", digest: str = "sha256", group: int = 14) -> EspOffer:
    return EspOffer(Proposal((cipher,), (digest,) if digest else (), (group,)), 3600)


@pytest.mark.parametrize(
    ("slug", "parameters", "message"),
    [
        ("mikrotik", case(V2, esp(digest="sha384")), "has no HMAC-SHA-384 (IPsec, phase 2). Choose another"),
        ("mikrotik", case(V2, esp(group=31)), "has no DH group 31 (IPsec, phase 2)"),
        ("fortigate", case(V2, esp("aes192gcm16", "")), "FortiGate has no AES-192-GCM (IPsec, phase 2)"),
        ("cisco", case(V1, esp("aes256gcm16", "")), "has AES-256-GCM with IKEv2 only (IPsec, phase 2)"),
        ("cisco", case(V2, esp(group=31)), "Cisco IOS-XE has no DH group 31"),
        ("libreswan", case(V2, esp(group=24)), "This export does not write DH group 24 for Libreswan"),
        ("juniper", case(V2, esp(group=18)), "This export does not write DH group 18 for Juniper SRX"),
    ],
)
def test_what_cannot_be_written_is_reported_precisely(
    slug: str, parameters: Parameters, message: str
) -> None:
    (obstacle,) = obstacles(VENDORS[slug], parameters)
    assert message in obstacle
    with pytest.raises(CannotRender):
        render(VENDORS[slug], parameters, made_at=MADE_AT)


def test_what_depends_on_the_release_is_reported_and_written() -> None:
    made = text(case(V2, esp(digest="sha512")), VENDORS["juniper"])
    assert "Juniper SRX has HMAC-SHA-512 in some releases only (IPsec, phase 2)" in made
    assert "authentication-algorithm hmac-sha-512" in made


@pytest.mark.parametrize("slug", VENDORS)
def test_the_header_describes_the_body(slug: str) -> None:
    chosen = adapt_to_device(VENDORS[slug].support, AUTO)
    head = text(AUTO, VENDORS[slug]).partition("To check that it works")[0]
    assert f"IKE proposals: {chosen.ike_suite.keywords}\n" in head
    assert f"HMAC-SHA-{chosen.ike_suite.digest[3:]}, DH group {chosen.ike_suite.group} (also accepted" in head
    assert f"Dead peer detection: every {chosen.dpd_interval} s" in head
    assert "AES-256-GCM (also accepted: AES-192-GCM, AES-128-GCM, AES-256" in head
    assert "packets of 1446 bytes, behind NAT 1438" in head
    low, _ = VENDORS[slug].support.dpd
    assert chosen.dpd_interval == max(2, low)


def test_what_else_is_accepted_omits_the_selected_suite() -> None:
    notes_by_label = {
        row.label: row.note for row in rows(AUTO, adapt_to_device(VENDORS["cisco"].support, AUTO))
    }
    assert notes_by_label["IKE (phase 1)"] == (
        "also accepted: AES-192-CBC, AES-128-CBC; HMAC-SHA-384, HMAC-SHA-256; "
        "DH group 31, 19, 21, 16, 15, 14, 17, 18, 24, 23, 22"
    )


@pytest.mark.parametrize(
    ("slug", "dpd", "line"),
    [
        ("strongswan", (30, 120), "every 30 s, timeout 120 s\n"),
        ("cisco", (5, 15), "every 10 s (the device's own timeout cannot be set)\n"),
        ("juniper", (5, 15), "every 10 s, timeout 10 s (after 1 unanswered probe)\n"),
        ("fortigate", (10, 35), "every 10 s, timeout 30 s (after 3 unanswered probes)\n"),
        ("pfsense", (30, 100), "every 30 s, timeout 90 s\n"),
    ],
)
def test_with_ikev1_a_timeout_counts(slug: str, dpd: tuple[int, int], line: str) -> None:
    made = text(case(V1, esp("aes128", "sha1"), dpd=dpd), VENDORS[slug])
    assert line in made and "no timeout of its own" not in made
    assert "(IKEv2 has no timeout of its own)" in text(case(V2), VENDORS["strongswan"])


def test_the_sheet_marks_aead_ciphers() -> None:
    sheet = render_sheet(case(V2, GCM), made_at=MADE_AT)
    assert "AES-256-GCM, DH group 20" in sheet and "disabled" not in sheet
    assert case(V2, GCM).largest_packets == (1446, 1438)
