"""The simulated driver's files: private, without keys, and shared by many writers."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.vpn.domain.values import connection, gateway, pair
from tests.vpn.simulation import reconcile, words
from vpn.drivers.base import DriverConfig
from vpn.drivers.simulated.driver import SimulatedDriver


@pytest.fixture
def config(tmp_path: Path) -> DriverConfig:
    return DriverConfig(tmp_path / "driver", "test", "203.0.113.0/24")


@pytest.fixture
def driver(config: DriverConfig) -> SimulatedDriver:
    return SimulatedDriver(config)


def test_no_key_in_clear_on_disk_and_all_files_private(driver: SimulatedDriver, config: DriverConfig) -> None:
    reconcile(driver, *pair())
    files = [path for path in config.directory.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert b"VPNDemoPassword" not in path.read_bytes()
        if path.name != "lock":
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(os.stat(config.directory).st_mode) == 0o700


def test_other_processes_see_the_same_data_plane(driver: SimulatedDriver, config: DriverConfig) -> None:
    first, second = pair()
    reconcile(driver, first, second)
    script = (
        "import sys; from pathlib import Path; from vpn.drivers.base import DriverConfig;"
        "from vpn.drivers.simulated.driver import SimulatedDriver;"
        "d = SimulatedDriver(DriverConfig(Path(sys.argv[1]), 'test', ''));"
        "print(sum(m.tunnels_up for m in d.inventory().members))"
    )
    command = [sys.executable, "-c", script, str(config.directory)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "2"


def test_many_writers_at_once_lose_nothing(config: DriverConfig) -> None:
    """Eight gateways, each meshed with its neighbours, each reconciled by a thread of its own."""
    count = 8
    specs = []
    for i in range(count):
        own, near = f"203.0.113.{i + 1}", [(i + 1) % count, (i - 1) % count]
        links = [
            connection(
                f"c{i}-{j}",
                peer=f"203.0.113.{j + 1}",
                own=own,
                local=[f"10.{i}.0.0/24"],
                remote=[f"10.{j}.0.0/24"],
            )
            for j in near
        ]
        specs.append(gateway(*links, name=f"g{i}", public=own))
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda spec: reconcile(SimulatedDriver(config), spec), specs))
    driver = SimulatedDriver(config)
    assert {word for spec in specs for word in words(driver, spec)} == {("up", ())}
    pairs = [
        (child.spi_in, child.spi_out)
        for spec in specs
        for state in driver.observe(spec.members).values()
        for sa in state.sas
        for child in sa.children
    ]
    assert len(pairs) == 2 * count
    assert {(out, into) for into, out in pairs} == set(pairs)
