"""The lives of gateways and connections on the simulated data plane, as recorded in rows."""

from __future__ import annotations

import pytest

from console.core.errors import Conflict
from policies.services import create_ike_policy, update_ike_policy
from tests.vpn.scene import settle, status_of
from vpn.models import Connection, Gateway, StatusChange, SubnetAddress, Tunnel
from vpn.reconcile.controller import observe_gateway, reconcile
from vpn.services import connections, gateways

pytestmark = pytest.mark.django_db


def test_both_sides_come_up_and_the_tunnel_reports_its_suite(scene, driver, pair):
    one, two = pair
    ours = scene.connect(one, two)
    reconcile(one.id, driver=driver)
    assert status_of(ours) == "down"
    theirs = scene.connect(two, one)
    settle(driver, two, one)
    assert (status_of(ours), status_of(theirs)) == ("up", "up")
    tunnel = Tunnel.objects.get(connection=ours, member__role="active")
    assert tunnel.negotiated["ike_version"] == 2
    assert [pair["state"] for pair in tunnel.pairs] == ["installed"]
    assert StatusChange.objects.filter(connection=ours).first().status == "up"


def test_deletion_leaves_nothing_and_keeps_policies(scene, driver, pair):
    one, two = pair
    policy = create_ike_policy(
        scene.actor,
        {
            "name": "mine",
            "authentication_algorithm": "sha256",
            "encryption_algorithm": "aes256",
            "dh_group": 14,
            "ike_version": 2,
        },
    )
    ours = scene.connect(one, two, ike_policy={"id": str(policy.id)})
    theirs = scene.connect(two, one, ike_policy={"id": str(policy.id)})
    settle(driver, one, two)
    assert status_of(theirs) == "up"
    gateways.delete_gateway(scene.actor, one.id)
    assert Gateway.objects.get(pk=one.pk).status == "deleting"
    settle(driver, one, two)
    assert not Gateway.objects.filter(pk=one.pk).exists()
    assert not Connection.objects.filter(pk=ours.pk).exists()
    assert not SubnetAddress.objects.filter(subnet=scene.left).exists()
    assert {m.gateway_id for m in driver.inventory().members} == {two.id}
    assert status_of(theirs) == "down"
    policy.refresh_from_db()


def test_an_edited_policy_reaches_its_gateways(scene, driver, pair):
    one, two = pair
    fields = {
        "name": "mine",
        "authentication_algorithm": "sha256",
        "encryption_algorithm": "aes256",
        "dh_group": 14,
        "ike_version": 2,
    }
    policy = create_ike_policy(scene.actor, fields)
    ours = scene.connect(one, two, ike_policy={"id": str(policy.id)})
    scene.connect(two, one)
    settle(driver, one, two)
    update_ike_policy(scene.actor, policy.id, {"encryption_algorithm": "aes128"})
    settle(driver, one, two)
    tunnel = Tunnel.objects.get(connection=ours, member__role="active")
    assert tunnel.negotiated["ike_suite"].startswith("aes128-")


def test_switched_off_it_goes_down_and_on_it_comes_back(scene, driver, pair):
    one, two = pair
    ours, theirs = scene.connect(one, two), scene.connect(two, one)
    settle(driver, one, two)
    connections.update_connection(scene.actor, one.id, ours.id, {"admin_state_up": False})
    settle(driver, one, two)
    assert (status_of(ours), status_of(theirs)) == ("down", "down")
    assert Connection.objects.get(pk=ours.pk).status_reasons == []
    connections.update_connection(scene.actor, one.id, ours.id, {"admin_state_up": True})
    settle(driver, one, two)
    assert (status_of(ours), status_of(theirs)) == ("up", "up")


def test_another_key_holds_from_the_next_authentication_on(scene, driver, pair):
    """A tunnel that is up goes on; restarted, it is down with the reason."""
    one, two = pair
    ours, theirs = scene.connect(one, two), scene.connect(two, one)
    settle(driver, one, two)
    connections.update_connection(scene.actor, one.id, ours.id, {"psk": "AnotherPassword"})
    settle(driver, one, two)
    assert (status_of(ours), status_of(theirs)) == ("up", "up")
    connections.restart_connection(scene.actor, one.id, ours.id)
    settle(driver, one, two)
    row = Connection.objects.get(pk=ours.pk)
    assert row.status == "down"
    assert row.status_reasons[0]["code"] == "cannot_authenticate_connection"
    assert "AnotherPassword" not in str(row.status_reasons)
    connections.update_connection(scene.actor, two.id, theirs.id, {"psk": "AnotherPassword"})
    settle(driver, one, two)
    assert status_of(ours) == "up"


def test_the_standby_takes_over_and_the_dead_member_is_repaired(scene, driver, pair):
    one, two = pair
    ours, theirs = scene.connect(one, two), scene.connect(two, one)
    settle(driver, one, two)
    first = one.members.get(role="active")
    driver.kill(first.id)
    observe_gateway(one.id, driver=driver)
    settle(driver, one, two)
    assert one.members.get(role="active").pk != first.pk
    one.refresh_from_db()
    assert (one.status, one.health_state) == ("available", "ok")
    assert (status_of(ours), status_of(theirs)) == ("up", "up")


def test_removing_one_of_two_connections_to_a_peer_leaves_the_other_alone(scene, driver, pair):
    one, two = pair
    second = {"local_cidrs": ["192.168.100.0/24"], "peer_cidrs": ["10.5.0.0/16"]}
    mirrored = {"local_cidrs": ["10.5.0.0/16"], "peer_cidrs": ["192.168.100.0/24"]}
    doomed = scene.connect(one, two, **second)
    ours = scene.connect(one, two)
    scene.connect(two, one, local_cidrs=[*mirrored["local_cidrs"], "192.168.0.0/24"])
    settle(driver, one, two)
    assert status_of(ours) == "up"
    spis = [p["spi_in"] for t in ours.tunnels.filter(status="up") for p in t.pairs]
    connections.delete_connection(scene.actor, one.id, doomed.id)
    settle(driver, one, two)
    assert [p["spi_in"] for t in ours.tunnels.filter(status="up") for p in t.pairs] == spis


def test_an_edit_that_would_part_two_connections_to_one_peer_is_refused(scene, pair):
    one, two = pair
    fields = {
        "authentication_algorithm": "sha256",
        "encryption_algorithm": "aes256",
        "dh_group": 14,
        "ike_version": 2,
    }
    ours, same = (create_ike_policy(scene.actor, {"name": name, **fields}) for name in ("ours", "same"))
    scene.connect(one, two, ike_policy={"id": str(ours.id)})
    scene.connect(one, two, peer_cidrs=["10.5.0.0/16"], ike_policy={"id": str(same.id)})
    with pytest.raises(Conflict, match="share one IKE SA"):
        update_ike_policy(scene.actor, same.id, {"dh_group": 5})
    same.refresh_from_db()
    assert same.dh_group == 14
