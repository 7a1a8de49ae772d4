"""What is in use cannot be deleted."""

from __future__ import annotations

from vpn.domain.checks.deletion import (
    prefix_deletion_violations,
    subnet_deletion_violations,
    vpc_deletion_violations,
)


def test_a_subnet_that_is_not_empty() -> None:
    assert subnet_deletion_violations(gateways=0, instances=0) == []
    gateway = "A VPN gateway is in the subnet; delete the gateway first."
    assert subnet_deletion_violations(gateways=1, instances=2) == [
        ("subnet_not_empty_vpn_gway_exists", "id", gateway)
    ]
    instances = "The subnet still has instances (2); delete them first."
    assert subnet_deletion_violations(gateways=0, instances=2) == [("subnet_not_empty", "id", instances)]


def test_a_vpc_with_subnets() -> None:
    assert vpc_deletion_violations(subnets=0) == []
    message = "The VPC still has subnets (1); delete them first."
    assert vpc_deletion_violations(subnets=1) == [("vpc_not_empty", "id", message)]


def test_an_address_prefix_with_a_subnet() -> None:
    assert prefix_deletion_violations("10.240.0.0/18", blocks=("10.241.0.0/24",)) == []
    message = "The subnet 10.240.3.0/24 lies in the address prefix; delete it first."
    blocks = ("10.241.0.0/24", "10.240.3.0/24")
    assert prefix_deletion_violations("10.240.0.0/18", blocks=blocks) == [
        ("address_prefix_in_use", "id", message)
    ]
