from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from console.core.errors import Violation
from vpn.domain.checks.common import Quotas
from vpn.domain.checks.gateways import (
    GatewayDraft,
    GatewayFacts,
    advertising_violations,
    gateway_violations,
    member_count_violations,
    member_violations,
    replacement_violations,
)

GOOD = GatewayDraft(name="vpn-gateway-1")
FACTS = GatewayFacts(subnet_name="subnet-1", free_addresses=2, zone="us-south-1")
ONE, OTHER = UUID(int=1), UUID(int=2)
POLICY_ONLY = "which is not supported; gateways have the mode policy."


def broken(facts: GatewayFacts = FACTS, **changes: str) -> list[Violation]:
    return gateway_violations(replace(GOOD, **changes), facts=facts)


def test_the_seed_gateway_breaks_no_rule() -> None:
    assert broken() == []


@pytest.mark.parametrize("name", ["", "1a", "a b", "x" * 64, "ü"])
def test_names_refused(name: str) -> None:
    assert [(v.code, v.field) for v in broken(name=name)] == [("vpn_gateway_invalid_name", "name")]


def test_names_of_generation_2_have_no_capitals() -> None:
    assert broken(name="Gateway_1") == []
    (violation,) = broken(replace(FACTS, lower_names=True), name="Gateway_1")
    assert (violation.code, violation.field) == ("vpn_gateway_invalid_name", "name")


def test_a_name_is_taken_in_the_vpc() -> None:
    message = "Another VPN gateway in this VPC is called vpn-gateway-1."
    for creating in (True, False):
        facts = replace(FACTS, other_names={"vpn-gateway-1"}, creating=creating)
        assert broken(facts) == [("vpn_gateway_duplicate_name", "name", message)]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        (
            {"mode": "route"},
            "mode",
            "Route mode is not supported; set mode to policy, because generation 2 defaults to route.",
        ),
        ({"mode": "bridge"}, "mode", "mode must be one of policy; 'bridge' is not."),
        (
            {"availability_mode": "regional"},
            "availability_mode",
            "availability_mode must be one of zonal; 'regional' is not.",
        ),
    ],
)
def test_gateways_are_zonal_and_have_the_mode_policy(
    changes: dict[str, str], field: str, message: str
) -> None:
    assert broken(**changes) == [("validation_enum", field, message)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subnet_status": "pending"}, "The subnet subnet-1 is pending; it must be available."),
        (
            {"free_addresses": 1},
            "The two members of a gateway need 2 free addresses; the subnet subnet-1 has 1.",
        ),
    ],
)
def test_the_subnet_must_be_available_and_have_free_addresses(
    changes: dict[str, object], message: str
) -> None:
    facts = replace(FACTS, **changes)
    assert broken(facts) == [("vpn_gateway_subnet_status_error", "subnet.id", message)]
    assert broken(replace(facts, creating=False)) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gateways": 20}, "The account has reached its limit of 20 VPN gateways."),
        ({"gateways_in_zone": 3}, "The zone us-south-1 has reached its limit of 3 VPN gateways."),
    ],
)
def test_quotas(changes: dict[str, int], message: str) -> None:
    facts = replace(FACTS, **changes)
    assert broken(facts) == [("vpn_gateways_quota_exceeded", "", message)]
    assert broken(replace(facts, creating=False)) == []
    assert broken(replace(facts, quotas=Quotas(gateways=21, gateways_per_zone=4))) == []


def test_several_violations_are_reported_together() -> None:
    facts = replace(FACTS, gateways=20, subnet_status="failed")
    assert len(broken(facts, name="?")) == 3


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_gateway_has_two_members(count: int) -> None:
    assert member_count_violations(2) == []
    message = f"A zonal gateway has 2 members; these are {count}."
    assert member_count_violations(count) == [("validation_failure", "members", message)]


def test_the_members_are_in_the_subnet_of_the_gateway() -> None:
    assert member_violations([ONE, ONE], None) == member_violations([ONE, ONE], ONE) == []
    one_of_two = (
        "subnet differs from the members' subnet; give only one of the two, or the same subnet in both."
    )
    for members in ([OTHER, OTHER], [OTHER, ONE]):
        assert member_violations(members, ONE) == [("validation_failure", "subnet", one_of_two)]
    apart = (
        "Both members of a zonal gateway are in one subnet. "
        f"A second subnet requires route mode, {POLICY_ONLY}"
    )
    for own in (None, ONE):
        assert member_violations([ONE, OTHER], own) == [
            ("validation_failure", "members[1].private_ip.subnet", apart)
        ]


def test_what_a_gateway_cannot_change() -> None:
    advertising = f"Advertising CIDRs requires route mode, {POLICY_ONLY}"
    assert advertising_violations() == [("bad_request", "cidr", advertising)]
    moving = (
        "Members cannot be moved: both are in the subnet of their gateway. Create a gateway in the other "
        "subnet and delete this one."
    )
    assert replacement_violations() == [("validation_failure", "private_ip.subnet", moving)]
