"""A pre-shared key that cannot be decrypted affects its own peer only, and only when it has to be loaded."""

from __future__ import annotations

import pytest

from console.core.encryption import KeyRing, new_key
from tests.vpn.scene import settle, status_of
from vpn.drivers.base import DriverError
from vpn.models import Connection
from vpn.reconcile.controller import observe, observe_gateway
from vpn.reconcile.desired import load_gateway, spec_for
from vpn.reconcile.spec_cache import SpecCache
from vpn.reconcile.takeover import repair
from vpn.services import connections

pytestmark = pytest.mark.django_db


@pytest.fixture
def tunnel(scene, driver, pair) -> Connection:
    """One that is up; its other side has the same key."""
    one, two = pair
    row = scene.connect(one, two)
    scene.connect(two, one)
    settle(driver, one, two)
    return row


def failure_of(connection: Connection) -> str:
    connection.gateway.refresh_from_db()
    return " ".join(reason["message"] for reason in connection.gateway.lifecycle_reasons)


def test_observations_and_runs_without_changes_open_no_key(driver, tunnel, monkeypatch):
    opened = []
    monkeypatch.setattr(KeyRing, "open", lambda *args: opened.append(args))
    cache = SpecCache(tunnel.gateway.node)
    cache.refresh()
    (spec,) = [one for one in cache.specs() if one.id == tunnel.gateway_id]
    assert observe(driver, spec).members
    settle(driver, tunnel.gateway)
    assert not opened
    assert status_of(tunnel) == "up"


def test_a_tunnel_that_is_up_stays_up_and_is_observed(driver, tunnel, settings):
    settings.ENCRYPTION_KEYS = [new_key()]
    Connection.objects.filter(pk=tunnel.pk).update(status="down")
    settle(driver, tunnel.gateway)
    assert status_of(tunnel) == "up"
    assert failure_of(tunnel) == ""


def test_the_key_of_one_peer_is_no_fault_of_the_others(scene, driver, tunnel, settings):
    sealed = scene.connect(tunnel.gateway, "198.51.100.9", peer_cidrs=["10.9.0.0/24"])
    also_sealed = scene.connect(tunnel.gateway, "198.51.100.8", peer_cidrs=["10.8.0.0/24"])
    settings.ENCRYPTION_KEYS = [new_key(), *settings.ENCRYPTION_KEYS]
    other = scene.connect(tunnel.gateway, "198.51.100.10", peer_cidrs=["10.10.0.0/24"])
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    settle(driver, tunnel.gateway)
    message = failure_of(tunnel)
    assert "Reading the pre-shared key for 198.51.100.9, 198.51.100.8" in message
    assert "not in the ring" in message
    spec = spec_for(load_gateway(tunnel.gateway_id))
    for member in observe(driver, spec).members.values():
        assert {name.split("_")[1] for name in member.loaded} == {tunnel.peer_address, other.peer_address}
    assert status_of(tunnel) == "up"
    assert status_of(sealed) == "down"
    # So does a repair without the database.
    with pytest.raises(DriverError, match=r"198\.51\.100\.9"):
        repair(spec, driver)

    for row in (sealed, also_sealed):
        connections.update_connection(scene.actor, row.gateway_id, row.pk, {"psk": "AnotherPassword1"})
    settle(driver, tunnel.gateway)
    assert failure_of(tunnel) == ""
    assert observe_gateway(tunnel.gateway_id, driver=driver)
    for member in observe(driver, spec).members.values():
        assert len(member.loaded) == 4
