"""A gateway fails over whatever else is out of order; seen by pings through real charons."""

from __future__ import annotations

import os
import signal

import pytest

from tests.dataplane.parts import filled, small_disk
from tests.e2e.product import RIGHT_HOST, Pair, Product
from tests.e2e.traffic import passes, pinging
from tests.locking import locked_file
from tests.waiting import wait_for

pytestmark = pytest.mark.dataplane


def active(product: Product, gateway: str) -> dict[str, object]:
    rows = product.dataplane()["members"]
    return next(row for row in rows if row["gateway_id"] == gateway and row["role"] == "active")


def moved(product: Product, gateway: str, before: dict[str, object]) -> bool:
    """Whether the other member carries the address, as rows and host say."""
    members = product.get(f"/vpn_gateways/{gateway}")["members"]
    roles = {row["private_ip"]["address"]: row["role"] for row in members}
    return roles[str(before["private_address"])] == "standby" and set(roles.values()) == {"active", "standby"}


def fails_over(product: Product, pair: Pair, how: signal.Signals) -> None:
    """Ends the first gateway's active charon so; prints the longest gap that pings saw."""
    left, before = product.host("vsi-1"), active(product, pair.gateways[0])
    wait_for(lambda: passes(left, RIGHT_HOST), 20)
    with pinging(left, RIGHT_HOST):
        os.kill(int(str(before["pid"])), how)
        wait_for(lambda: not passes(left, RIGHT_HOST), 5, every=0)
        wait_for(lambda: passes(left, RIGHT_HOST), 30)


def test_with_the_database_locked(product: Product, pair: Pair) -> None:
    before = active(product, pair.gateways[0])
    with locked_file(product.directory / "isthmus.sqlite3"):
        fails_over(product, pair, signal.SIGKILL)
    wait_for(lambda: moved(product, pair.gateways[0], before), 60)
    wait_for(lambda: product.is_up(pair), 30)


def test_a_hung_charon(product: Product, pair: Pair) -> None:
    before = active(product, pair.gateways[0])
    fails_over(product, pair, signal.SIGSTOP)
    wait_for(lambda: moved(product, pair.gateways[0], before), 30)
    assert before["pid"] not in product.charon_processes()


def test_with_the_disk_full() -> None:
    """Twice, so that what died first has to be started again on it; and then all of it is recorded."""
    with small_disk(48) as disk:
        product = Product(disk / "data")
        product.start()
        try:
            pair = product.join()
            before = active(product, pair.gateways[0])
            with filled(disk):
                fails_over(product, pair, signal.SIGKILL)
                wait_for(lambda: len(product.charon_processes()) == 4, 30)
                fails_over(product, pair, signal.SIGKILL)
            wait_for(lambda: not moved(product, pair.gateways[0], before), 60)
            wait_for(lambda: product.is_up(pair), 60)
            wait_for(lambda: len(product.charon_processes()) == 4, 30)
            product.part(*pair.gateways)
        finally:
            product.end()
        assert product.namespaces() == []
