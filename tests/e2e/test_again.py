"""Gateways come and go; nobody is left with what used to be true of their addresses."""

from __future__ import annotations

import pytest

from tests.e2e.product import RIGHT_HOST, Pair, Product
from tests.e2e.traffic import ping, pinging

pytestmark = pytest.mark.dataplane


def test_the_next_gateways_at_the_same_addresses_carry_traffic_at_once(product: Product) -> None:
    left = product.host("vsi-1")
    for _ in range(2):
        joined = product.join()
        assert ping(left, RIGHT_HOST, times=20) >= 19
        product.part(*joined.gateways)


def test_a_gateway_that_comes_or_goes_beside_another_does_not_disturb_it(
    product: Product, pair: Pair
) -> None:
    with pinging(product.host("vsi-1"), RIGHT_HOST) as replies:
        for _ in range(2):
            beside = [product.gateway(name)["id"] for name in ("subnet-1", "subnet-2")]
            product.wait_until_available(*beside)
            product.part(*beside)
    assert replies.received > 20
    assert replies.lost == 0
