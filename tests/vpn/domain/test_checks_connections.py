from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import Violation
from policies.domain.proposals import AUTO_IKE, IkeVersion
from tests.vpn.domain.values import ident
from vpn.domain.checks import Quotas
from vpn.domain.checks_connections import (
    ConnectionDraft,
    ConnectionFacts,
    DpdDraft,
    Others,
    Sibling,
    connection_violations,
    removal_violations,
)
from vpn.domain.spec import Secret

GOOD = ConnectionDraft(
    name="to-branch",
    peer_address="203.0.113.9",
    psk="VPNDemoPassword",
    local_cidrs=("192.168.100.0/24",),
    peer_cidrs=("192.168.0.0/24",),
)
FACTS = ConnectionFacts(public_address="203.0.113.1")
OVERLAP = "vpn_connection_cidr_overlap"


def sibling(name: str = "other", **changes: object) -> Sibling:
    given_fields: dict[str, object] = {
        "id": ident("sibling", name),
        "name": name,
        "peer_address": "203.0.113.8",
        "local_cidrs": ("192.168.100.0/24",),
        "peer_cidrs": ("172.16.0.0/24",),
    }
    return Sibling(**{**given_fields, **changes})


def broken(facts: ConnectionFacts = FACTS, **changes: object) -> list[Violation]:
    return connection_violations(replace(GOOD, **changes), facts=facts)


def found(facts: ConnectionFacts = FACTS, **changes: object) -> list[tuple[str, str]]:
    return [(v.code, v.field) for v in broken(facts, **changes)]


def test_the_seed_connection_breaks_no_rule() -> None:
    assert broken() == []


@pytest.mark.parametrize("name", ["", "1st", "-a", "a b", "ä", "a.b", "a\n", "x" * 64])
def test_names_refused(name: str) -> None:
    assert found(name=name) == [("vpn_connection_invalid_name", "name")]


@pytest.mark.parametrize("name", ["a", "A_b-1", "x" * 63, "vpn-connection-to-vpn-gateway-2"])
def test_names_accepted(name: str) -> None:
    assert found(name=name) == []


def test_a_name_is_taken_within_the_gateway_only() -> None:
    taken = sibling(GOOD.name)
    assert found(replace(FACTS, siblings=[taken])) == [("vpn_connection_duplicate_name", "name")]
    assert found(replace(FACTS, vpc_siblings=[taken])) == []


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
        ("2001:db8::1", "IPv6"),
        ("::ffff:203.0.113.9", "IPv6"),
        ("vpn.example.com", "no IPv4 address"),
        ("203.0.113.9/32", "no IPv4 address"),
        ("203.0.113.09", "no IPv4 address"),
        ("", "no IPv4 address"),
        (" 203.0.113.9", "no IPv4 address"),
    ],
)
def test_peer_addresses_refused(address: str, word: str) -> None:
    (violation,) = broken(peer_address=address)
    assert (violation.code, violation.field) == ("validation_invalid_ipv4_address", "peer_address")
    assert word in violation.message


@pytest.mark.parametrize(
    "psk", ["abcdef", "x" * 128, "-+&!@#$%^*(),.:_aZ9", "VPNDemoPassword", "00xabc", "0X1234"]
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


@given(st.text(max_size=140))
def test_no_message_holds_the_key(psk: str) -> None:
    secret = "Ω" + psk
    near = sibling(peer_address=GOOD.peer_address, psk=Secret("1", "another-Ω-key"))
    facts = replace(FACTS, siblings=[near])
    assert not any("Ω" in v.message for v in broken(facts, psk=secret, name="", local_cidrs=()))
    assert "Ω" not in repr(replace(GOOD, psk=secret))


@pytest.mark.parametrize(
    ("dpd", "expected"),
    [
        (DpdDraft(), []),
        (DpdDraft(action="restart", interval=2, timeout=10), []),
        (DpdDraft(interval=5, timeout=5), []),
        (DpdDraft(action="reboot"), [("validation_enum", "action")]),
        (DpdDraft(interval=0), [("validation_min_value", "interval")]),
        (DpdDraft(interval=1, timeout=1), [("validation_min_value", "timeout")]),
        (DpdDraft(timeout=86400), [("validation_max_value", "timeout")]),
        (DpdDraft(interval=121), [("validation_failure", "timeout")]),
    ],
)
def test_dead_peer_detection(dpd: DpdDraft, expected: list[tuple[str, str]]) -> None:
    wanted = [(code, f"dead_peer_detection.{name}") for code, name in expected]
    assert found(dead_peer_detection=dpd) == wanted


def test_an_enum_message_lists_what_would_be_right() -> None:
    (violation,) = broken(dead_peer_detection=DpdDraft(action="reboot"))
    assert "none, clear, hold, restart" in violation.message


@pytest.mark.parametrize(
    ("side", "cidrs", "code", "field"),
    [
        ("local", (), "vpn_connection_local_cidrs_required", "local_cidrs"),
        ("peer", (), "vpn_connection_peer_cidrs_required", "peer_cidrs"),
        ("local", ("10.0.0.1/24",), "vpn_connection_cidr_not_valid", "local_cidrs[0]"),
        ("peer", ("10.0.0.0/24", "fd00::/64"), "vpn_connection_cidr_not_valid", "peer_cidrs[1]"),
        ("local", ("10.0.0.0/24", "10.0.0.0/24"), "vpn_connection_cidr_duplicated", "local_cidrs[1]"),
        ("peer", ("10.0.0.0/24", "10.0.0.0/24"), "vpn_connection_cidr_duplicated", "peer_cidrs[1]"),
        ("local", ("10.0.0.0/24", "10.0.0.0/25"), OVERLAP, "local_cidrs[1]"),
        ("peer", ("10.0.0.0/25", "10.0.0.0/24"), OVERLAP, "peer_cidrs[1]"),
        ("peer", ("192.168.0.0/16",), OVERLAP, "peer_cidrs[0]"),
        ("peer", ("192.168.100.0/24",), OVERLAP, "peer_cidrs[0]"),
        ("peer", ("224.0.0.0/8",), "vpn_connection_cidr_not_valid", "peer_cidrs[0]"),
        ("local", ("127.0.0.0/8",), "vpn_connection_cidr_not_valid", "local_cidrs[0]"),
        ("peer", ("169.254.1.0/24",), "vpn_connection_cidr_not_valid", "peer_cidrs[0]"),
        ("local", ("0.0.0.0/0",), "vpn_connection_cidr_not_valid", "local_cidrs[0]"),
        ("peer", ("203.0.113.9/32",), "vpn_connection_cidr_not_valid", "peer_cidrs[0]"),
    ],
)
def test_cidrs_refused(side: str, cidrs: tuple[str, ...], code: str, field: str) -> None:
    assert (code, field) in found(**{f"{side}_cidrs": cidrs})


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "203.0.113.0/24", "10.0.0.0/8", "172.16.9.9/32"])
def test_peer_cidrs_accepted(cidr: str) -> None:
    assert broken(peer_cidrs=(cidr,)) == []


def test_local_cidrs_need_not_lie_in_the_vpc() -> None:
    assert broken(local_cidrs=("10.99.0.0/16", "192.168.100.5/32")) == []


def test_peer_cidrs_of_the_gateway_and_the_vpc_do_not_overlap() -> None:
    near = sibling(peer_cidrs=("192.168.0.0/25",), local_cidrs=("172.20.0.0/24",))
    for facts in (replace(FACTS, siblings=[near]), replace(FACTS, vpc_siblings=[near])):
        assert found(facts) == [(OVERLAP, "peer_cidrs[0]")]
        assert "other" in broken(facts)[0].message
    relaxed = replace(FACTS, siblings=[near], peer_cidrs_unique=False)
    assert found(relaxed) == []


def test_relaxed_overlaps_still_need_different_local_cidrs() -> None:
    near = sibling(peer_cidrs=("192.168.0.0/25",), local_cidrs=("192.168.100.0/25",))
    assert found(replace(FACTS, siblings=[near], peer_cidrs_unique=False)) == [(OVERLAP, "peer_cidrs[0]")]
    far = replace(FACTS, vpc_siblings=[near], peer_cidrs_unique=False)
    assert found(far) == [(OVERLAP, "peer_cidrs[0]")]
    elsewhere = replace(near, local_cidrs=("172.20.0.0/24",))
    assert found(replace(FACTS, siblings=[elsewhere], peer_cidrs_unique=False)) == []
    assert found(replace(far, vpc_siblings=[elsewhere])) == [(OVERLAP, "peer_cidrs[0]")]


def test_siblings_left_out_are_still_counted() -> None:
    many = Others(connections=10, local_cidrs=15, peer_cidrs=60)
    assert found(replace(FACTS, others=many)) == [
        ("vpn_connections_quota_exceeded", ""),
        ("vpn_connection_peer_subnets_quota_exceeded", "peer_cidrs"),
    ]


def test_the_same_pair_to_the_same_peer() -> None:
    twin = sibling(peer_address=GOOD.peer_address, local_cidrs=GOOD.local_cidrs, peer_cidrs=GOOD.peer_cidrs)
    code = "vpn_connection_pair_cidrs_duplicated"
    for unique in (True, False):
        facts = replace(FACTS, siblings=[twin], peer_cidrs_unique=unique)
        assert found(facts) == [(code, "peer_cidrs[0]")]


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2, IkeVersion.ANY])
def test_connections_to_one_peer_share_key_and_policy(version: IkeVersion) -> None:
    ike = replace(AUTO_IKE, version=version)
    near = sibling(peer_address=GOOD.peer_address, ike=ike, psk=Secret("1", GOOD.psk))
    assert found(replace(FACTS, siblings=[near]), ike=ike) == []
    other_key = replace(near, psk=Secret("2", "another-key"))
    assert found(replace(FACTS, siblings=[other_key]), ike=ike) == [("validation_failure", "psk")]
    facts = replace(FACTS, siblings=[near])
    assert found(facts, ike=replace(ike, lifetime=600)) == [("validation_failure", "ike_policy")]


def test_a_disabled_connection_to_the_same_peer_may_differ() -> None:
    near = sibling(peer_address=GOOD.peer_address, psk=Secret("2", "another-key"))
    facts = replace(FACTS, siblings=[near])
    assert found(facts, admin_state_up=False) == []
    assert found(replace(FACTS, siblings=[replace(near, admin_state_up=False)])) == []


def test_quotas() -> None:
    small = Quotas(connections_per_gateway=2, cidrs_per_connection=2, cidrs_per_gateway=3)
    near = [sibling("one"), sibling("two", peer_cidrs=("172.17.0.0/24",))]
    facts = replace(FACTS, siblings=near, quotas=small)
    assert found(facts) == [("vpn_connections_quota_exceeded", "")]
    update = replace(facts, creating=False)
    assert found(update) == []
    assert found(update, peer_cidrs=("10.0.0.0/24", "10.0.1.0/24")) == [
        ("vpn_connection_peer_subnets_quota_exceeded", "peer_cidrs")
    ]
    alone = replace(FACTS, quotas=small)
    assert found(alone, local_cidrs=("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24")) == [
        ("vpn_connection_local_subnets_quota_exceeded_for_connection", "local_cidrs")
    ]


def test_quotas_of_settings_and_account() -> None:
    assert Quotas.of({"gateways": 7, "unknown": 1}, {"gateways": 50}).gateways == 50
    assert Quotas.of() == Quotas()


def test_several_mistakes_are_told_together() -> None:
    codes = {
        code
        for code, _ in found(
            name="1",
            peer_address="::1",
            psk="x",
            local_cidrs=("10.0.0.1/8",),
            peer_cidrs=(),
            dead_peer_detection=DpdDraft(action="?", interval=0),
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
    assert (violation.code, violation.field) == ("vpn_connection_cidr_not_deleted", "peer_cidrs")
