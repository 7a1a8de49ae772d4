"""Processes that hang (SIGSTOP): /readyz says which, and quickstart starts each again."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

import httpx
import pytest

from tests.dataplane.parts import require_parts
from tests.e2e.product import Product, installed
from tests.waiting import wait_for

# Each is ended after 20 s, and reported after 15.
pytestmark = [pytest.mark.dataplane, pytest.mark.timeout(400)]
HANG_SECONDS = "20"


def checks(product: Product) -> Mapping[str, object]:
    """What /readyz says; nothing when it does not answer."""
    try:
        response = httpx.get(f"{product.url}/readyz", timeout=4)
    except httpx.TransportError:
        return {}
    found: dict[str, object] = response.json()["checks"]
    return found


def says(product: Product, **expected: str) -> bool:
    found = checks(product)
    return bool(found) and all(found[name] == state for name, state in expected.items())


def is_well(product: Product) -> bool:
    return says(product, database="ok", redis="ok", sweep="ok", listener="ok")


def stop(product: Product, *names: str) -> dict[str, int]:
    """With all their children; the pids, to be waited for by `restarted`."""
    pids = {name: product.pids[name] for name in names}
    for pid in pids.values():
        os.killpg(pid, signal.SIGSTOP)
    return pids


def restarted(product: Product, before: Mapping[str, int]) -> bool:
    now = product.pids
    return all(now.get(name, pid) != pid for name, pid in before.items())


def test_readyz_says_which_process_hangs_and_each_is_started_again() -> None:
    """Processes whose hangs can be distinguished, at the same time, since each takes a while."""
    require_parts()
    with installed(ISTHMUS_HANG_SECONDS=HANG_SECONDS, ISTHMUS_SWEEP_SECONDS="2") as product:
        wait_for(lambda: is_well(product), 60)
        stopped = stop(product, "listener")
        wait_for(lambda: says(product, redis="ok", sweep="ok", listener="silent"), 60)
        stopped |= stop(product, "redis")
        wait_for(lambda: checks(product).get("redis") == "TimeoutError", 20)
        stopped |= stop(product, "web")
        wait_for(lambda: checks(product) == {}, 20)
        wait_for(lambda: restarted(product, stopped), 90)
        wait_for(lambda: is_well(product), 60)
        for name in ("worker", "beat"):
            stopped = stop(product, name)
            wait_for(lambda: says(product, redis="ok", sweep="silent", listener="ok"), 60)
            wait_for(lambda before=stopped: restarted(product, before), 90)
            wait_for(lambda: is_well(product), 60)
        output = product.log_text()
    for name in ("listener", "redis", "web", "worker", "beat"):
        assert f"{name} hangs: no heartbeat for" in output
