"""Processes of the control plane die; tunnels do not notice, work is not lost."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.product import RIGHT_HOST, Pair, Product
from tests.e2e.traffic import ping, pinging
from tests.waiting import wait_for

pytestmark = pytest.mark.dataplane


def restart(product: Product, name: str, number: signal.Signals) -> None:
    before = product.pids[name]
    os.kill(before, number)
    wait_for(lambda: product.pids.get(name, before) != before, 20)


def test_traffic_does_not_notice_a_restart_of_everything_else(product: Product, pair: Pair) -> None:
    charons = product.charons()
    with pinging(product.host("vsi-1"), RIGHT_HOST) as count:
        for name in ("listener", "beat", "worker", "web", "redis"):
            restart(product, name, signal.SIGTERM)
        # Work goes on through the new processes.
        wait_for(product.answers, 20)
        extra = product.gateway("subnet-1")["id"]
        product.wait_until_available(extra)
        product.part(extra)
    assert count.received > 50
    assert count.lost == 0
    assert product.charons() == charons


def test_killed_processes_come_back(product: Product, pair: Pair) -> None:
    with pinging(product.host("vsi-1"), RIGHT_HOST) as count:
        for name in product.pids:
            restart(product, name, signal.SIGKILL)
        wait_for(product.answers, 20)
        extra = product.gateway("subnet-1")["id"]
        product.wait_until_available(extra)
        product.part(extra)
    assert count.lost == 0
    assert "was ended by SIGKILL" in product.log_text()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_worker_killed_while_it_provisions_leaves_no_orphan(product: Product, share: float) -> None:
    """Killed before, amid and right after the namespaces of the two members are made."""
    existing = len(product.namespaces())
    gateway = product.gateway("subnet-1")["id"]
    wait_for(lambda: len(product.namespaces()) - existing >= 2 * share, 10, every=0.001)
    restart(product, "worker", signal.SIGKILL)
    product.wait_until_available(gateway)
    members = [row for row in product.dataplane()["members"] if row["gateway_id"] == gateway]
    assert sorted(row["pid"] for row in members) == sorted(product.charon_processes())
    assert len([name for name in product.namespaces() if gateway in name]) == 2
    assert len({row["private_address"] for row in members}) == 2
    product.part(gateway)
    assert len(product.namespaces()) == existing
    assert product.charon_processes() == []
    # Its addresses are free again.
    again = product.gateway("subnet-1")["id"]
    product.wait_until_available(again)
    after = [row for row in product.dataplane()["members"] if row["gateway_id"] == again]
    assert {row["private_address"] for row in after} == {row["private_address"] for row in members}


def test_the_sweep_keeps_status_right_while_the_listener_hangs(product: Product) -> None:
    listener = product.pids["listener"]
    os.kill(listener, signal.SIGSTOP)
    try:
        pair = product.join()
        charons = product.charons()
        silent = next(
            row["pid"]
            for row in product.dataplane()["members"]
            if row["gateway_id"] == pair.gateways[1] and row["role"] == "active"
        )
        product.call(
            "PATCH",
            f"/vpn_gateways/{pair.gateways[1]}/connections/{pair.connections[1]}",
            {"admin_state_up": False},
        )
        wait_for(lambda: product.status(pair.gateways[0]) == "down", 20)
        assert silent in charons.values()
    finally:
        os.kill(listener, signal.SIGCONT)


def test_a_deleted_gateway_leaves_the_other_side_reachable_no_more(product: Product, pair: Pair) -> None:
    left = product.host("vsi-1")
    product.part(pair.gateways[1])
    wait_for(lambda: product.status(pair.gateways[0]) == "down", 20)
    assert ping(left, RIGHT_HOST) == 0
    assert not [name for name in product.namespaces() if pair.gateways[1] in name]
