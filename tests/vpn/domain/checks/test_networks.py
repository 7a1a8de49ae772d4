from __future__ import annotations

from dataclasses import replace

import pytest

from console.core.errors import Violation
from vpn.domain.checks.common import Quotas
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

Expected = list[tuple[str, str, str]]

ZONES = ("z-1", "z-2")
PREFIXES = (Prefix("10.240.0.0/18", "z-1"), Prefix("10.240.64.0/18", "z-2"))
VPC_FACTS = VpcFacts(vpcs=4)
PREFIX_FACTS = AddressPrefixFacts(zones=ZONES, other_cidrs=("10.240.0.0/18",), in_zone=4)
SUBNET_FACTS = SubnetFacts(zones=ZONES, prefixes=PREFIXES, other_blocks=("10.240.0.0/24",))
INSTANCE_FACTS = InstanceFacts(subnet_cidr="192.168.100.0/24", taken={"192.168.100.4"}, instances=99)

BLOCK, COUNT = "ipv4_cidr_block", "total_ipv4_address_count"
ADDRESS = "primary_network_interface.primary_ipv4_address"
INVALID_CIDR, NOT_INSIDE = "validation_invalid_ipv4_cidr", "not_in_address_prefix"
NAME_RULE = "A name begins with a letter and consists of letters, digits, hyphens and underscores."
NO_ZONE = "There is no zone 'z-9'; the zones are z-1, z-2."
ONE_OF_TWO = "Give either ipv4_cidr_block or total_ipv4_address_count."
ALL_PREFIXES = "(prefixes: 10.240.0.0/18, 10.240.64.0/18)"


def vpc(facts: VpcFacts = VPC_FACTS, **changes: str) -> list[Violation]:
    return vpc_violations(VpcDraft(**{"name": "v", **changes}), facts=facts)


def prefix(facts: AddressPrefixFacts = PREFIX_FACTS, **changes: str) -> list[Violation]:
    draft = AddressPrefixDraft(**{"name": "p", "cidr": "10.241.0.0/18", "zone": "z-1", **changes})
    return address_prefix_violations(draft, facts=facts)


def subnet(facts: SubnetFacts = SUBNET_FACTS, **changes: object) -> list[Violation]:
    return subnet_violations(SubnetDraft(name="s", **changes), facts=facts)


def instance(facts: InstanceFacts = INSTANCE_FACTS, **changes: object) -> list[Violation]:
    return instance_violations(InstanceDraft(**{"name": "i", **changes}), facts=facts)


def test_vpcs() -> None:
    assert vpc() == vpc(address_prefix_management="manual") == []
    full = replace(VPC_FACTS, vpcs=5, other_names={"v"})
    taken = ("validation_unique_failed", "name", "Another VPC is called v.")
    management = "address_prefix_management must be one of auto, manual; 'no' is not."
    assert vpc(full, address_prefix_management="no") == [
        ("over_quota", "", "The account has reached its limit of 5 VPCs."),
        taken,
        ("validation_enum", "address_prefix_management", management),
    ]
    assert vpc(replace(full, creating=False)) == [taken]
    assert vpc(name="2") == [("validation_invalid_name", "name", NAME_RULE)]
    assert vpc(name="Vpc_1") == []
    assert [v.code for v in vpc(replace(VPC_FACTS, lower_names=True), name="Vpc_1")] == [
        "validation_invalid_name"
    ]


@pytest.mark.parametrize("cidr", ["10.128.0.0/9", "10.241.0.0/18", "10.241.0.0/29"])
def test_good_address_prefixes(cidr: str) -> None:
    assert prefix(replace(PREFIX_FACTS, other_cidrs=()), cidr=cidr) == []


@pytest.mark.parametrize(
    ("changes", "code", "field", "message"),
    [
        (
            {"cidr": "10.241.0.1/18"},
            INVALID_CIDR,
            "cidr",
            "'10.241.0.1/18' has host bits set; the network is 10.241.0.0/18.",
        ),
        ({"cidr": "10.0.0.0/8"}, INVALID_CIDR, "cidr", "10.0.0.0/8 must be between /9 and /29 in size."),
        (
            {"cidr": "10.241.0.0/30"},
            INVALID_CIDR,
            "cidr",
            "10.241.0.0/30 must be between /9 and /29 in size.",
        ),
        (
            {"cidr": "169.254.0.0/17"},
            "network_conflict",
            "cidr",
            "169.254.0.0/17 overlaps 169.254.0.0/16, which is reserved for the provider.",
        ),
        (
            {"cidr": "10.240.32.0/20"},
            "address_prefix_conflict",
            "cidr",
            "10.240.32.0/20 overlaps the address prefix 10.240.0.0/18 of this VPC.",
        ),
        ({"zone": "z-9"}, "invalid_zone", "zone.name", NO_ZONE),
        (
            {"zone": "z" * 63 + "y"},
            "invalid_zone",
            "zone.name",
            f"There is no zone '{'z' * 63}'; the zones are z-1, z-2.",
        ),
        ({"name": "9"}, "validation_invalid_name", "name", NAME_RULE),
    ],
)
def test_address_prefixes_refused(changes: dict[str, str], code: str, field: str, message: str) -> None:
    assert prefix(**changes) == [(code, field, message)]


def test_address_prefixes_of_a_zone_have_a_quota_and_those_of_a_vpc_have_names() -> None:
    full = replace(PREFIX_FACTS, in_zone=5, other_names={"p"})
    taken = ("validation_unique_failed", "name", "Another address prefix of this VPC is called p.")
    assert prefix(full) == [
        ("over_quota", "", "The zone z-1 has reached its limit of 5 address prefixes."),
        taken,
    ]
    assert prefix(replace(full, creating=False)) == [taken]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({BLOCK: "10.240.1.0/24"}, []),
        ({BLOCK: "10.240.1.0/24", "zone": "z-1"}, []),
        ({COUNT: 8, "zone": "z-1"}, []),
        ({COUNT: 2**13, "zone": "z-1"}, []),
        ({}, [("validation_only_one", BLOCK, ONE_OF_TWO)]),
        ({BLOCK: "10.240.1.0/24", COUNT: 256}, [("validation_only_one", BLOCK, ONE_OF_TWO)]),
        (
            {BLOCK: "10.240.1.0/24", "ip_version": "ipv6"},
            [("validation_enum", "ip_version", "ip_version must be one of ipv4; 'ipv6' is not.")],
        ),
        (
            {BLOCK: "10.99.0.0/24"},
            [(NOT_INSIDE, BLOCK, f"10.99.0.0/24 is not in an address prefix of the VPC {ALL_PREFIXES}.")],
        ),
        (
            {BLOCK: "10.240.0.0/17"},
            [
                (NOT_INSIDE, BLOCK, f"10.240.0.0/17 is not in an address prefix of the VPC {ALL_PREFIXES}."),
                ("subnet_conflict", BLOCK, "10.240.0.0/17 overlaps the subnet 10.240.0.0/24 of this VPC."),
            ],
        ),
        (
            {BLOCK: "10.240.0.128/25"},
            [("subnet_conflict", BLOCK, "10.240.0.128/25 overlaps the subnet 10.240.0.0/24 of this VPC.")],
        ),
        (
            {BLOCK: "10.240.1.0/30"},
            [(INVALID_CIDR, BLOCK, "10.240.1.0/30 must be between /9 and /29 in size.")],
        ),
        (
            {BLOCK: "10.240.1.1/24"},
            [(INVALID_CIDR, BLOCK, "'10.240.1.1/24' has host bits set; the network is 10.240.1.0/24.")],
        ),
        (
            {BLOCK: "10.240.1.0/24", "zone": "z-9"},
            [
                ("invalid_zone", "zone.name", NO_ZONE),
                (
                    "zone_inconsistency",
                    "zone.name",
                    "10.240.1.0/24 lies in the address prefix 10.240.0.0/18 of zone z-1, not z-9.",
                ),
            ],
        ),
        (
            {COUNT: 256},
            [("validation_required_field", "zone", "total_ipv4_address_count needs the zone as well.")],
        ),
        ({COUNT: 8, "zone": "z-9"}, [("invalid_zone", "zone.name", NO_ZONE)]),
    ],
)
def test_subnets(changes: dict[str, object], expected: Expected) -> None:
    assert subnet(**changes) == expected


@pytest.mark.parametrize("count", [-8, 0, 4, 9, 12, 100])
def test_the_size_of_a_subnet_is_a_power_of_two_from_8(count: int) -> None:
    message = f"total_ipv4_address_count must be a power of two and at least 8; it is {count}."
    assert subnet(zone="z-1", total_ipv4_address_count=count) == [("validation_failure", COUNT, message)]


@pytest.mark.parametrize("count", [2**14, 2**20])
def test_a_size_that_no_prefix_of_the_zone_has_left(count: int) -> None:
    """The zone's only prefix has 2^14 addresses, some of which are in use."""
    message = f"No address prefix of zone z-1 has a free block of {count} addresses."
    assert subnet(zone="z-1", total_ipv4_address_count=count) == [
        ("insufficient_space_for_subnet", COUNT, message)
    ]


def test_what_depends_on_the_prefixes_of_the_vpc() -> None:
    outside = {BLOCK: "10.99.0.0/24"}
    message = "10.99.0.0/24 is not in an address prefix of the VPC (prefixes: none)."
    assert subnet(replace(SUBNET_FACTS, prefixes=()), **outside) == [(NOT_INSIDE, BLOCK, message)]
    unknown = replace(SUBNET_FACTS, prefixes=None)
    assert subnet(unknown, **outside) == subnet(unknown, zone="z-1", total_ipv4_address_count=256) == []


def test_a_subnet_is_not_put_where_a_connection_leads() -> None:
    led = replace(SUBNET_FACTS, peer_cidrs={"10.240.64.0/25": "to-branch", "10.0.0.0/8": "to-all"})
    for block in ("10.240.64.0/24", "10.240.64.0/25"):
        message = f"{block} contains 10.240.64.0/25, a peer CIDR of the connection to-branch of this VPC."
        assert subnet(led, ipv4_cidr_block=block) == [("subnet_conflict", BLOCK, message)]
    assert subnet(led, ipv4_cidr_block="10.240.64.128/25") == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({BLOCK: "10.240.64.0/24"}, ("10.240.64.0/24", "z-2")),
        ({BLOCK: "10.99.0.0/24"}, None),
        # 10.240.0.0/24 is a subnet, and 10.240.1.0/24 is at a peer.
        ({COUNT: 256, "zone": "z-1"}, ("10.240.2.0/24", "z-1")),
        ({COUNT: 512, "zone": "z-1"}, ("10.240.2.0/23", "z-1")),
        # The subnet's route is more specific than that of a larger peer CIDR.
        ({COUNT: 128, "zone": "z-1"}, ("10.240.1.0/25", "z-1")),
        ({COUNT: 256, "zone": "z-2"}, ("10.240.64.0/24", "z-2")),
        ({COUNT: 256}, None),
        ({"zone": "z-1"}, None),
    ],
)
def test_the_block_of_a_new_subnet(changes: dict[str, object], expected: tuple[str, str] | None) -> None:
    facts = replace(SUBNET_FACTS, peer_cidrs={"10.240.1.0/24": "to-branch"})
    chosen = choose_block(SubnetDraft(name="s", **changes), facts=facts)
    assert (chosen and (str(chosen[0]), chosen[1])) == expected
    assert choose_block(SubnetDraft(name="s", **changes), facts=replace(facts, prefixes=None)) is None


def test_subnet_quota_and_rename() -> None:
    many = tuple(f"10.240.{n}.0/24" for n in range(15))
    facts = replace(SUBNET_FACTS, other_blocks=many, other_names={"s"})
    taken = ("validation_unique_failed", "name", "Another subnet of this VPC is called s.")
    assert subnet(facts, ipv4_cidr_block="10.240.64.0/24") == [
        taken,
        ("over_quota", "", "The VPC has reached its limit of 15 subnets."),
    ]
    assert subnet(replace(facts, creating=False)) == [taken]
    roomy = replace(facts, quotas=Quotas(subnets_per_vpc=16), other_names=())
    assert subnet(roomy, ipv4_cidr_block="10.240.64.0/24") == []


@pytest.mark.parametrize("address", ["192.168.100.5", "192.168.100.254", None])
def test_good_instance_addresses(address: str | None) -> None:
    assert instance(address=address) == []


@pytest.mark.parametrize(
    ("address", "code", "message"),
    [
        ("192.168.101.10", "validation_invalid_address", "192.168.101.10 is not in 192.168.100.0/24."),
        ("192.168.100.4", "validation_unique_failed", "192.168.100.4 is in use."),
        ("fd00::1", "validation_invalid_ipv4_address", "'fd00::1' is not an IPv4 address."),
        ("x" * 65, "validation_invalid_ipv4_address", f"'{'x' * 64}' is not an IPv4 address."),
        *(
            (
                f"192.168.100.{last}",
                "validation_invalid_address",
                f"192.168.100.{last} is reserved, like the first four addresses of 192.168.100.0/24 "
                "and its last one.",
            )
            for last in (0, 1, 3, 255)
        ),
    ],
)
def test_instance_addresses_refused(address: str, code: str, message: str) -> None:
    assert instance(address=address) == [(code, ADDRESS, message)]
    assert instance(replace(INSTANCE_FACTS, subnet_cidr=""), address=address) == []


def test_instances_quota_names_and_a_full_subnet() -> None:
    full = InstanceFacts(subnet_cidr="192.168.0.0/29", taken={f"192.168.0.{n}" for n in (4, 5, 6)})
    no_address = ("system_limit_exceeded", "", "The subnet 192.168.0.0/29 has no free address.")
    assert instance(full) == [no_address]
    assert instance(replace(full, creating=False)) == []
    assert instance(replace(full, taken={"192.168.0.4", "192.168.0.5"})) == []
    facts = replace(INSTANCE_FACTS, instances=100, other_names={"i"})
    taken = ("validation_unique_failed", "name", "Another instance of this subnet is called i.")
    quota = ("over_quota", "", "The account has reached its limit of 100 instances.")
    assert instance(facts) == [quota, taken]
    assert instance(replace(facts, creating=False)) == [taken]
