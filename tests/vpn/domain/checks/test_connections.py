from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.domain.proposals import AUTO_IKE, IkeVersion
from tests.vpn.domain.drafts import FACTS, broken, found
from vpn.domain.checks.connections import MASK, PSK_RULE, removal_violations
from vpn.domain.connection_drafts import DECLARED
from vpn.domain.identities import Identity

# The address that charon reads as "anybody".
NOBODY = ".".join("0000")


def test_the_seed_connection_breaks_no_rule() -> None:
    assert broken() == []


@pytest.mark.parametrize("name", ["", "1st", "-a", "a b", "ä", "a.b", "a\n", "x" * 64])
def test_names_refused(name: str) -> None:
    assert found(name=name) == [("vpn_connection_invalid_name", "name")]


def test_names_of_generation_2_have_no_capitals() -> None:
    assert found(replace(FACTS, lower_names=True), name="To-branch") == [
        ("vpn_connection_invalid_name", "name")
    ]


@pytest.mark.parametrize("name", ["a", "A_b-1", "x" * 63, "vpn-connection-to-vpn-gateway-2"])
def test_names_accepted(name: str) -> None:
    assert found(name=name) == []


PROVIDER = replace(FACTS, provider_cidr="198.18.0.0/16")


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("0.0.0.7", "not the address of a host"),
        (NOBODY, "not the address of a host"),
        ("255.255.255.255", "a broadcast or reserved address"),
        ("240.0.0.1", "a broadcast or reserved address"),
        ("224.0.0.1", "a multicast address"),
        ("239.255.255.255", "a multicast address"),
        ("127.0.0.1", "a loopback address"),
        ("203.0.113.1", "the gateway's own public address"),
        ("169.254.169.254", "a link-local address"),
        ("169.254.0.1", "a link-local address"),
        ("198.18.0.0", "the network address of the provider's network 198.18.0.0/16"),
        ("198.18.0.1", "the router of the provider's network 198.18.0.0/16"),
        ("198.18.255.255", "the broadcast address of the provider's network 198.18.0.0/16"),
    ],
)
def test_peer_addresses_refused(address: str, what: str) -> None:
    message = f"{address} is {what}; give the public IPv4 address of the peer."
    expected = ("validation_invalid_ipv4_address", "peer.address", message)
    assert broken(PROVIDER, peer_address=address) == [expected]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("2001:db8::1", "an IPv6 address"),
        ("::ffff:203.0.113.9", "an IPv6 address"),
        ("vpn.example.com", "not an IPv4 address"),
        ("203.0.113.9/32", "not an IPv4 address"),
        ("203.0.113.09", "not an IPv4 address"),
        ("", "not an IPv4 address"),
        (" 203.0.113.9", "not an IPv4 address"),
        ("x" * 64 + "y", "not an IPv4 address"),
    ],
)
def test_texts_that_are_no_peer_address(text: str, what: str) -> None:
    message = f"The peer's address must be an IPv4 address such as 203.0.113.9; '{text[:64]}' is {what}."
    expected = ("validation_invalid_ipv4_address", "peer.address", message)
    assert broken(peer_address=text) == [expected]


def test_a_gateway_without_an_address_has_any_peer() -> None:
    assert broken(replace(FACTS, public_address="")) == []


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        (
            {"peer_fqdn": "vpn.example.com"},
            "validation_only_one",
            "A peer has either an address or a name (fqdn): give one of the two.",
        ),
        (
            {"peer_address": "", "peer_fqdn": "vpn"},
            "validation_failure",
            "The fqdn of a peer is a full domain name such as vpn.example.com.",
        ),
    ],
)
def test_names_of_peers_refused(changes: dict[str, str], code: str, message: str) -> None:
    assert broken(**changes) == [(code, "peer.fqdn", message)]
    assert broken(peer_address="", peer_fqdn="vpn.example.com") == []


@pytest.mark.parametrize("address", ["198.18.0.2", "198.18.1.0", "198.18.255.254", "169.253.1.1", "10.0.0.1"])
def test_peer_addresses_accepted(address: str) -> None:
    """Other gateways of the installation are peers as well, and so is what is behind another NAT."""
    assert broken(PROVIDER, peer_address=address) == []


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
        *(("ipv4_address", text, text) for text in ("10.0.0.1", "127.0.0.1", "169.254.0.1")),
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
    assert broken(psk=psk) == [("vpn_connection_invalid_psk_format", "psk", PSK_RULE)]
    assert not psk or psk not in PSK_RULE


def test_the_mask_of_a_key_is_not_a_valid_key() -> None:
    message = "******** is the mask of a hidden key: omit psk to keep the key, or send the key itself."
    assert broken(psk=MASK) == [("vpn_connection_invalid_psk_format", "psk", message)]
    assert broken(psk=None) == []


@pytest.mark.parametrize(
    ("interval", "timeout"), [(30, 120), (2, 10), (5, 5), (1, 2), (1, 86399), (86399, 86399)]
)
def test_times_of_dead_peer_detection(interval: int, timeout: int) -> None:
    assert broken(dpd_action="restart", dpd_interval=interval, dpd_timeout=timeout) == []


@pytest.mark.parametrize(
    ("dpd", "code", "field", "message"),
    [
        (
            {"action": "reboot"},
            "validation_enum",
            "action",
            "must be one of none, clear, hold, restart; 'reboot' is not.",
        ),
        ({"interval": 0}, "validation_min_value", "interval", "must be at least 1; it is 0."),
        ({"interval": 1, "timeout": 1}, "validation_min_value", "timeout", "must be at least 2; it is 1."),
        ({"timeout": 86400}, "validation_max_value", "timeout", "must be at most 86399; it is 86400."),
    ],
)
def test_dead_peer_detection_refused(dpd: dict[str, object], code: str, field: str, message: str) -> None:
    path = f"dead_peer_detection.{field}"
    changes = {f"dpd_{name}": value for name, value in dpd.items()}
    assert broken(**changes) == [(code, path, f"{path} {message}")]


def test_a_peer_is_not_declared_dead_before_it_was_asked() -> None:
    message = "The timeout (120 s) must not be shorter than the interval (121 s)."
    expected = ("validation_failure", "dead_peer_detection.timeout", message)
    assert broken(dpd_interval=121, dpd_timeout=120) == [expected]
    assert found(dpd_interval=86400, dpd_timeout=86400) == [
        ("validation_max_value", "dead_peer_detection.interval"),
        ("validation_max_value", "dead_peer_detection.timeout"),
    ]


def test_either_end_or_both_establish_the_connection() -> None:
    assert broken(establish_mode="peer_only") == broken(establish_mode="bidirectional") == []
    message = "establish_mode must be one of bidirectional, peer_only; 'none' is not."
    assert broken(establish_mode="none") == [("validation_enum", "establish_mode", message)]


def test_ikev1_negotiates_one_algorithm_of_each_kind() -> None:
    old = replace(AUTO_IKE, version=IkeVersion.V1)
    message = "IKEv1 negotiates one algorithm of each kind, but this IPsec policy lists several."
    assert broken(ike=old, ipsec_single=False) == [("validation_failure", "ipsec_policy", message)]
    assert broken(ike=old) == broken(ipsec_single=False) == []


@pytest.mark.parametrize("side", ["local", "peer"])
def test_each_side_has_a_cidr(side: str) -> None:
    message = f"A connection needs at least one {side} CIDR."
    expected = (f"vpn_connection_{side}_cidrs_required", f"{side}.cidrs", message)
    assert broken(**{f"{side}_cidrs": ()}) == [expected]


@pytest.mark.parametrize("side", ["local", "peer"])
def test_the_last_cidr_of_a_side_stays(side: str) -> None:
    assert removal_violations("10.0.0.0/24", ["10.0.0.0/24", "10.0.1.0/24"], side=side) == []
    message = f"10.0.0.0/24 is the last {side} CIDR of the connection; a connection needs at least one."
    expected = ("vpn_connection_cidr_not_deleted", f"{side}.cidrs", message)
    assert removal_violations("10.0.0.0/24", ["10.0.0.0/24"], side=side) == [expected]


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
