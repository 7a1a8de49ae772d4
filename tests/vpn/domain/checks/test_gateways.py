from __future__ import annotations

from dataclasses import replace

import pytest

from vpn.domain.checks.gateways import GatewayDraft, GatewayFacts, gateway_violations

FACTS = GatewayFacts(subnet_name="subnet-1", free_addresses=200, zone="us-south-1")


def found(facts: GatewayFacts = FACTS, name: str = "vpn-gateway-1") -> list[tuple[str, str]]:
    return [(v.code, v.field) for v in gateway_violations(GatewayDraft(name=name), facts=facts)]


def test_the_seed_gateway_breaks_no_rule() -> None:
    assert found() == []


@pytest.mark.parametrize("name", ["", "1a", "a b", "x" * 64, "ü"])
def test_names(name: str) -> None:
    assert found(name=name) == [("vpn_gateway_invalid_name", "name")]


def test_a_name_is_taken_in_the_vpc() -> None:
    facts = replace(FACTS, other_names={"vpn-gateway-1"})
    assert found(facts) == [("vpn_gateway_duplicate_name", "name")]
    assert found(replace(facts, creating=False)) == [("vpn_gateway_duplicate_name", "name")]


@pytest.mark.parametrize("changes", [{"subnet_status": "pending"}, {"free_addresses": 1}])
def test_the_subnet_must_be_available_and_have_free_addresses(changes: dict[str, object]) -> None:
    facts = replace(FACTS, **changes)
    assert found(facts) == [("vpn_gateway_subnet_status_error", "subnet.id")]
    assert found(replace(facts, creating=False)) == []


@pytest.mark.parametrize("changes", [{"gateways": 20}, {"gateways_in_zone": 3}])
def test_quotas(changes: dict[str, object]) -> None:
    facts = replace(FACTS, **changes)
    assert found(facts) == [("vpn_gateways_quota_exceeded", "")]
    assert found(replace(facts, creating=False)) == []


def test_several_violations_are_reported_together() -> None:
    facts = replace(FACTS, gateways=20, subnet_status="failed")
    assert len(found(facts, name="?")) == 3
