"""Peers that are known by name: resolved by the worker, never inside a request."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from console.core.errors import Invalid
from tests.factories import Party, errors_of, make_gateway, path_of
from tests.vpn.scene import make_scene, settle
from tests.waiting import wait_for
from vpn.api.responses.gateways import NO_ADDRESS
from vpn.handoff.vendors import VENDORS, render
from vpn.models import Connection
from vpn.reconcile.controller import observe_gateway
from vpn.reconcile.desired import load_gateway, spec_for
from vpn.reconcile.resolver import Answer, Resolver
from vpn.services.connections import create_connection, update_connection
from vpn.services.fields import ConnectionFields
from vpn.services.handoff import parameters_of
from vpn.templatetags.vpn import remedy

pytestmark = pytest.mark.django_db
NEWEST, OLDER = "2026-10-06&generation=2", "2024-04-29&generation=2"
NAME = "vpn.example.com"


class Directory:
    """A DNS with one name in it; counts how often it was asked."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.asked = 0
        self.now = 0.0
        self.resolver = Resolver(settings.NODE, self.ask, lambda: self.now)

    def ask(self, name: str) -> Answer:
        self.asked += 1
        return Answer(tuple(self.addresses) if name == NAME else (), 60.0)

    def resolve(self) -> None:
        """What the listener's thread does, long after the last time."""
        self.now += 4000.0
        self.resolver.poll_once()
        wait_for(lambda: self.resolver.poll_once() or self.resolver.idle())


@pytest.fixture
def directory() -> Directory:
    return Directory()


def body(**peer: Any) -> dict[str, Any]:
    return {
        "psk": "VPNDemoPassword",
        "local": {"cidrs": ["192.168.100.0/24"]},
        "peer": {"cidrs": ["10.1.0.0/24"], **peer},
    }


def test_no_request_asks_the_dns(ana: Party, directory: Directory) -> None:
    gateway = make_gateway(ana)
    made = ana.api.post(f"{path_of(gateway)}/connections", body(fqdn=NAME), version=NEWEST)
    assert made.status_code == 201
    assert made.json()["peer"] == {
        "type": "fqdn",
        "fqdn": NAME,
        "cidrs": ["10.1.0.0/24"],
        "ike_identity": {"type": "fqdn", "value": NAME},
    }
    row = Connection.objects.get()
    assert ana.api.get(path_of(row), version=OLDER).json()["peer_address"] == NO_ADDRESS
    moved = ana.api.patch(path_of(row), {"peer": {"fqdn": "other.example.com"}}, version=NEWEST)
    assert moved.json()["peer"]["fqdn"] == "other.example.com"
    assert directory.asked == 0


@pytest.mark.parametrize(
    ("peer", "code", "field"),
    [
        ({"fqdn": "nodots"}, "validation_failure", "peer.fqdn"),
        ({"fqdn": "vpn.example.1"}, "validation_failure", "peer.fqdn"),
        ({"fqdn": NAME, "address": "203.0.113.9"}, "validation_only_one", "peer.fqdn"),
        ({}, "validation_required_field", "peer.address"),
    ],
)
def test_what_is_no_peer(ana: Party, peer: dict[str, str], code: str, field: str) -> None:
    refused = ana.api.post(f"{path_of(make_gateway(ana))}/connections", body(**peer), version=NEWEST)
    assert errors_of(refused) == [(code, field)]


def test_a_peer_stays_of_its_kind(ana: Party) -> None:
    gateway = make_gateway(ana)
    ana.api.post(f"{path_of(gateway)}/connections", body(fqdn=NAME), version=NEWEST)
    named = Connection.objects.get()
    for version, change in (
        (NEWEST, {"peer": {"address": "203.0.113.9"}}),
        (OLDER, {"peer_address": "203.0.113.9"}),
    ):
        refused = ana.api.patch(path_of(named), change, version=version)
        assert errors_of(refused)[0][0] == "validation_failure"
    named.delete()
    ana.api.post(f"{path_of(gateway)}/connections", body(address="203.0.113.9"), version=NEWEST)
    refused = ana.api.patch(path_of(Connection.objects.get()), {"peer": {"fqdn": NAME}}, version=NEWEST)
    assert errors_of(refused) == [("validation_failure", "peer.fqdn")]


def by_name(scene: Any, one: Any) -> Connection:
    fields: ConnectionFields = {
        "psk": "VPNDemoPassword",
        "local": {"cidrs": ["192.168.100.0/24"]},
        "peer": {"fqdn": NAME, "cidrs": ["192.168.0.0/24"]},
    }
    return create_connection(scene.actor, one.id, fields)


def test_the_worker_finds_the_address_and_the_tunnel_comes_up(driver: Any, directory: Directory) -> None:
    scene = make_scene()
    one, two = scene.gateway(scene.left), scene.gateway(scene.right)
    ours = by_name(scene, one)
    scene.connect(two, one, local_identity={"type": "fqdn", "value": NAME})
    directory.resolve()
    settle(driver, one, two)
    ours.refresh_from_db()
    assert (ours.status, ours.address) == ("down", "")
    assert "no IPv4 address in the DNS" in ours.status_reasons[0]["message"]
    assert ours.status_reasons[0]["cause"] == "peer_name"
    assert "spelling of the name" in remedy(ours.status_reasons[0])
    directory.addresses = [two.public_address]
    directory.resolve()
    settle(driver, one, two)
    ours.refresh_from_db()
    assert (ours.status, ours.address) == ("up", two.public_address)


def test_an_address_stays_while_the_name_has_it_or_nobody_answers(driver: Any, directory: Directory) -> None:
    scene = make_scene()
    one = scene.gateway(scene.left)
    ours = by_name(scene, one)
    for addresses, then in (
        (["203.0.113.5", "203.0.113.6"], "203.0.113.5"),
        (["203.0.113.6", "203.0.113.5"], "203.0.113.5"),
        ([], "203.0.113.5"),
        (["203.0.113.6"], "203.0.113.6"),
    ):
        directory.addresses = addresses
        directory.resolve()
        observe_gateway(one.id, driver=driver)
        ours.refresh_from_db()
        assert ours.address == then
        (spec,) = spec_for(load_gateway(one.id)).connections
        assert (spec.peer_address, spec.remote_id) == (then, f"@{NAME}")


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "a loopback address"),
        ("224.0.0.5", "a multicast address"),
        ("169.254.169.254", "a link-local address"),
        ("198.18.0.1", "the router of the provider's network"),
        ("own", "the gateway's own public address"),
    ],
)
def test_a_name_leads_only_where_a_peer_can_be(
    driver: Any, directory: Directory, address: str, kind: str
) -> None:
    """What is refused as peer_address is not taken from the DNS either."""
    scene = make_scene()
    one = scene.gateway(scene.left)
    ours = by_name(scene, one)
    directory.addresses = [one.public_address if address == "own" else address]
    directory.resolve()
    settle(driver, one)
    ours.refresh_from_db()
    assert (ours.status, ours.address) == ("down", "")
    assert kind in ours.status_reasons[0]["message"]
    directory.addresses.append("203.0.113.7")
    directory.resolve()
    settle(driver, one)
    ours.refresh_from_db()
    assert ours.address == "203.0.113.7"


def test_a_new_name_forgets_the_old_address(driver: Any, directory: Directory, ana: Party) -> None:
    directory.addresses = ["203.0.113.5"]
    scene = make_scene()
    one = scene.gateway(scene.left)
    ours = by_name(scene, one)
    directory.resolve()
    observe_gateway(one.id, driver=driver)
    update_connection(scene.actor, one.id, ours.id, {"peer": {"fqdn": "other.example.com"}})
    ours.refresh_from_db()
    assert (ours.peer, ours.address) == ("other.example.com", "")


def test_spellings_of_a_name_are_one_name(driver: Any, directory: Directory) -> None:
    scene = make_scene()
    one, two = scene.gateway(scene.left), scene.gateway(scene.right)
    directory.addresses = [two.public_address]
    ours = by_name(scene, one)
    scene.connect(two, one, local_identity={"type": "fqdn", "value": f"{NAME.upper()}."})
    directory.resolve()
    settle(driver, one, two)
    ours.refresh_from_db()
    assert ours.status == "up"
    (spec,) = spec_for(load_gateway(two.id)).connections
    assert spec.local_id == f"@{NAME}"
    other: ConnectionFields = {
        "local": {"cidrs": ["192.168.77.0/24"]},
        "peer": {"fqdn": f"{NAME.upper()}.", "cidrs": ["10.77.0.0/24"]},
        "psk": "another-one-123",
    }
    with pytest.raises(Invalid) as refused:
        create_connection(scene.actor, one.id, other)
    assert [v.field for v in refused.value.violations] == ["psk"]


def test_the_hand_off_of_a_peer_known_by_its_name_has_no_address_of_it(
    ana: Party, directory: Directory
) -> None:
    """Its address may change, also while the file lies there."""
    gateway = make_gateway(ana)
    ana.api.post(f"{path_of(gateway)}/connections", body(fqdn=NAME), version=NEWEST)
    row = Connection.objects.get()
    before = parameters_of(row)
    Connection.objects.update(resolved_address="198.51.100.77")
    after = parameters_of(Connection.objects.get())
    assert before == after and after.fingerprint == before.fingerprint
    assert (after.yours.address, after.yours.identity) == (NAME, f"@{NAME}")
    made = render(VENDORS["vyos"], after, made_at="now")
    assert "local-address 'any'" in made and "198.51.100.77" not in made
