"""What the manual says of connections of both generations is what the code does."""

from __future__ import annotations

import re

from django.test import Client

from policies.domain.proposals import AUTO_IKE_2
from policies.web.presets import PRESETS
from tests.factories import dpd_defaults


def text_of(page: str) -> str:
    response = Client().get(f"/manual/{page}")
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", "", response.content.decode()).split())


def listed(words: tuple[object, ...]) -> str:
    *most, last = map(str, words)
    return f"{', '.join(most)} and {last}"


def test_auto_negotiation_of_generation_2(db: None) -> None:
    offered, page = AUTO_IKE_2.proposal, text_of("tunnels")
    assert f"the groups {listed(offered.groups)}" in page
    assert f"{listed(offered.encryption)} with {listed(offered.integrity)}" in page


def test_what_counts_when_nothing_is_said_of_dead_peers(db: None) -> None:
    page = text_of("tunnels")
    for generation in (1, 2):
        action, interval, timeout = dpd_defaults(generation)
        output = f"the action {action}, interval {interval}, timeout {timeout}"
        assert output in page
    assert "This is the default" not in page


def test_peers_are_known_by_address_or_name(db: None) -> None:
    page = text_of("tunnels")
    assert "Each side is known by its public IPv4 address" not in page
    for words in (
        "a full domain name, a host name, another IPv4 address, or a key ID",
        "expects one of the other",
    ):
        assert words in page
    assert "its public IPv4 address or its full domain name" in text_of("concepts")


def test_what_to_choose_is_the_strong_preset(db: None) -> None:
    strong, page = PRESETS[0], text_of("algorithms")
    ike, ipsec = strong.ike, strong.ipsec
    first = f"{ike['encryption_algorithm']}, {ike['authentication_algorithm']}, group {ike['dh_group']}"
    assert f"IKEv{ike['ike_version']}, {first}" in page
    second = f"{ipsec['encryption_algorithm']}, authentication {ipsec['authentication_algorithm']}"
    assert f"{second}, PFS with {ipsec['pfs']}" in page
    assert "this generation" not in strong.purpose
