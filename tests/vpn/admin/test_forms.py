"""Networks, gateways and connections in the admin site: the services' rules, no other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from console.core.models import AuditEvent
from tests.adminsite import add, change, delete, errors, superuser
from tests.factories import (
    PSK,
    Party,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_instance,
    make_subnet,
    make_vpc,
)
from tests.pages import text_of
from vpn import triggers
from vpn.models import AddressPrefix, Connection, Gateway, Instance, Subnet, Vpc
from vpn.services.connections import cidrs_of


@pytest.fixture
def root(db: None) -> Client:
    """A superuser who belongs to no account."""
    return superuser()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, UUID]]:
    """The tasks that were sent to the workers, in order."""
    requests: list[tuple[str, UUID]] = []
    monkeypatch.setattr(triggers, "send", lambda task, ident, node: requests.append((task, ident)))
    return requests


def connection_form(connection: Connection, **changes: Any) -> dict[str, Any]:
    """What the change form sends when nothing else is touched."""
    local, peer = cidrs_of(connection)
    return {
        "name": connection.name,
        "peer_address": connection.peer_address,
        "psk": "",
        "local_cidrs": "\n".join(local),
        "peer_cidrs": "\n".join(peer),
        "admin_state_up": "on",
        "ike_policy": "",
        "ipsec_policy": "",
        "dpd_action": connection.dpd_action,
        "dpd_interval": connection.dpd_interval,
        "dpd_timeout": connection.dpd_timeout,
        **changes,
    }


def test_networks_from_vpc_to_instance(root: Client, ana: Party) -> None:
    account = ana.account.pk
    add(root, "vpn_vpc", account=account, name="vpc-1", address_prefix_management="manual")
    vpc = Vpc.objects.get(name="vpc-1", account=account)
    add(root, "vpn_addressprefix", vpc=vpc.pk, name="p-1", zone="us-south-1", cidr="192.168.0.0/16")
    assert AddressPrefix.objects.get(vpc=vpc).account_id == account
    add(root, "vpn_subnet", vpc=vpc.pk, name="subnet-1", ipv4_cidr_block="192.168.100.0/24")
    subnet = Subnet.objects.get(vpc=vpc)
    assert subnet.zone == "us-south-1"
    add(root, "vpn_instance", subnet=subnet.pk, name="vsi-1", address="192.168.100.10")
    assert Instance.objects.get(subnet=subnet).address == "192.168.100.10"
    assert set(AuditEvent.objects.filter(via="admin").values_list("who", flat=True)) == {"root"}


def test_a_subnet_by_number_of_addresses(root: Client, ana: Party) -> None:
    vpc = make_vpc(ana)
    add(root, "vpn_subnet", vpc=vpc.pk, name="small", total_ipv4_address_count=64, zone="us-south-1")
    assert Subnet.objects.get(name="small").ipv4_cidr_block.endswith("/26")


def test_violations_of_networks_are_shown_beside_the_fields(root: Client, ana: Party) -> None:
    subnet = make_subnet(ana)
    response = add(root, "vpn_subnet", vpc=subnet.vpc_id, name="x", ipv4_cidr_block="10.0.0.0/24")
    assert list(errors(response)) == ["ipv4_cidr_block"]
    response = add(root, "vpn_instance", subnet=subnet.pk, name="x", address="10.9.9.9")
    assert list(errors(response)) == ["address"]
    response = change(root, "vpn_vpc", subnet.vpc, name="no spaces")
    assert list(errors(response)) == ["name"]


def test_renaming_networks(root: Client, ana: Party) -> None:
    subnet = make_subnet(ana)
    instance = make_instance(ana, subnet)
    prefix = AddressPrefix.objects.get(vpc=subnet.vpc)
    for name, row in (("vpc", subnet.vpc), ("subnet", subnet), ("instance", instance)):
        assert change(root, f"vpn_{name}", row, name="other").status_code == 302
        row.refresh_from_db()
        assert row.name == "other"
    assert change(root, "vpn_addressprefix", prefix, name="mine", is_default="on").status_code == 302
    prefix.refresh_from_db()
    assert (prefix.name, prefix.is_default) == ("mine", True)


def test_what_is_in_use_stays_and_the_page_says_why(root: Client, ana: Party) -> None:
    subnet = make_subnet(ana)
    make_gateway(ana, subnet)
    assert "VPN gateway" in delete(root, "vpn_subnet", subnet)
    assert "subnet" in delete(root, "vpn_vpc", subnet.vpc)
    delete(root, "vpn_addressprefix", AddressPrefix.objects.get(vpc=subnet.vpc))
    assert Subnet.objects.filter(pk=subnet.pk).exists()
    assert AddressPrefix.objects.filter(vpc=subnet.vpc).exists()


def test_deleting_networks(root: Client, ana: Party) -> None:
    subnet = make_subnet(ana)
    instance, prefix, vpc = make_instance(ana, subnet), AddressPrefix.objects.get(vpc=subnet.vpc), subnet.vpc
    for name, row in (("instance", instance), ("subnet", subnet), ("addressprefix", prefix), ("vpc", vpc)):
        delete(root, f"vpn_{name}", row)
        assert not type(row).objects.filter(pk=row.pk).exists(), name


def test_a_gateway_lives_and_goes_through_the_service(
    root: Client,
    ana: Party,
    asked: list[tuple[str, UUID]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    subnet = make_subnet(ana)
    with django_capture_on_commit_callbacks(execute=True):
        add(root, "vpn_gateway", subnet=subnet.pk, name="gateway-1")
    gateway = Gateway.objects.get(name="gateway-1")
    assert gateway.members.count() == 2
    assert asked == [(triggers.RECONCILE_GATEWAY, gateway.pk)]
    assert list(errors(add(root, "vpn_gateway", subnet=subnet.pk, name="gateway-1"))) == ["name"]
    change(
        root, "vpn_gateway", gateway, name="gateway-2", lifecycle_state="stable", public_address="192.0.2.1"
    )
    gateway.refresh_from_db()
    assert (gateway.name, gateway.lifecycle_state) == ("gateway-2", "pending")
    assert gateway.public_address != "192.0.2.1"
    assert "is being deleted" in delete(root, "vpn_gateway", gateway)
    gateway.refresh_from_db()
    assert gateway.status == "deleting"
    assert "can no longer be changed" in str(errors(change(root, "vpn_gateway", gateway, name="gateway-3")))


def test_reconcile_now(
    root: Client,
    ana: Party,
    asked: list[tuple[str, UUID]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    gateway = make_gateway(ana)
    for name, row in (("gateway", gateway), ("vpc", gateway.vpc)):
        url = reverse(f"admin:vpn_{name}_changelist")
        with django_capture_on_commit_callbacks(execute=True):
            root.post(url, {"action": "reconcile_now", "_selected_action": [str(row.pk)]})
    assert asked == [
        (triggers.RECONCILE_GATEWAY, gateway.pk),
        (triggers.RECONCILE_NETWORK, gateway.vpc.pk),
    ]
    gateway.refresh_from_db()
    assert gateway.generation == 1


def test_a_new_connection(root: Client, ana: Party) -> None:
    gateway = make_gateway(ana)
    fields = {
        "gateway": gateway.pk,
        "name": "connection-1",
        "peer_address": "203.0.113.1",
        "psk": PSK,
        "local_cidrs": "192.168.100.0/24",
        "peer_cidrs": "10.0.0.0/24\n10.1.0.0/24",
        "admin_state_up": "on",
        "dpd_action": "restart",
        "dpd_interval": 10,
        "dpd_timeout": 60,
    }
    wrong = add(root, "vpn_connection", **fields | {"psk": "0x12", "peer_cidrs": "10.0.0.1/24"})
    assert set(errors(wrong)) == {"psk", "peer_cidrs"}
    assert "0x12" not in text_of(wrong)
    assert add(root, "vpn_connection", **fields).status_code == 302
    connection = Connection.objects.get()
    assert connection.open_psk() == PSK
    assert cidrs_of(connection) == (["192.168.100.0/24"], ["10.0.0.0/24", "10.1.0.0/24"])
    assert (connection.dpd_action, connection.dpd_interval, connection.dpd_timeout) == ("restart", 10, 60)


def test_a_form_sent_back_as_it_came_changes_nothing(root: Client, ana: Party) -> None:
    connection = make_connection(ana)
    before = Gateway.objects.get().generation
    events = AuditEvent.objects.count()
    assert change(root, "vpn_connection", connection, **connection_form(connection)).status_code == 302
    assert Gateway.objects.get().generation == before
    assert AuditEvent.objects.count() == events


def test_a_new_key_goes_in_and_leaves_no_trace(root: Client, ana: Party) -> None:
    connection = make_connection(ana)
    form = connection_form(connection, psk="AnotherDemoPassword")
    assert change(root, "vpn_connection", connection, **form).status_code == 302
    connection.refresh_from_db()
    assert connection.open_psk() == "AnotherDemoPassword"
    event = AuditEvent.objects.get(action="vpn_connection.update")
    assert event.changes == {"psk": "changed"}
    history = root.get(reverse("admin:vpn_connection_history", args=[connection.pk]))
    assert "AnotherDemoPassword" not in text_of(history)


def test_cidrs_are_set_one_by_one_and_all_or_none(root: Client, ana: Party) -> None:
    connection = make_connection(ana)
    form = connection_form(connection, peer_cidrs="10.8.0.0/24 10.9.0.0/24")
    assert change(root, "vpn_connection", connection, **form).status_code == 302
    fresh = Connection.objects.get()
    assert cidrs_of(fresh)[1] == ["10.8.0.0/24", "10.9.0.0/24"]
    form = connection_form(fresh, name="renamed", peer_cidrs="10.8.0.0/24 10.7.0.0/24 192.168.100.0/25")
    response = change(root, "vpn_connection", fresh, **form)
    assert list(errors(response)) == ["peer_cidrs"]
    fresh = Connection.objects.get()
    assert fresh.name == connection.name
    assert cidrs_of(fresh)[1] == ["10.8.0.0/24", "10.9.0.0/24"]


def test_a_policy_is_selected_and_cleared(root: Client, ana: Party, ben: Party) -> None:
    connection, policy = make_connection(ana), make_ike_policy(ana)
    for chosen in (str(policy.pk), ""):
        form = connection_form(connection, ike_policy=chosen)
        assert change(root, "vpn_connection", connection, **form).status_code == 302
        connection.refresh_from_db()
        assert str(connection.ike_policy_id or "") == chosen
    foreign = connection_form(connection, ike_policy=str(make_ike_policy(ben).pk))
    assert list(errors(change(root, "vpn_connection", connection, **foreign))) == ["ike_policy"]


def test_deleting_a_connection(root: Client, ana: Party) -> None:
    connection = make_connection(ana)
    delete(root, "vpn_connection", connection)
    assert not Connection.objects.exists()
    assert AuditEvent.objects.get(action="vpn_connection.delete").via == "admin"


def test_reset_negotiates_tunnels_again(root: Client, ana: Party, ben: Party) -> None:
    first = make_connection(ana)
    second = make_connection(ana, first.gateway, 1, admin_state_up=False)
    foreign = make_connection(ben)
    gateways = [str(first.gateway_id), str(foreign.gateway_id)]
    root.post(reverse("admin:vpn_gateway_changelist"), {"action": "reset", "_selected_action": gateways})
    events = AuditEvent.objects.filter(action="vpn_connection.restart")
    assert {(e.account, e.target_id, e.who, e.via) for e in events} == {
        (ana.account, str(first.pk), "root", "admin"),
        (ben.account, str(foreign.pk), "root", "admin"),
    }
    for row in (first, second, foreign):
        row.refresh_from_db()
    assert first.restart_at and foreign.restart_at and second.restart_at is None


def test_reset_of_a_disabled_connection_says_why_not(root: Client, ana: Party) -> None:
    connection = make_connection(ana, admin_state_up=False)
    data = {"action": "reset", "_selected_action": [str(connection.pk)]}
    page = text_of(root.post(reverse("admin:vpn_connection_changelist"), data, follow=True))
    assert "is disabled" in page and "Tunnels to be negotiated again: 0." in page
