"""Rules about lists take n log n steps, not one for each pair."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.api.parsers import read_object
from console.core.errors import MORE, MOST_LISTED, Invalid, Violation, bounded
from policies.domain.checks import list_violations
from tests.counting import Compared, steps_of
from tests.vpn.domain.drafts import FACTS, broken, sibling
from vpn.domain.checks.common import Quotas
from vpn.domain.cidrs import overlapping, overlaps_between

ROOMY = replace(FACTS, quotas=Quotas(cidrs_per_connection=5000, cidrs_per_gateway=9000))
BLOCKS = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    st.integers(0, 2**32 - 1).map(lambda n: n & 0x0F00_000F),
    st.integers(0, 32),
)


def side(count: int, first: int, tail: str = "0/32") -> tuple[str, ...]:
    return tuple(f"{first}.{n // 250}.{n % 250}.{tail}" for n in range(count))


@pytest.mark.parametrize(
    ("local", "peer"),
    [
        ("0/32", "0/32"),
        ("0/24", "0/24"),
        # Every second one within the one before.
        ("0/24", "77/32"),
    ],
)
@pytest.mark.parametrize("first", [20, 10])
def test_twice_the_cidrs_need_little_more_than_twice_the_steps(local: str, peer: str, first: int) -> None:
    def steps(count: int) -> int:
        near = sibling(peer_cidrs=side(count, 30), local_cidrs=side(count, 40))
        facts = replace(ROOMY, siblings=[near], subnets=[(f"s{n}", c) for n, c in enumerate(side(count, 50))])
        ours = {"local_cidrs": side(count, 10, local), "peer_cidrs": side(count, first, peer)}
        return steps_of(lambda: broken(facts, **ours))

    few, many = steps(200), steps(400)
    assert many < few * 2.5, (few, many)


@given(st.lists(BLOCKS, max_size=12), st.lists(BLOCKS, max_size=12))
def test_the_sweep_finds_what_all_pairs_find(ours: list[IPv4Network], theirs: list[IPv4Network]) -> None:
    every = [
        (i, j) for (i, one), (j, other) in product(enumerate(ours), enumerate(theirs)) if one.overlaps(other)
    ]
    assert overlaps_between(ours, theirs) == every
    own = [
        (i, j) for (i, one), (j, other) in product(enumerate(ours), repeat=2) if i < j and one.overlaps(other)
    ]
    assert overlapping(ours) == own


def test_algorithms_beyond_any_list_are_counted_only() -> None:
    words = [Compared(f"a{n}") for n in range(2000)]
    Compared.count = 0
    found = list(list_violations(words, ["aes256"], 3, field="encryption_algorithms"))
    assert Compared.count < 2000
    assert found[0].message == "encryption_algorithms may list at most 3; these are 2000."


def test_a_name_given_twice_is_found_in_one_sweep() -> None:
    def steps(count: int) -> int:
        body = b"{" + b",".join(b'"%d":0' % n for n in range(count)) + b',"last":0,"last":0}'

        def read() -> None:
            with pytest.raises(Invalid, match="says 'last' twice"):
                read_object(body)

        return steps_of(read)

    # A search for each name would be a step for each.
    assert steps(4000) - steps(1000) < 1000


@pytest.mark.parametrize("depth", [17, 200, 900, 30_000])
def test_a_body_is_nested_as_deep_as_need_be(depth: int) -> None:
    with pytest.raises(Invalid, match="nested too deeply"):
        read_object(b'{"a":' + b"[" * depth + b'"\\u0041"' + b"]" * depth + b"}")


@pytest.mark.parametrize("number", [b"1e999", b"-1e999"])
def test_a_number_beyond_all_numbers_is_none(number: bytes) -> None:
    with pytest.raises(Invalid, match="too large") as refused:
        read_object(b'{"peer":{"a":[0,' + number + b"]}}")
    assert refused.value.violations[0].field == "peer.a[1]"


def test_bounded_again_a_list_stays_as_it_is() -> None:
    found = bounded(Violation("bad_field", f"f{n}", "x" * 9999) for n in range(30))
    assert len(found) == MOST_LISTED + 1 and found[-1] == (
        MORE,
        "",
        "5 more errors are not listed; correct these first.",
    )
    assert bounded(found) == found == list(Invalid(found).violations)
    more = bounded([*found, Violation("bad_field", "last", "One more.")])
    assert more[-1].message.startswith("6 more errors") and len(more) == MOST_LISTED + 1
    assert {len(v.message) for v in found[:-1]} == {512}
