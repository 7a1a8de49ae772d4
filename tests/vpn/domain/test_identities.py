"""IKE identities: what is valid, and how strongSwan writes them."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from console.core.errors import Violation
from vpn.domain.identities import Identity, identity_violations, is_fqdn, name_key

LONG_LABELS = ".".join(["x" * 63] * 3)


def wrong(kind: str, value: str) -> list[Violation]:
    return list(identity_violations(Identity(kind, value), field="local"))


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("ipv4_address", "198.51.100.4", "198.51.100.4"),
        ("fqdn", "VPN.example.com.", "@vpn.example.com"),
        ("fqdn", "a.bc", "@a.bc"),
        ("fqdn", f"{LONG_LABELS}.{'x' * 59}.com", f"@{LONG_LABELS}.{'x' * 59}.com"),
        ("hostname", "Branch-1", "@branch-1"),
        ("hostname", f"{LONG_LABELS}.{'x' * 63}", f"@{LONG_LABELS}.{'x' * 63}"),
        ("key_id", "AQID", "@#010203"),
    ],
)
def test_valid_identities(kind: str, value: str, written: str) -> None:
    assert wrong(kind, value) == []
    assert Identity(kind, value).text == written


LENGTH = "The value of an identity has 1 to 255 characters."
FQDN = "The value of an fqdn is a full domain name such as vpn.example.com."
HOSTNAME = "The value of a hostname consists of letters, digits, hyphens and dots."
KEY_ID = "The value of a key_id is base64."
ADDRESS = "The value of an ipv4_address is an address such as 198.51.100.4."
NO_HOST = "does not identify a single host; give the address of a host, such as 198.51.100.4."


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("ipv4_address", "", LENGTH),
        ("fqdn", "", LENGTH),
        ("hostname", "", LENGTH),
        ("hostname", "x." * 128, LENGTH),
        ("key_id", "AAAA" * 64, LENGTH),
        ("ipv4_address", "198.51.100", ADDRESS),
        ("ipv4_address", "2001:db8::1", ADDRESS),
        ("ipv4_address", str(IPv4Address(0)), f"{IPv4Address(0)} {NO_HOST}"),
        ("ipv4_address", "224.0.0.1", f"224.0.0.1 {NO_HOST}"),
        ("fqdn", "vpn", FQDN),
        ("fqdn", "a.b", FQDN),
        ("hostname", "a_b", HOSTNAME),
        ("hostname", "a..b", HOSTNAME),
        ("key_id", "AQI", KEY_ID),
        ("key_id", "AQ==!", KEY_ID),
        ("key_id", "ÄQID", KEY_ID),
    ],
)
def test_values_refused(kind: str, value: str, message: str) -> None:
    assert wrong(kind, value) == [Violation("validation_failure", "local.value", message)]


def test_an_unknown_type_is_refused_whatever_its_value() -> None:
    (violation,) = wrong("email", "")
    assert (violation.code, violation.field) == ("validation_enum", "local.type")
    assert "ipv4_address, fqdn, hostname, key_id" in violation.message
    assert list(identity_violations(None, field="local")) == []


def test_identities_of_rows_and_request_bodies() -> None:
    assert Identity.of(None) is Identity.of({}) is None
    assert Identity.of({"type": "fqdn"}) == Identity("fqdn", "")
    assert Identity.of({"value": "x"}) == Identity("", "x")
    body = {"type": "key_id", "value": "AQID"}
    given = Identity.of(body)
    assert given == Identity("key_id", "AQID") and given.body() == body


def test_names_are_compared_in_lower_case_without_the_final_dot() -> None:
    assert name_key("VPN.Example.COM.") == name_key("vpn.example.com") == "vpn.example.com"


def test_the_longest_domain_name() -> None:
    longest = f"{LONG_LABELS}.{'x' * 59}.com"
    assert len(longest) == 255 and is_fqdn(longest) and not is_fqdn(f"x{longest}")
    assert not is_fqdn("a.b1") and not is_fqdn(f"{'x' * 64}.com")
