from __future__ import annotations

from dataclasses import replace

import pytest

from vpn.domain.checks.deletion import (
    prefix_deletion_violations,
    subnet_deletion_violations,
    vpc_deletion_violations,
)
from vpn.domain.checks.networks import (
    AddressPrefixDraft,
    AddressPrefixFacts,
    InstanceDraft,
    InstanceFacts,
    Prefix,
    SubnetDraft,
    SubnetFacts,
    VpcDraft,
    VpcFacts,
    address_prefix_violations,
    choose_block,
    instance_violations,
    subnet_violations,
    vpc_violations,
)

ZONES = ("z-1", "z-2")
PREFIXES = (Prefix("10.240.0.0/18", "z-1"), Prefix("10.240.64.0/18", "z-2"))
PREFIX_FACTS = AddressPrefixFacts(zones=ZONES, other_cidrs=("10.240.0.0/18",))
SUBNET_FACTS = SubnetFacts(zones=ZONES, prefixes=PREFIXES, other_blocks=("10.240.0.0/24",))
INSTANCE_FACTS = InstanceFacts(subnet_cidr="192.168.100.0/24", taken={"192.168.100.4"})


def codes(violations: list) -> list[tuple[str, str]]:
    assert all(v.message.endswith(".") for v in violations)
    return [(v.code, v.field) for v in violations]


def prefix(facts: AddressPrefixFacts = PREFIX_FACTS, **changes: str) -> list[tuple[str, str]]:
    draft = AddressPrefixDraft(**{"name": "p", "cidr": "10.241.0.0/18", "zone": "z-1", **changes})
    return codes(address_prefix_violations(draft, facts=facts))


def subnet(facts: SubnetFacts = SUBNET_FACTS, **changes: object) -> list[tuple[str, str]]:
    return codes(subnet_violations(SubnetDraft(name="s", **changes), facts=facts))


def instance(facts: InstanceFacts = INSTANCE_FACTS, **changes: object) -> list[tuple[str, str]]:
    return codes(instance_violations(InstanceDraft(**{"name": "i", **changes}), facts=facts))


def test_vpc() -> None:
    facts = VpcFacts(other_names={"vpc-1"}, vpcs=4)
    assert vpc_violations(VpcDraft(name="vpc-2"), facts=facts) == []
    full = replace(facts, vpcs=5)
    broken = codes(vpc_violations(VpcDraft(name="vpc-1", address_prefix_management="no"), facts=full))
    assert broken == [
        ("over_quota", ""),
        ("validation_unique_failed", "name"),
        ("validation_enum", "address_prefix_management"),
    ]
    assert vpc_violations(VpcDraft(name="vpc-2"), facts=replace(full, creating=False)) == []
    assert codes(vpc_violations(VpcDraft(name="2"), facts=facts)) == [("validation_invalid_name", "name")]


def test_a_good_address_prefix() -> None:
    assert prefix() == []


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"cidr": "10.241.0.1/18"}, "validation_invalid_ipv4_cidr", "cidr"),
        ({"cidr": "10.0.0.0/8"}, "validation_invalid_ipv4_cidr", "cidr"),
        ({"cidr": "10.241.0.0/30"}, "validation_invalid_ipv4_cidr", "cidr"),
        ({"cidr": "169.254.0.0/17"}, "network_conflict", "cidr"),
        ({"cidr": "161.26.1.0/24"}, "network_conflict", "cidr"),
        ({"cidr": "10.240.32.0/20"}, "address_prefix_conflict", "cidr"),
        ({"zone": "z-9"}, "invalid_zone", "zone.name"),
        ({"name": "9"}, "validation_invalid_name", "name"),
    ],
)
def test_address_prefixes_refused(changes: dict[str, str], code: str, field: str) -> None:
    assert prefix(**changes) == [(code, field)]


def test_address_prefix_quota_is_per_zone() -> None:
    assert prefix(replace(PREFIX_FACTS, in_zone=5)) == [("over_quota", "")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ipv4_cidr_block": "10.240.1.0/24"}, []),
        ({"ipv4_cidr_block": "10.240.1.0/24", "zone": "z-1"}, []),
        ({"total_ipv4_address_count": 256, "zone": "z-1"}, []),
        ({}, [("validation_only_one", "ipv4_cidr_block")]),
        (
            {"ipv4_cidr_block": "10.240.1.0/24", "total_ipv4_address_count": 256},
            [("validation_only_one", "ipv4_cidr_block")],
        ),
        ({"ipv4_cidr_block": "10.240.1.0/24", "zone": "z-2"}, [("zone_inconsistency", "zone.name")]),
        ({"ipv4_cidr_block": "10.99.0.0/24"}, [("not_in_address_prefix", "ipv4_cidr_block")]),
        (
            {"ipv4_cidr_block": "10.240.0.0/17"},
            [
                ("not_in_address_prefix", "ipv4_cidr_block"),
                ("subnet_conflict", "ipv4_cidr_block"),
            ],
        ),
        ({"ipv4_cidr_block": "10.240.0.128/25"}, [("subnet_conflict", "ipv4_cidr_block")]),
        ({"ipv4_cidr_block": "10.240.1.0/30"}, [("validation_invalid_ipv4_cidr", "ipv4_cidr_block")]),
        ({"ipv4_cidr_block": "10.240.1.1/24"}, [("validation_invalid_ipv4_cidr", "ipv4_cidr_block")]),
        (
            {"ipv4_cidr_block": "10.240.1.0/24", "zone": "z-9"},
            [
                ("invalid_zone", "zone.name"),
                ("zone_inconsistency", "zone.name"),
            ],
        ),
        ({"total_ipv4_address_count": 256}, [("validation_required_field", "zone")]),
        (
            {"total_ipv4_address_count": 4, "zone": "z-1"},
            [("validation_failure", "total_ipv4_address_count")],
        ),
        (
            {"total_ipv4_address_count": 100, "zone": "z-1"},
            [
                ("validation_failure", "total_ipv4_address_count"),
            ],
        ),
        (
            {"total_ipv4_address_count": -8, "zone": "z-1"},
            [
                ("validation_failure", "total_ipv4_address_count"),
            ],
        ),
        (
            {"total_ipv4_address_count": 0, "zone": "z-1"},
            [("validation_failure", "total_ipv4_address_count")],
        ),
        (
            {"total_ipv4_address_count": 2**20, "zone": "z-1"},
            [
                ("insufficient_space_for_subnet", "total_ipv4_address_count"),
            ],
        ),
        (
            {"total_ipv4_address_count": 2**14, "zone": "z-1"},
            [
                ("insufficient_space_for_subnet", "total_ipv4_address_count"),
            ],
        ),
        ({"total_ipv4_address_count": 8, "zone": "z-9"}, [("invalid_zone", "zone.name")]),
    ],
)
def test_subnets(changes: dict[str, object], expected: list[tuple[str, str]]) -> None:
    assert subnet(**changes) == expected


def test_a_subnet_is_not_put_where_a_connection_leads() -> None:
    led = replace(SUBNET_FACTS, peer_cidrs={"10.240.64.0/25": "to-branch", "10.0.0.0/8": "to-all"})
    assert subnet(led, ipv4_cidr_block="10.240.64.0/24") == [("subnet_conflict", "ipv4_cidr_block")]
    assert subnet(led, ipv4_cidr_block="10.240.64.0/25") == [("subnet_conflict", "ipv4_cidr_block")]
    assert subnet(led, ipv4_cidr_block="10.240.64.128/25") == []
    draft = SubnetDraft(name="s", zone="z-1", total_ipv4_address_count=256)
    chosen = choose_block(draft, facts=SUBNET_FACTS)
    assert chosen is not None
    there = replace(SUBNET_FACTS, peer_cidrs={str(chosen[0]): "to-branch"})
    assert choose_block(draft, facts=there) not in (None, chosen)


def test_a_subnet_without_broken_rules_has_a_block() -> None:
    given_block = SubnetDraft(name="s", ipv4_cidr_block="10.240.64.0/24")
    by_count = SubnetDraft(name="s", zone="z-1", total_ipv4_address_count=512)
    for draft, expected in ((given_block, ("10.240.64.0/24", "z-2")), (by_count, ("10.240.2.0/23", "z-1"))):
        found = choose_block(draft, facts=SUBNET_FACTS)
        assert found is not None
        assert (str(found[0]), found[1]) == expected


def test_subnet_quota_and_rename() -> None:
    many = tuple(f"10.240.{n}.0/24" for n in range(15))
    facts = replace(SUBNET_FACTS, other_blocks=many, other_names={"s"})
    assert subnet(facts, ipv4_cidr_block="10.240.64.0/24") == [
        ("validation_unique_failed", "name"),
        ("over_quota", ""),
    ]
    assert subnet(replace(facts, creating=False, other_names=())) == []


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("192.168.100.10", None),
        (None, None),
        ("192.168.100.0", "validation_invalid_address"),
        ("192.168.100.1", "validation_invalid_address"),
        ("192.168.100.3", "validation_invalid_address"),
        ("192.168.100.255", "validation_invalid_address"),
        ("192.168.101.10", "validation_invalid_address"),
        ("192.168.100.4", "validation_unique_failed"),
        ("nonsense", "validation_invalid_ipv4_address"),
        ("fd00::1", "validation_invalid_ipv4_address"),
    ],
)
def test_instance_addresses(address: str | None, code: str | None) -> None:
    field = "primary_network_interface.primary_ipv4_address"
    assert instance(address=address) == ([(code, field)] if code else [])


def test_instances_quota_names_and_a_full_subnet() -> None:
    full = InstanceFacts(subnet_cidr="192.168.0.0/29", taken={f"192.168.0.{n}" for n in (4, 5, 6)})
    assert instance(full) == [("system_limit_exceeded", "")]
    assert instance(replace(full, creating=False)) == []
    facts = replace(INSTANCE_FACTS, instances=100, other_names={"i"})
    assert instance(facts) == [("over_quota", ""), ("validation_unique_failed", "name")]


def test_what_is_in_use_stays() -> None:
    assert subnet_deletion_violations(gateways=0, instances=0) == []
    assert codes(subnet_deletion_violations(gateways=1, instances=2)) == [
        ("subnet_not_empty_vpn_gway_exists", "id")
    ]
    assert codes(subnet_deletion_violations(gateways=0, instances=2)) == [("subnet_not_empty", "id")]
    assert vpc_deletion_violations(subnets=0) == []
    assert codes(vpc_deletion_violations(subnets=1)) == [("vpc_not_empty", "id")]
    assert prefix_deletion_violations("10.240.0.0/18", blocks=("10.241.0.0/24",)) == []
    assert codes(prefix_deletion_violations("10.240.0.0/18", blocks=("10.240.3.0/24",))) == [
        ("address_prefix_in_use", "id")
    ]
