"""Rules between a connection and the others of its gateway and VPC."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.domain.checks import IKEPolicyDraft, IPsecPolicyDraft
from policies.domain.proposals import AUTO_IKE, IkeVersion
from tests.vpn.domain.drafts import FACTS, GOOD, OVERLAP, broken, found, sibling
from vpn.domain.checks.common import Quotas
from vpn.domain.connection_drafts import GatewayTotals
from vpn.domain.spec import Secret


def test_a_name_is_taken_within_the_gateway_only() -> None:
    taken = sibling(GOOD.name)
    assert found(replace(FACTS, siblings=[taken])) == [("vpn_connection_duplicate_name", "name")]
    assert found(replace(FACTS, vpc_siblings=[taken])) == []


@given(st.text(max_size=140))
def test_no_message_holds_the_key(psk: str) -> None:
    secret = "Ω" + psk
    near = sibling(peer_address=GOOD.peer_address, psk=Secret("1", "another-Ω-key"))
    facts = replace(FACTS, siblings=[near])
    assert not any("Ω" in v.message for v in broken(facts, psk=secret, name="", local_cidrs=()))
    assert "Ω" not in repr(replace(GOOD, psk=secret))


def test_peer_cidrs_of_the_gateway_and_the_vpc_do_not_overlap() -> None:
    near = sibling(peer_cidrs=("192.168.0.0/25",), local_cidrs=("172.20.0.0/24",))
    for facts in (replace(FACTS, siblings=[near]), replace(FACTS, vpc_siblings=[near])):
        assert found(facts) == [(OVERLAP, "peer.cidrs[0]")]
        assert "other" in broken(facts)[0].message
    relaxed = replace(FACTS, siblings=[near], peer_cidrs_unique=False)
    assert found(relaxed) == []


def test_relaxed_overlaps_still_need_different_local_cidrs() -> None:
    near = sibling(peer_cidrs=("192.168.0.0/25",), local_cidrs=("192.168.100.0/25",))
    assert found(replace(FACTS, siblings=[near], peer_cidrs_unique=False)) == [(OVERLAP, "peer.cidrs[0]")]
    far = replace(FACTS, vpc_siblings=[near], peer_cidrs_unique=False)
    assert found(far) == [(OVERLAP, "peer.cidrs[0]")]
    elsewhere = replace(near, local_cidrs=("172.20.0.0/24",))
    assert found(replace(FACTS, siblings=[elsewhere], peer_cidrs_unique=False)) == []
    assert found(replace(far, vpc_siblings=[elsewhere])) == [(OVERLAP, "peer.cidrs[0]")]


def test_siblings_left_out_are_still_counted() -> None:
    many = GatewayTotals(connections=10, local_cidrs=15, peer_cidrs=60)
    assert found(replace(FACTS, totals=many)) == [
        ("vpn_connections_quota_exceeded", ""),
        ("vpn_connection_peer_subnets_quota_exceeded", "peer.cidrs"),
    ]


def test_the_same_pair_to_the_same_peer() -> None:
    twin = sibling(peer_address=GOOD.peer_address, local_cidrs=GOOD.local_cidrs, peer_cidrs=GOOD.peer_cidrs)
    code = "vpn_connection_pair_cidrs_duplicated"
    for unique in (True, False):
        facts = replace(FACTS, siblings=[twin], peer_cidrs_unique=unique)
        assert found(facts) == [(code, "peer.cidrs[0]")]


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
        ("vpn_connection_peer_subnets_quota_exceeded", "peer.cidrs")
    ]
    alone = replace(FACTS, quotas=small)
    assert found(alone, local_cidrs=("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24")) == [
        ("vpn_connection_local_subnets_quota_exceeded_for_connection", "local.cidrs")
    ]


def test_names_of_a_peer_are_compared_not_their_spellings() -> None:
    near = sibling(peer_address="vpn.example.com", psk=Secret("1", "another-key"))
    facts = replace(FACTS, siblings=[near])
    for name in ("vpn.example.com", "VPN.Example.com", "vpn.example.com."):
        assert found(facts, peer_address="", peer_fqdn=name) == [("validation_failure", "psk")]
    assert found(facts, peer_address="", peer_fqdn="vpn2.example.com") == []


WEAK = IKEPolicyDraft(
    name="old",
    authentication_algorithms=("sha256", "sha1"),
    encryption_algorithms=("triple_des",),
    dh_groups=(2, 14),
    ike_version=2,
)


def test_a_weak_policy_is_not_attached_by_generation_2() -> None:
    esp = IPsecPolicyDraft(
        name="esp",
        authentication_algorithms=("disabled",),
        encryption_algorithms=("aes256gcm16",),
        pfs_groups=("group_5",),
    )
    (ike,) = broken(replace(FACTS, attached=[WEAK]))
    assert (ike.code, ike.field) == ("validation_failure", "ike_policy")
    assert "The IKE policy old uses sha1, 3des, group 2:" in ike.message
    assert "sha256, sha384, sha512; and with aes128, aes192, aes256; and with group 14" in ike.message
    (ipsec,) = broken(replace(FACTS, attached=[esp]))
    assert ipsec.field == "ipsec_policy" and "uses group_5:" in ipsec.message
    assert found(replace(FACTS, attached=[replace(esp, pfs_groups=("disabled",))])) == []
