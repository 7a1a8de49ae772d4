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
from vpn.domain.identities import Identity
from vpn.domain.spec import Secret


def test_a_name_is_taken_within_the_gateway_only() -> None:
    taken = sibling(GOOD.name)
    message = "Another connection of this gateway is called to-branch."
    expected = ("vpn_connection_duplicate_name", "name", message)
    assert broken(replace(FACTS, siblings=[taken])) == [expected]
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
    message = "The peer CIDR 192.168.0.0/24 overlaps 192.168.0.0/25 of the connection other."
    for facts in (replace(FACTS, siblings=[near]), replace(FACTS, vpc_siblings=[near])):
        assert broken(facts) == [(OVERLAP, "peer.cidrs[0]", message)]
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


def test_every_overlap_is_reported_connection_by_connection() -> None:
    near = sibling("near", peer_cidrs=("172.17.1.0/24", "172.16.1.0/24"))
    far = sibling("far", peer_cidrs=("172.16.2.0/24",))
    facts = replace(FACTS, siblings=[near], vpc_siblings=[far])
    assert [
        (v.field, v.message.split()[-1]) for v in broken(facts, peer_cidrs=("172.16.0.0/16", "172.17.0.0/16"))
    ] == [
        ("peer.cidrs[1]", "near."),
        ("peer.cidrs[0]", "near."),
        ("peer.cidrs[0]", "far."),
    ]


def test_siblings_left_out_are_still_counted() -> None:
    many = GatewayTotals(connections=10, local_cidrs=49, peer_cidrs=50)
    message = "A gateway may have 50 peer CIDRs over all its connections; with these there would be 51."
    assert broken(replace(FACTS, totals=many)) == [
        ("vpn_connections_quota_exceeded", "", "The gateway has reached its limit of 10 connections."),
        ("vpn_connection_peer_subnets_quota_exceeded", "peer.cidrs", message),
    ]


def test_the_same_pair_to_the_same_peer() -> None:
    twin = sibling(peer_address=GOOD.peer_address, local_cidrs=GOOD.local_cidrs, peer_cidrs=GOOD.peer_cidrs)
    code = "vpn_connection_pair_cidrs_duplicated"
    message = "The connection other already has the pair {} - 192.168.0.0/24 to the same peer."
    for unique in (True, False):
        facts = replace(FACTS, siblings=[twin], peer_cidrs_unique=unique)
        expected = (code, "peer.cidrs[0]", message.format("192.168.100.0/24"))
        assert broken(facts) == [expected]
        one_of_two = (code, "peer.cidrs[0]", message.format("10.1.0.0/16"))
        others = replace(twin, local_cidrs=("10.2.0.0/16", "10.1.0.0/16"))
        assert broken(replace(facts, siblings=[others]), local_cidrs=("10.3.0.0/16", "10.1.0.0/16")) == [
            one_of_two
        ]


@pytest.mark.parametrize(
    "changes",
    [
        {"peer_address": "203.0.113.8"},
        {"local_cidrs": ("10.1.0.0/16",)},
        {"peer_cidrs": ("192.168.0.0/25",)},
    ],
)
def test_what_is_not_the_same_pair_overlaps_all_the_same(changes: dict[str, object]) -> None:
    same = {"peer_address": GOOD.peer_address, "local_cidrs": GOOD.local_cidrs, "peer_cidrs": GOOD.peer_cidrs}
    assert found(replace(FACTS, siblings=[sibling(**{**same, **changes})])) == [(OVERLAP, "peer.cidrs[0]")]
    far = replace(FACTS, vpc_siblings=[sibling(**same)])
    assert found(far) == [(OVERLAP, "peer.cidrs[0]")]


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2, IkeVersion.ANY])
def test_connections_to_one_peer_share_key_and_policy(version: IkeVersion) -> None:
    ike = replace(AUTO_IKE, version=version)
    near = sibling(peer_address=GOOD.peer_address, ike=ike, psk=Secret("1", GOOD.psk))
    assert found(replace(FACTS, siblings=[near]), ike=ike) == []
    start = "The connection other has the same peer and shares its IKE SA; both need the same"
    end = "To change both, disable one, change them, and enable it again."
    other_key = replace(FACTS, siblings=[replace(near, psk=Secret("2", "another-key"))])
    assert broken(other_key, ike=ike) == [("validation_failure", "psk", f"{start} pre-shared key. {end}")]
    assert found(other_key, ike=ike, psk=None) == []
    facts = replace(FACTS, siblings=[near])
    assert broken(facts, ike=replace(ike, lifetime=600)) == [
        ("validation_failure", "ike_policy", f"{start} IKE policy, or policies with equal values. {end}")
    ]
    apart = replace(near, peer_address="203.0.113.8")
    assert found(
        replace(FACTS, siblings=[apart, replace(near, ike=AUTO_IKE)]), ike=replace(ike, lifetime=600)
    ) == [("validation_failure", "ike_policy")]


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


@pytest.mark.parametrize("side", ["local", "peer"])
def test_the_cidrs_of_a_connection_are_counted_before_they_are_read(side: str) -> None:
    facts = replace(FACTS, quotas=Quotas(cidrs_per_connection=2))
    few = {f"{side}_cidrs": ("10.0.0.1/24", "10.0.1.0/24")}
    assert found(facts, **few) == [("vpn_connection_cidr_not_valid", f"{side}.cidrs[0]")]
    many = {f"{side}_cidrs": ("10.0.0.1/24", "10.0.1.0/24", "10.0.2.0/24")}
    code = f"vpn_connection_{side}_subnets_quota_exceeded_for_connection"
    expected = (code, f"{side}.cidrs", f"A connection may have 2 {side} CIDRs; these are 3.")
    assert broken(facts, **many) == [expected]
    assert found(replace(facts, creating=False), **many) == [
        (code, f"{side}.cidrs"),
        ("vpn_connection_cidr_not_valid", f"{side}.cidrs[0]"),
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


TWIN = sibling(identities=("203.0.113.1", "@branch.example.com"))
BRANCH = Identity("fqdn", "branch.example.com")


@pytest.mark.parametrize(
    ("changes", "field", "peer"),
    [
        ({"peer_identity": BRANCH}, "peer.ike_identity", "203.0.113.9"),
        ({"peer_address": "", "peer_fqdn": "Branch.example.com"}, "peer.fqdn", "branch.example.com"),
    ],
)
def test_different_peers_have_different_identities(changes: dict[str, object], field: str, peer: str) -> None:
    message = (
        f"The connections to-branch and other have different peers, {peer} and 203.0.113.8, which both "
        "identify as @branch.example.com to 203.0.113.1; IKE cannot tell them apart. Give each peer its own "
        "identity, or disable one of the two."
    )
    facts = replace(FACTS, siblings=[TWIN])
    assert broken(facts, **changes) == [("validation_failure", field, message)]
    assert found(facts, **changes, admin_state_up=False) == []
    assert found(replace(FACTS, siblings=[replace(TWIN, admin_state_up=False)]), **changes) == []


def test_identities_that_do_not_collide() -> None:
    facts = replace(FACTS, siblings=[TWIN])
    assert found(facts) == []
    assert found(facts, peer_identity=BRANCH, local_identity=Identity("fqdn", "here.example.com")) == []
    same_peer = replace(TWIN, peer_address=GOOD.peer_address)
    assert found(replace(FACTS, siblings=[same_peer]), peer_identity=BRANCH) == []


def test_an_address_may_collide_with_the_identity_of_another_peer() -> None:
    near = sibling(identities=("203.0.113.1", GOOD.peer_address))
    assert found(replace(FACTS, siblings=[near])) == [("validation_failure", "peer.address")]


@pytest.mark.parametrize("side", ["local_identity", "peer_identity"])
def test_an_invalid_identity_is_compared_with_none(side: str) -> None:
    invalid = Identity("key_id", "====")
    (violation,) = broken(replace(FACTS, siblings=[TWIN]), **{side: invalid})
    assert violation.code == "validation_failure" and violation.field.endswith(".value")


def test_an_invalid_identity_that_a_connection_has_already_is_one_fault() -> None:
    near = sibling(identities=("203.0.113.1", "@branch"))
    assert found(replace(FACTS, siblings=[near]), peer_identity=Identity("fqdn", "branch")) == [
        ("validation_failure", "peer.ike_identity.value")
    ]
