from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dataplane.parts import installation, require_parts
from tests.dataplane.world import Side, World
from vpn.drivers.base import Driver, DriverConfig
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.drivers.strongswan.driver import StrongSwanDriver


@pytest.fixture(params=["simulated", pytest.param("strongswan", marks=pytest.mark.dataplane)])
def driver_config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DriverConfig]:
    if request.param == "simulated":
        yield DriverConfig(tmp_path / "driver", "contract", "198.18.0.0/16")
        return
    require_parts()
    with installation() as config:
        yield config


@pytest.fixture
def driver(driver_config: DriverConfig) -> Driver:
    if driver_config.installation == "contract":
        return SimulatedDriver(driver_config)
    return StrongSwanDriver(driver_config)


@pytest.fixture
def world(driver: Driver) -> World:
    return World(
        driver,
        Side("left", "192.168.100.0/24", "198.18.0.2"),
        Side("right", "192.168.0.0/24", "198.18.0.3"),
    )
