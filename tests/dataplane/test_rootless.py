"""The same in a user namespace, with no rights outside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dataplane.parts import require_parts
from tests.waiting import PATIENCE

pytestmark = pytest.mark.dataplane

INSIDE = """
from tests.dataplane.parts import installation, lacking
from tests.dataplane.world import Side, World, ping
from vpn.drivers.strongswan.driver import StrongSwanDriver
assert lacking() == [], lacking()
with installation() as config:
    left = Side("left", "192.168.100.0/24", "198.18.0.2")
    right = Side("right", "192.168.0.0/24", "198.18.0.3")
    world = World(StrongSwanDriver(config), left, right)
    world.build()
    world.connect()
    print("answered:", ping(world.namespace(left), right.host, count=3))
"""


def test_a_tunnel_in_a_user_namespace() -> None:
    require_parts()
    script = 'mount -t tmpfs tmpfs /run && exec "$@"'
    done = subprocess.run(
        ["unshare", "-Urnm", "sh", "-c", script, "sh", sys.executable, "-c", INSIDE],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        timeout=60 * PATIENCE,
        check=False,
    )
    assert done.stdout == "answered: 3\n", done.stderr
