from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dataplane.parts import installation, require_parts
from tests.dataplane.world import Side, World
from vpn.drivers.base import Driver, DriverConfig
from vpn.drivers.registry import DRIVERS, create_driver


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.dataplane] * entry.runs_charon)
        for name, entry in DRIVERS.items()
    ]
)
def driver_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def driver_config(driver_name: str, tmp_path: Path) -> Iterator[DriverConfig]:
    if not DRIVERS[driver_name].runs_charon:
        yield DriverConfig(tmp_path / "driver", "contract", "198.18.0.0/16")
        return
    require_parts()
    with installation() as config:
        yield config


@pytest.fixture
def driver(driver_name: str, driver_config: DriverConfig) -> Driver:
    return create_driver(driver_name, driver_config)


@pytest.fixture
def world(driver: Driver) -> World:
    return World(
        driver,
        Side("left", "192.168.100.0/24", "198.18.0.2"),
        Side("right", "192.168.0.0/24", "198.18.0.3"),
    )
