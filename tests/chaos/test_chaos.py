"""Every fault at every moment: afterwards all is as the rows say, and the pair beside noticed nothing.

What is hit, and how long after a change began, follows from CHAOS_SEED (else 9), so that a round can be
had again; CHAOS_ROUNDS (else 1) makes as many rounds of each fault.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.changes import MOMENTS, Attempt, Change
from tests.chaos.clock import Clock
from tests.chaos.faults import BESIDE_TUNNELS, IN_TUNNELS, Fault
from tests.chaos.stage import WITNESS_HOSTS, Stage, staged
from tests.dataplane.parts import require_parts
from tests.e2e.product import RIGHT_HOST
from tests.e2e.test_redis_away import server
from tests.e2e.traffic import pinging

# Four moments in a round; each may wait for a process that is restarted because it hangs.
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
SEED = int(os.environ.get("CHAOS_SEED", "9"))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))


@pytest.fixture(scope="module")
def small_disk() -> Iterator[Path]:
    """A file system that holds one installation; others may pass it, so that charons' files lie on it."""
    require_parts()
    with tempfile.TemporaryDirectory(prefix="isth-", dir="/tmp") as name:
        Path(name).chmod(0o711)
        command = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=711", "tmpfs", name]
        if subprocess.run(command, check=False).returncode:
            pytest.skip("needs the right to mount a file system")
        yield Path(name)
        subprocess.run(["umount", name], check=True)


@pytest.fixture(scope="module")
def stage(small_disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for all faults: what one leaves behind is there for the next."""
    place = small_disk / "broker"
    place.mkdir(mode=0o700)
    clock = Clock(tmp_path_factory.mktemp("clock") / "offset")
    with server(place) as broker, staged(small_disk, broker, clock, SEED) as made:
        yield made


@pytest.mark.parametrize("fault", [*BESIDE_TUNNELS, *IN_TUNNELS], ids=lambda one: one.__name__)
def test_all_is_as_the_rows_say_after(stage: Stage, fault: Fault) -> None:
    stage.settle()
    hosts = {name: stage.product.host(name) for name in ("vsi-1", "vsi-3")}
    for _ in range(ROUNDS):
        for moment in MOMENTS:
            with ExitStack() as pings:
                witness = pings.enter_context(pinging(hosts["vsi-3"], WITNESS_HOSTS[1]))
                struck = pings.enter_context(pinging(hosts["vsi-1"], RIGHT_HOST))
                strike(stage, fault, moment)
            assert witness.received > 20, moment.__name__
            assert witness.lost == 0, moment.__name__
            if fault in BESIDE_TUNNELS:
                assert struck.lost == 0, moment.__name__


def strike(stage: Stage, fault: Fault, moment: Attempt) -> None:
    """The fault comes while the change is under way, and lasts until that has had an answer."""
    change = Change(stage, moment)
    change.answered.wait(stage.random.uniform(0, 0.5))
    with fault(stage):
        change.answered.wait(10)
    change.wait_accepted(60)
    try:
        stage.settle()
    except AssertionError as error:
        raise AssertionError(f"{fault.__name__} during {moment.__name__}: {error}") from error
