"""An installation from its first start to its last: stop, restore, kill, adopt, side by side."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.dataplane.parts import require_parts
from tests.e2e.product import RIGHT_HOST, installed, plain_environment
from tests.e2e.traffic import passes, ping, pinging
from tests.waiting import wait_for

# Each has several starts of a whole product.
pytestmark = [pytest.mark.dataplane, pytest.mark.timeout(300)]


def test_stop_removes_all_and_the_next_start_restores_it() -> None:
    require_parts()
    with installed() as product:
        pair = product.join()
        known = product.credentials
        assert product.end(signal.SIGINT) == 0
        assert product.namespaces() == []
        assert product.charon_processes() == []
        product.start()
        assert product.credentials == known
        assert "Password" not in product.log_text()
        wait_for(lambda: product.is_up(pair), 30)
        left = product.host("vsi-1")
        wait_for(lambda: passes(left, RIGHT_HOST), 5)


def test_a_killed_quickstart_leaves_traffic_alone_and_the_next_one_adopts_it() -> None:
    require_parts()
    with installed() as product:
        pair = product.join()
        charons = product.charons()
        left = product.host("vsi-1")
        wait_for(lambda: passes(left, RIGHT_HOST), 5)
        processes = product.pids
        with pinging(left, RIGHT_HOST) as count:
            assert product.end(signal.SIGKILL) == -signal.SIGKILL
            product.start()
            assert product.is_up(pair)
        assert count.received > 50
        assert count.lost == 0
        assert product.charons() == charons
        assert not set(processes.values()) & set(product.pids.values())


def test_two_installations_on_one_host_are_separate() -> None:
    require_parts()
    with installed() as first, installed() as second:
        for product in (first, second):
            product.join()
        for product in (first, second):
            left = product.host("vsi-1")
            wait_for(lambda host=left: passes(host, RIGHT_HOST), 5)
        second.end()
        assert ping(first.host("vsi-1"), RIGHT_HOST, times=10) == 10
        second.start()


def test_a_second_quickstart_on_the_same_directory_is_refused() -> None:
    with installed("simulated") as product:
        done = subprocess.run(
            product.command("quickstart", "--listen", "127.0.0.1:1", "--driver", "simulated"),
            env=plain_environment(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 1
        assert f"a quickstart (process {product.pid}) already runs" in done.stderr
        assert product.get("/vpn_gateways")["vpn_gateways"] == []


def test_doctor_finds_all_well_and_then_what_is_not() -> None:
    with installed("simulated") as product:
        done = product.manage("doctor", check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        product.end()
        done = product.manage("doctor", check=False)
        assert done.returncode == 1
        for name in ("redis", "web"):
            assert f"FAIL  {name}" in done.stdout
        assert "to fix it:" in done.stdout
        product.start("simulated")
