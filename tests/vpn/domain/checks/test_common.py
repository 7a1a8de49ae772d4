"""What the checks of gateways, connections and networks share."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from vpn.domain.checks.common import Quotas, is_no_host, parse_address, quota_violations, unfit_peer

PROVIDER = "198.18.0.0/16"


def test_quotas_of_settings_and_account() -> None:
    assert Quotas.of({"gateways": 7, "unknown": 1}, {"gateways": 50}) == Quotas(gateways=50)
    assert Quotas.of() == Quotas()


def test_a_quota_is_reached_with_the_last_one() -> None:
    def found(existing: int) -> list[tuple[str, str, str]]:
        return list(quota_violations(existing, 3, code="full", noun="tunnels", place="The zone"))

    assert found(2) == []
    assert found(3) == found(4) == [("full", "", "The zone has reached its limit of 3 tunnels.")]


def test_an_address_is_an_ipv4_literal() -> None:
    assert parse_address("198.51.100.4") == IPv4Address("198.51.100.4")
    assert parse_address("198.51.100.04") is parse_address("::1") is None


@pytest.mark.parametrize(
    ("address", "own", "provider", "what"),
    [
        ("198.18.0.0", "", PROVIDER, "the network address of the provider's network 198.18.0.0/16"),
        ("198.18.0.1", "", PROVIDER, "the router of the provider's network 198.18.0.0/16"),
        ("198.18.255.255", "", PROVIDER, "the broadcast address of the provider's network 198.18.0.0/16"),
        ("198.18.0.2", "", PROVIDER, ""),
        ("198.18.0.2", "198.18.0.2", PROVIDER, "the gateway's own public address"),
        ("198.18.0.0", "198.18.0.2", "", ""),
        ("127.255.255.255", "", "", "a loopback address"),
        ("128.0.0.0", "", "", ""),
    ],
)
def test_addresses_that_no_peer_has(address: str, own: str, provider: str, what: str) -> None:
    assert unfit_peer(IPv4Address(address), own, provider) == what
    assert provider or unfit_peer(IPv4Address(address), own) == what


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("0.0.0.7", True),
        ("224.0.0.1", True),
        ("255.255.255.255", True),
        ("127.0.0.1", False),
        ("169.254.0.1", False),
        ("198.51.100.4", False),
    ],
)
def test_addresses_that_identify_no_host(address: str, expected: bool) -> None:
    assert is_no_host(IPv4Address(address)) is expected
