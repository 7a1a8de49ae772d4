"""Hand-off of what generation 2 can ask for: the first suite that each device has, or a clear no."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.domain.proposals import AUTO_ESP_2, AUTO_IKE_2, EspOffer, IkeOffer, IkeVersion, Proposal
from tests.vpn.domain.handoff_cases import MADE_AT, PEER, case
from vpn.domain.handoff.parameters import End, Parameters
from vpn.domain.handoff.support import fitted
from vpn.domain.handoff.vendors import VENDORS, CannotRender, limits, obstacles, render, render_sheet
from vpn.domain.identities import Identity

AUTO = case(AUTO_IKE_2, AUTO_ESP_2)


@pytest.mark.parametrize("slug", VENDORS)
def test_every_device_gets_a_suite_of_auto_negotiation(slug: str) -> None:
    vendor = VENDORS[slug]
    assert obstacles(vendor, AUTO) == []
    chosen = fitted(vendor.support, AUTO)
    assert vendor.support.has(chosen.ike_suite) and vendor.support.has(chosen.esp_suite)
    assert chosen.ike_suite.cipher == "aes256" and chosen.ike_suite.digest.startswith("sha")
    assert render(vendor, AUTO, made_at=MADE_AT)
    assert any("the first that the device has" in line for line in limits(vendor, AUTO))


@pytest.mark.parametrize(
    ("slug", "ike", "esp"),
    [
        ("strongswan", "aes256-sha512-curve25519", "aes256gcm16"),
        ("vyos", "aes256-sha512-curve25519", "aes256-sha512"),
        ("cisco", "aes256-sha256-modp2048", "aes256-sha256"),
    ],
)
def test_the_strongest_that_a_device_has(slug: str, ike: str, esp: str) -> None:
    chosen = fitted(VENDORS[slug].support, AUTO)
    assert (chosen.ike_suite.keywords, chosen.esp_suite.keywords) == (ike, esp)


def gcm() -> Parameters:
    ike = IkeOffer(IkeVersion.V2, Proposal(("aes256",), ("sha256",), (14,)), 28800)
    return case(ike, EspOffer(Proposal(("aes256gcm16",), (), (20,)), 3600))


def test_a_device_without_it_says_so() -> None:
    (said,) = obstacles(VENDORS["cisco"], gcm())
    assert "AES-256-GCM" in said and "DH group 20" in said and "phase 2" in said
    with pytest.raises(CannotRender):
        render(VENDORS["cisco"], gcm(), made_at=MADE_AT)
    assert "esp_proposals = aes256gcm16-ecp384" in render(VENDORS["strongswan"], gcm(), made_at=MADE_AT)


def test_the_sheet_tells_ciphers_that_authenticate_by_themselves() -> None:
    sheet = render_sheet(gcm(), made_at=MADE_AT)
    assert "AES-256-GCM, DH group 20" in sheet and "disabled" not in sheet
    assert gcm().largest_packets == (1446, 1438)


@pytest.mark.parametrize(
    ("identity", "line", "row"),
    [
        (Identity("fqdn", "peer.example.com"), "id = @peer.example.com", "peer.example.com"),
        (Identity("key_id", "AAEC"), 'id = "@#000102"', "000102"),
    ],
)
def test_identities_that_are_no_addresses(identity: Identity, line: str, row: str) -> None:
    named = replace(case(), yours=End(PEER, identity.text, ("10.2.0.0/24",)))
    assert line in render(VENDORS["strongswan"], named, made_at=MADE_AT)
    assert row in render_sheet(named, made_at=MADE_AT)
    for slug in VENDORS.keys() - {"strongswan", "opnsense"}:
        assert any("identities" in said for said in obstacles(VENDORS[slug], named)), slug
