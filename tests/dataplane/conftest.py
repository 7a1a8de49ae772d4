from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dataplane.parts import installation, require_parts
from tests.dataplane.world import Side, World
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan.driver import StrongSwanDriver


@pytest.fixture
def config() -> Iterator[DriverConfig]:
    require_parts()
    with installation() as made:
        yield made


@pytest.fixture
def driver(config: DriverConfig) -> StrongSwanDriver:
    return StrongSwanDriver(config)


@pytest.fixture
def world(driver: StrongSwanDriver) -> World:
    """Two VPCs and two gateways of one started member each, nothing connected."""
    made = World(
        driver,
        Side("left", "192.168.100.0/24", "198.18.0.2"),
        Side("right", "192.168.0.0/24", "198.18.0.3"),
    )
    made.build()
    return made
