"""An upgrade ends no tunnel: charons and records as an earlier commit of this repository made them, and
today's code over them. The earlier code comes from the repository's own history and runs in a
process of its own. The database is taken over in tests/vpn/test_upgrade.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.domain.proposals import IkeVersion
from tests.dataplane.parts import installation, require_parts
from tests.dataplane.upgrade_gateways import BEFORE, described, unpack
from tests.dataplane.world import installed, pinging
from vpn.drivers.base import DriverConfig

pytestmark = pytest.mark.dataplane


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the earlier commit."""
    folder = tmp_path_factory.mktemp("earlier")
    if not unpack(folder):
        pytest.fail(f"The history lacks {BEFORE}: the test needs a clone with its whole history.")
    shutil.copy(Path(__file__).with_name("upgrade_gateways.py"), folder / "tests/dataplane")
    return folder


def run(tree: Path, *words: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def config() -> Iterator[DriverConfig]:
    require_parts()
    with installation() as made:
        yield made


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2, IkeVersion.ANY])
def test_tunnels_go_on_through_an_upgrade(earlier: Path, config: DriverConfig, version: IkeVersion) -> None:
    given = {
        "directory": str(config.directory.absolute()),
        "instance": config.installation,
        "provider_cidr": config.provider_cidr,
        "esp": config.esp,
        "version": int(version),
    }
    before = json.loads(run(earlier, "-m", "tests.dataplane.upgrade_gateways", json.dumps(given)))
    gateways = described(given)
    world = gateways.world
    seen = world.state(world.left)
    assert {name: list(spis) for name, spis in installed(seen).items()} == before and before
    assert {peer.fingerprint for peer in seen.loaded.values()} == {""}
    with pinging(world.namespace(world.left), world.right.host, 300) as running:
        gateways.settle(1)
        assert ", 300 received" in running.communicate(timeout=60)[0]
    after = world.state(world.left)
    assert {name: list(spis) for name, spis in installed(after).items()} == before
    assert [sa.unique_id for sa in after.sas] == [sa.unique_id for sa in seen.sas]
    assert (after.pid, after.boot_id) == (seen.pid, seen.boot_id)
    assert all(peer.fingerprint for peer in after.loaded.values())
