"""One product for most tests; each makes its own gateways and takes them away again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dataplane.parts import require_parts
from tests.e2e.product import Pair, Product, installed
from tests.e2e.traffic import passes
from tests.waiting import wait_for


@pytest.fixture(scope="session")
def shared() -> Iterator[Product]:
    require_parts()
    with installed() as product:
        yield product


@pytest.fixture
def product(shared: Product) -> Iterator[Product]:
    """The shared product, without any gateway before and after."""
    yield shared
    wait_for(shared.answers, 20)
    rows = shared.get("/vpn_gateways")["vpn_gateways"]
    shared.part(*(row["id"] for row in rows))
    assert [name for name in shared.namespaces() if "-gw-" in name] == []
    assert shared.charon_processes() == []


@pytest.fixture
def pair(product: Product) -> Pair:
    """Two joined gateways through which a ping passes."""
    joined = product.join()
    left = product.host("vsi-1")
    wait_for(lambda: passes(left, "192.168.0.10"), 5)
    return joined
