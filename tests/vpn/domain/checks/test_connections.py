from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vpn.domain.drafts import FACTS, OVERLAP, broken, found
from vpn.domain.checks.common import Quotas
from vpn.domain.checks.connections import MASK, removal_violations
from vpn.domain.connection_drafts import DECLARED
from vpn.domain.identities import Identity

# The address that charon reads as "anybody".
NOBODY = ".".join("0000")


def test_the_seed_connection_breaks_no_rule() -> None:
    assert broken() == []


@pytest.mark.parametrize("name", ["", "1st", "-a", "a b", "ä", "a.b", "a\n", "x" * 64])
def test_names_refused(name: str) -> None:
    assert found(name=name) == [("vpn_connection_invalid_name", "name")]


@pytest.mark.parametrize("name", ["a", "A_b-1", "x" * 63, "vpn-connection-to-vpn-gateway-2"])
def test_names_accepted(name: str) -> None:
    assert found(name=name) == []


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("0.0.0.7", "not the address of a host"),
        (str(IPv4Address(0)), "not the address of a host"),
        ("255.255.255.255", "broadcast"),
        ("240.0.0.1", "reserved"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("127.0.0.1", "loopback"),
        ("203.0.113.1", "own public address"),
        ("169.254.169.254", "a link-local address"),
        ("169.254.0.1", "a link-local address"),
        ("198.18.0.0", "the network address of the provider's network 198.18.0.0/16"),
        ("198.18.0.1", "the router of the provider's network 198.18.0.0/16"),
        ("198.18.255.255", "the broadcast address of the provider's network 198.18.0.0/16"),
        ("2001:db8::1", "IPv6"),
        ("::ffff:203.0.113.9", "IPv6"),
        ("vpn.example.com", "not an IPv4 address"),
        ("203.0.113.9/32", "not an IPv4 address"),
        ("203.0.113.09", "not an IPv4 address"),
        ("", "not an IPv4 address"),
        (" 203.0.113.9", "not an IPv4 address"),
    ],
)
def test_peer_addresses_refused(address: str, word: str) -> None:
    (violation,) = broken(replace(FACTS, provider_cidr="198.18.0.0/16"), peer_address=address)
    assert (violation.code, violation.field) == ("validation_invalid_ipv4_address", "peer.address")
    assert word in violation.message


@pytest.mark.parametrize("address", ["198.18.0.2", "198.18.1.0", "198.18.255.254", "169.253.1.1", "10.0.0.1"])
def test_peer_addresses_accepted(address: str) -> None:
    """Other gateways of the installation are peers as well, and so is what is behind another NAT."""
    assert broken(replace(FACTS, provider_cidr="198.18.0.0/16"), peer_address=address) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ipv4_address", NOBODY),
        ("ipv4_address", "0.1.2.3"),
        ("ipv4_address", "224.0.0.9"),
        ("ipv4_address", "255.255.255.255"),
        ("ipv4_address", "%any"),
        ("ipv4_address", "::"),
        ("ipv4_address", "0::0"),
        ("ipv4_address", "*"),
        ("ipv4_address", "10.0.0.0/8"),
        ("fqdn", "%any"),
        ("fqdn", "*"),
        ("fqdn", "*.example"),
        ("fqdn", "*.example.com"),
        ("fqdn", "vpn.*.com"),
        ("fqdn", "@example.com"),
        ("hostname", "%any"),
        ("hostname", "%any6"),
        ("hostname", "*"),
        ("hostname", "*.example"),
        ("hostname", "a*"),
        ("hostname", "#00"),
        ("hostname", "."),
        ("key_id", "===="),
    ],
)
@pytest.mark.parametrize("side", ["local_identity", "peer_identity"])
def test_no_identity_is_read_as_anybody(side: str, kind: str, value: str) -> None:
    """What charon takes for a wildcard names no peer."""
    assert found(**{side: Identity(kind, value)}) == [("validation_failure", f"{DECLARED[side].path}.value")]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("ipv4_address", "10.0.0.1", "10.0.0.1"),
        ("hostname", "any", "@any"),
        ("hostname", NOBODY, f"@{NOBODY}"),
        ("key_id", "Kg==", "@#2a"),
    ],
)
def test_identities_accepted(kind: str, value: str, text: str) -> None:
    identity = Identity(kind, value)
    assert found(peer_identity=identity) == []
    assert identity.text == text


@pytest.mark.parametrize(
    "psk", ["abcdef", "x" * 128, "-+&!@#$%^*(),.:_aZ9", "VPNDemoPassword", "00xabc", "*********"]
)
def test_keys_accepted(psk: str) -> None:
    assert broken(psk=psk) == []


@pytest.mark.parametrize(
    "psk",
    [
        "",
        "abcde",
        "x" * 129,
        "0x123456",
        "0X123456",
        "0s123456",
        "0S123456",
        "0sabcdef",
        "with space",
        'quote"quote',
        "a/b/c/d",
        "key=key",
        "what?what",
        "semi;colon",
        "schlüssel",
        "newline\n",
        "tab\ttab",
    ],
)
def test_keys_refused_and_never_repeated(psk: str) -> None:
    (violation,) = broken(psk=psk)
    assert (violation.code, violation.field) == ("vpn_connection_invalid_psk_format", "psk")
    assert not psk or psk not in violation.message


def test_the_mask_of_a_key_is_not_a_valid_key() -> None:
    (violation,) = broken(psk=MASK)
    assert (violation.code, violation.field) == ("vpn_connection_invalid_psk_format", "psk")
    assert "omit psk" in violation.message


@pytest.mark.parametrize(
    ("dpd", "expected"),
    [
        ({}, []),
        ({"dpd_action": "restart", "dpd_interval": 2, "dpd_timeout": 10}, []),
        ({"dpd_interval": 5, "dpd_timeout": 5}, []),
        ({"dpd_action": "reboot"}, [("validation_enum", "action")]),
        ({"dpd_interval": 0}, [("validation_min_value", "interval")]),
        ({"dpd_interval": 1, "dpd_timeout": 1}, [("validation_min_value", "timeout")]),
        ({"dpd_timeout": 86400}, [("validation_max_value", "timeout")]),
        ({"dpd_interval": 121}, [("validation_failure", "timeout")]),
    ],
)
def test_dead_peer_detection(dpd: dict[str, object], expected: list[tuple[str, str]]) -> None:
    wanted = [(code, f"dead_peer_detection.{name}") for code, name in expected]
    assert found(**dpd) == wanted


def test_an_enum_message_lists_what_would_be_right() -> None:
    (violation,) = broken(dpd_action="reboot")
    assert "none, clear, hold, restart" in violation.message


@pytest.mark.parametrize(
    ("side", "cidrs", "code", "field"),
    [
        ("local", (), "vpn_connection_local_cidrs_required", "local.cidrs"),
        ("peer", (), "vpn_connection_peer_cidrs_required", "peer.cidrs"),
        ("local", ("10.0.0.1/24",), "vpn_connection_cidr_not_valid", "local.cidrs[0]"),
        ("peer", ("10.0.0.0/24", "fd00::/64"), "vpn_connection_cidr_not_valid", "peer.cidrs[1]"),
        ("local", ("10.0.0.0/24", "10.0.0.0/24"), "vpn_connection_cidr_duplicated", "local.cidrs[1]"),
        ("peer", ("10.0.0.0/24", "10.0.0.0/24"), "vpn_connection_cidr_duplicated", "peer.cidrs[1]"),
        ("local", ("10.0.0.0/24", "10.0.0.0/25"), OVERLAP, "local.cidrs[1]"),
        ("peer", ("10.0.0.0/25", "10.0.0.0/24"), OVERLAP, "peer.cidrs[1]"),
        ("peer", ("192.168.0.0/16",), OVERLAP, "peer.cidrs[0]"),
        ("peer", ("192.168.100.0/24",), OVERLAP, "peer.cidrs[0]"),
        ("peer", ("224.0.0.0/8",), "vpn_connection_cidr_not_valid", "peer.cidrs[0]"),
        ("local", ("127.0.0.0/8",), "vpn_connection_cidr_not_valid", "local.cidrs[0]"),
        ("peer", ("169.254.1.0/24",), "vpn_connection_cidr_not_valid", "peer.cidrs[0]"),
        ("local", ("0.0.0.0/0",), "vpn_connection_cidr_not_valid", "local.cidrs[0]"),
    ],
)
def test_cidrs_refused(side: str, cidrs: tuple[str, ...], code: str, field: str) -> None:
    assert (code, field) in found(**{f"{side}_cidrs": cidrs})


@pytest.mark.parametrize(
    "cidr", ["0.0.0.0/0", "203.0.113.0/24", "203.0.113.9/32", "10.0.0.0/8", "172.16.9.9/32"]
)
def test_peer_cidrs_accepted(cidr: str) -> None:
    assert broken(peer_cidrs=(cidr,)) == []


def test_local_cidrs_need_not_lie_in_the_vpc() -> None:
    assert broken(local_cidrs=("10.99.0.0/16", "192.168.100.5/32")) == []


def test_quotas_of_settings_and_account() -> None:
    assert Quotas.of({"gateways": 7, "unknown": 1}, {"gateways": 50}).gateways == 50
    assert Quotas.of() == Quotas()


def test_several_violations_are_reported_together() -> None:
    codes = {
        code
        for code, _ in found(
            name="1",
            peer_address="::1",
            psk="x",
            local_cidrs=("10.0.0.1/8",),
            peer_cidrs=(),
            dpd_action="?",
            dpd_interval=0,
        )
    }
    assert codes == {
        "vpn_connection_invalid_name",
        "validation_invalid_ipv4_address",
        "vpn_connection_invalid_psk_format",
        "vpn_connection_cidr_not_valid",
        "vpn_connection_peer_cidrs_required",
        "validation_enum",
        "validation_min_value",
    }


@given(
    st.lists(st.text(max_size=20), max_size=4),
    st.lists(st.text(max_size=20), max_size=4),
    st.text(max_size=20),
)
def test_any_text_is_checked_without_an_accident(local: list[str], peer: list[str], address: str) -> None:
    for violation in broken(local_cidrs=tuple(local), peer_cidrs=tuple(peer), peer_address=address):
        assert violation.code and violation.field and violation.message.endswith(".")


def test_the_last_cidr_of_a_side_stays() -> None:
    assert removal_violations("10.0.0.0/24", ["10.0.0.0/24", "10.0.1.0/24"], side="local") == []
    (violation,) = removal_violations("10.0.0.0/24", ["10.0.0.0/24"], side="peer")
    assert (violation.code, violation.field) == ("vpn_connection_cidr_not_deleted", "peer.cidrs")


VPC = replace(FACTS, subnets=[("subnet-1", "192.168.100.0/24"), ("subnet-2", "192.168.0.0/24")])


@pytest.mark.parametrize("cidr", ["192.168.0.0/24", "192.168.0.128/25", "192.168.0.7/32"])
def test_a_subnet_of_the_own_vpc_is_not_a_valid_peer_cidr(cidr: str) -> None:
    (violation,) = broken(VPC, peer_cidrs=("10.7.0.0/24", cidr))
    assert (violation.code, violation.field) == (OVERLAP, "peer.cidrs[1]")
    assert "subnet-2" in violation.message


@pytest.mark.parametrize("cidr", ["192.168.0.0/20", "0.0.0.0/0", "192.168.1.0/24"])
def test_a_peer_may_have_the_rest_of_a_larger_block(cidr: str) -> None:
    assert broken(VPC, peer_cidrs=(cidr,)) == []
