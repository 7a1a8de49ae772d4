"""The service that restarts a tunnel, with rows and the simulated driver."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.core.actor import Role
from console.core.errors import Conflict, NotAllowed, NotFound
from console.core.models import AuditEvent
from tests.vpn.scene import Scene, make_scene, settle
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Connection, Gateway, Tunnel
from vpn.services.connections import restart_connection, update_connection

pytestmark = pytest.mark.django_db


def spis(connection: Connection) -> list[str]:
    rows = Tunnel.objects.filter(connection=connection, status="up")
    return [pair["spi_in"] for row in rows for pair in row.pairs]


def test_the_tunnel_comes_back_with_new_spis(
    scene: Scene, pair: tuple[Gateway, Gateway], driver: SimulatedDriver
) -> None:
    one, two = pair
    ours = scene.connect(one, two)
    scene.connect(two, one)
    settle(driver, one, two)
    before = spis(ours)
    operator = replace(scene.actor, role=Role.OPERATOR)
    restart_connection(operator, one.id, ours.id)
    settle(driver, one, two)
    assert len(before) == len(spis(ours)) == 1 and before != spis(ours)
    assert AuditEvent.objects.filter(action="vpn_connection.restart", target_id=str(ours.pk)).count() == 1
    after = spis(ours)
    settle(driver, one, two)
    assert spis(ours) == after


def test_who_may_and_when(scene: Scene, pair: tuple[Gateway, Gateway]) -> None:
    one, two = pair
    ours = scene.connect(one, two)
    with pytest.raises(NotAllowed):
        restart_connection(replace(scene.actor, role=Role.VIEWER), one.id, ours.id)
    with pytest.raises(NotFound):
        restart_connection(make_scene().actor, one.id, ours.id)
    update_connection(scene.actor, one.id, ours.id, {"admin_state_up": False})
    with pytest.raises(Conflict):
        restart_connection(scene.actor, one.id, ours.id)
    assert Connection.objects.get(pk=ours.pk).restart_at is None
