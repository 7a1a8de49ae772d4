"""A tenant and a simulated data plane of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings

from tests.vpn.scene import Scene, make_scene
from vpn import triggers
from vpn.drivers.base import DriverConfig
from vpn.drivers.simulated.driver import SimulatedDriver
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


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> list[tuple[str, str, str]]:
    """Task, id and queue of every request that reached the broker."""
    settings.REDIS_URL = "unix:///somewhere"
    calls: list[tuple[str, str, str]] = []

    def send_task(name: str, args: list[str], queue: str, **_: object) -> None:
        calls.append((name, args[0], queue))

    monkeypatch.setattr(triggers.current_app, "send_task", send_task)
    return calls
