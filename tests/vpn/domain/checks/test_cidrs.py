"""The CIDRs of one connection (contract section 7.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.vpn.domain.drafts import FACTS, OVERLAP, broken
from vpn.domain.checks.cidrs import NOT_VALID

VPC = replace(FACTS, subnets=[("subnet-1", "192.168.100.0/24"), ("subnet-2", "192.168.0.0/24")])


@pytest.mark.parametrize(
    ("side", "cidrs", "code", "message"),
    [
        (
            "local",
            ("10.0.0.1/24",),
            NOT_VALID,
            "'10.0.0.1/24' has host bits set; the network is 10.0.0.0/24.",
        ),
        (
            "peer",
            ("10.0.0.0/24", "fd00::/64"),
            NOT_VALID,
            "'fd00::/64' is an IPv6 block; only IPv4 blocks such as 192.168.1.0/24 are supported.",
        ),
        *(
            (side, 2 * ("10.0.0.0/24",), "vpn_connection_cidr_duplicated", "10.0.0.0/24 is listed twice.")
            for side in ("local", "peer")
        ),
        (
            "local",
            ("10.0.0.0/24", "10.0.0.0/25"),
            OVERLAP,
            "The local CIDRs 10.0.0.0/24 and 10.0.0.0/25 overlap.",
        ),
        (
            "peer",
            ("10.0.0.0/25", "10.0.0.0/24"),
            OVERLAP,
            "The peer CIDRs 10.0.0.0/25 and 10.0.0.0/24 overlap.",
        ),
        (
            "peer",
            ("192.168.0.0/16",),
            OVERLAP,
            "The peer CIDR 192.168.0.0/16 overlaps the local CIDR 192.168.100.0/24.",
        ),
        (
            "peer",
            ("192.168.100.0/24",),
            OVERLAP,
            "The peer CIDR 192.168.100.0/24 overlaps the local CIDR 192.168.100.0/24.",
        ),
        ("peer", ("224.0.0.0/8",), NOT_VALID, "224.0.0.0/8 overlaps 224.0.0.0/4, which is reserved."),
        ("local", ("127.0.0.0/8",), NOT_VALID, "127.0.0.0/8 overlaps 127.0.0.0/8, which is reserved."),
        (
            "peer",
            ("169.254.1.0/24",),
            NOT_VALID,
            "169.254.1.0/24 overlaps 169.254.0.0/16, which is reserved.",
        ),
        ("local", ("0.0.0.0/0",), NOT_VALID, "0.0.0.0/0 is allowed only as a peer CIDR."),
        (
            "peer",
            ("10.0.0.0/24", "203.0.113.1/32"),
            NOT_VALID,
            "203.0.113.1/32 is the gateway's own public address, which is the tunnel's endpoint.",
        ),
    ],
)
def test_cidrs_refused(side: str, cidrs: tuple[str, ...], code: str, message: str) -> None:
    """It is the last of the list that is refused."""
    sides = {"local_cidrs": ("192.168.100.0/24",), "peer_cidrs": ("172.16.0.0/24",), f"{side}_cidrs": cidrs}
    if cidrs == ("0.0.0.0/0",):
        sides["peer_cidrs"] = ("0.0.0.0/0",)
    assert broken(**sides) == [(code, f"{side}.cidrs[{len(cidrs) - 1}]", message)]


def test_cidrs_that_are_not_valid_do_not_end_the_checks() -> None:
    cidrs = ("10.0.0.1/8", "127.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16", "10.0.0.0/8")
    assert [(v.code, v.field) for v in broken(peer_cidrs=cidrs)] == [
        (NOT_VALID, "peer.cidrs[0]"),
        (NOT_VALID, "peer.cidrs[1]"),
        ("vpn_connection_cidr_duplicated", "peer.cidrs[3]"),
        (OVERLAP, "peer.cidrs[4]"),
    ]


@pytest.mark.parametrize(
    "cidr", ["0.0.0.0/0", "203.0.113.0/24", "203.0.113.9/32", "10.0.0.0/8", "172.16.9.9/32"]
)
def test_peer_cidrs_accepted(cidr: str) -> None:
    assert broken(peer_cidrs=(cidr,)) == []


def test_a_gateway_without_an_address_has_no_endpoint_in_the_cidrs() -> None:
    assert broken(replace(FACTS, public_address=""), peer_cidrs=("203.0.113.1/32",)) == []


def test_local_cidrs_need_not_lie_in_the_vpc() -> None:
    assert broken(local_cidrs=("10.99.0.0/16", "192.168.100.5/32")) == []


@pytest.mark.parametrize("cidr", ["192.168.0.0/24", "192.168.0.128/25", "192.168.0.7/32"])
def test_a_subnet_of_the_own_vpc_is_not_a_valid_peer_cidr(cidr: str) -> None:
    message = (
        f"The peer CIDR {cidr} lies in the subnet subnet-2 (192.168.0.0/24) of the gateway's own VPC; "
        "peer CIDRs are networks of the other side."
    )
    assert broken(VPC, peer_cidrs=("10.7.0.0/24", cidr)) == [(OVERLAP, "peer.cidrs[1]", message)]


def test_an_overlap_with_a_local_cidr_is_reported_once() -> None:
    message = "The peer CIDR 192.168.100.128/25 overlaps the local CIDR 192.168.100.0/24."
    assert broken(VPC, peer_cidrs=("192.168.100.128/25",)) == [(OVERLAP, "peer.cidrs[0]", message)]


@pytest.mark.parametrize("cidr", ["192.168.0.0/20", "0.0.0.0/0", "192.168.1.0/24"])
def test_a_peer_may_have_the_rest_of_a_larger_block(cidr: str) -> None:
    assert broken(VPC, peer_cidrs=(cidr,)) == []
