from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpn.domain.cidrs import (
    EVERYTHING,
    RESERVED,
    CidrError,
    bounds,
    contains,
    first_overlap,
    free_block,
    overlapping,
    overlaps_between,
    parse_cidr,
    reserved_addresses,
    reserved_part,
    usable_addresses,
)

blocks = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)


@pytest.mark.parametrize("text", ["0.0.0.0/0", "10.0.0.0/8", "192.168.1.0/24", "192.168.1.7/32"])
def test_accepts(text: str) -> None:
    assert str(parse_cidr(text)) == text


NO_LENGTH = "is not an address and a prefix length such as 192.168.1.0/24."
NO_BLOCK = "is not an IPv4 block such as 192.168.1.0/24."
IPV6 = "is an IPv6 block; only IPv4 blocks such as 192.168.1.0/24 are supported."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("192.168.1.5/24", "has host bits set; the network is 192.168.1.0/24."),
        ("10.1.2.3/8", "has host bits set; the network is 10.0.0.0/8."),
        ("192.168.1.0", NO_LENGTH),
        ("192.168.1.0/", NO_LENGTH),
        ("192.168.1.0/33", NO_BLOCK),
        ("192.168.1.0/-1", NO_LENGTH),
        ("192.168.1.0/255.255.255.0", NO_LENGTH),
        ("192.168.1.0/024", "is not in canonical form; the network is 192.168.1.0/24."),
        ("192.168.1.0/٢٤", NO_LENGTH),
        ("192.168.1/24", NO_BLOCK),
        ("192.168.01.0/24", NO_BLOCK),
        ("300.1.1.0/24", NO_BLOCK),
        ("fd00::/64", IPV6),
        ("::ffff:10.0.0.0/104", IPV6),
        ("", NO_LENGTH),
        ("/", NO_LENGTH),
        ("10.0.0.0/8/8", NO_LENGTH),
        (" 10.0.0.0/8", NO_BLOCK),
        ("10.0.0.0/8\n", NO_LENGTH),
        ("example.org/24", NO_BLOCK),
        (f"0.0.0.0/{'0' * 56}", "is not in canonical form; the network is 0.0.0.0/0."),
        (f"0.0.0.0/{'0' * 57}", NO_LENGTH),
    ],
)
def test_invalid_cidrs_are_refused_with_the_valid_form(text: str, message: str) -> None:
    """Of a long text the message repeats 64 characters."""
    with pytest.raises(CidrError) as refused:
        parse_cidr(text)
    assert str(refused.value) == f"{text[:64]!r} {message}"


@given(blocks)
def test_canonical_text_comes_back(network: IPv4Network) -> None:
    assert parse_cidr(str(network)) == network


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_host_bits_are_refused_with_the_right_network(address: int, length: int) -> None:
    network = IPv4Network((address, length), strict=False)
    text = f"{IPv4Address(address)}/{length}"
    if str(network) == text:
        assert parse_cidr(text) == network
    else:
        with pytest.raises(CidrError) as refused:
            parse_cidr(text)
        assert str(refused.value).endswith(f"the network is {network}.")


@given(st.text(max_size=30))
def test_any_text_is_a_network_or_a_cidr_error(text: str) -> None:
    try:
        assert str(parse_cidr(text)) == text
    except CidrError as error:
        assert str(error).endswith(".")


@given(blocks, blocks)
def test_overlap_agrees_with_bounds(one: IPv4Network, other: IPv4Network) -> None:
    first, last = bounds(one)
    start, end = bounds(other)
    assert (first_overlap(one, [other]) is not None) == (first <= end and start <= last)
    assert contains(one, other) == (first <= start and end <= last)


def test_reserved_ranges() -> None:
    assert reserved_part(EVERYTHING) is None
    assert reserved_part(IPv4Network("10.0.0.0/8")) is None
    for block in RESERVED:
        assert reserved_part(block) == block
    assert reserved_part(IPv4Network("239.1.2.0/24")) == IPv4Network("224.0.0.0/4")
    assert reserved_part(IPv4Network("166.0.0.0/8")) == IPv4Network("166.8.0.0/14")


@given(
    st.integers(20, 26),
    st.lists(st.tuples(st.integers(0, 255), st.integers(24, 29)), max_size=8),
    st.integers(3, 12),
)
def test_a_free_block_is_aligned_inside_and_free(
    length: int, used: list[tuple[int, int]], power: int
) -> None:
    prefix = IPv4Network(("10.240.0.0", length))
    taken = [IPv4Network((int(prefix[0]) + 16 * n, bits), strict=False) for n, bits in used]
    size = 2**power
    found = free_block(prefix, taken, size)
    candidates = prefix.subnets(new_prefix=32 - power) if 32 - power >= length else iter(())
    expected = next((c for c in candidates if first_overlap(c, taken) is None), None)
    assert found == expected


@pytest.mark.parametrize(
    ("prefix", "taken", "size", "found"),
    [
        ("10.0.0.0/24", [], 16, "10.0.0.0/28"),
        ("10.0.0.0/24", [], 256, "10.0.0.0/24"),
        ("10.0.0.0/24", [], 512, None),
        ("10.0.0.0/24", ["10.0.0.16/28"], 16, "10.0.0.0/28"),
        ("10.0.0.0/24", ["10.0.0.16/28"], 32, "10.0.0.32/27"),
        ("10.0.0.0/24", ["10.0.0.0/28", "10.0.0.32/28"], 16, "10.0.0.16/28"),
        ("10.0.0.0/30", ["10.0.0.0/32"], 1, "10.0.0.1/32"),
        ("10.0.0.0/30", ["10.0.0.0/32", "10.0.0.2/32"], 2, None),
        ("10.0.0.0/31", ["10.0.0.0/32", "10.0.0.1/32"], 1, None),
        ("10.0.0.0/31", ["10.0.0.0/32", "10.9.0.0/16"], 1, "10.0.0.1/32"),
        ("10.0.0.0/24", ["10.0.0.0/8"], 16, None),
    ],
)
def test_the_first_free_block(prefix: str, taken: list[str], size: int, found: str | None) -> None:
    block = free_block(IPv4Network(prefix), [IPv4Network(one) for one in taken], size)
    assert block == (IPv4Network(found) if found else None)


def test_pairs_that_overlap_in_order_of_their_indices() -> None:
    texts = ["10.0.1.7/32", "10.0.2.0/24", "10.0.0.0/16", "10.0.1.0/24", "10.0.1.7/32", "10.0.1.8/32"]
    networks = [IPv4Network(text) for text in texts]
    assert overlapping(networks) == [(0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (2, 4), (2, 5), (3, 4), (3, 5)]
    assert overlaps_between(networks[:2], networks[2:]) == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert overlaps_between(networks, []) == overlapping([]) == []


def test_addresses_of_a_subnet() -> None:
    subnet = IPv4Network("192.168.100.0/29")
    assert {str(a) for a in reserved_addresses(subnet)} == {f"192.168.100.{n}" for n in (0, 1, 2, 3, 7)}
    assert usable_addresses(subnet) == 3
    small = IPv4Network("192.168.100.0/31")
    assert reserved_addresses(small) == {small[0], small[1]} and usable_addresses(small) == 0
