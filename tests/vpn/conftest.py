"""A tenant and a simulated data plane of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vpn.scene import Scene, make_scene
from vpn.drivers.base import DriverConfig
from vpn.drivers.simulated import SimulatedDriver
from vpn.models import Gateway
from vpn.reconcile.controller import reconcile


@pytest.fixture
def driver(tmp_path: Path) -> SimulatedDriver:
    return SimulatedDriver(DriverConfig(tmp_path / "driver", "test", "198.18.0.0/16"))


@pytest.fixture
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def pair(scene: Scene, driver: SimulatedDriver) -> tuple[Gateway, Gateway]:
    rows = (scene.gateway(scene.left, "one"), scene.gateway(scene.right, "two"))
    for row in rows:
        reconcile(row.id, driver=driver)
    return tuple(Gateway.objects.get(pk=row.pk) for row in rows)
