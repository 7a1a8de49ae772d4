"""A connection's page, and every change of it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from console.core.actor import Role
from console.core.models import AuditEvent, Membership
from tests.factories import PSK, Party, make_connection, make_gateway, make_ike_policy
from tests.pages import text_of
from vpn.models import Connection, Gateway, Tunnel
from vpn.services.connections import cidrs_of

HTMX = {"HX-Request": "true"}
NEW = {
    "name": "to-paris",
    "peer_address": "203.0.113.9",
    "psk": PSK,
    "local_cidrs": "192.168.100.0/24",
    "peer_cidrs": "10.1.0.0/16\n10.2.0.0/16",
    "dpd_action": "restart",
    "dpd_interval": "15",
    "dpd_timeout": "60",
}


def path_of(connection: Connection, rest: str = "") -> str:
    return f"/gateways/{connection.gateway_id}/connections/{connection.pk}{rest}"


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def connection(ana: Party) -> Connection:
    return make_connection(ana, peer_cidrs=["10.0.0.0/24", "10.0.1.0/24"])


def test_creates(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    policy = make_ike_policy(ana)
    url = f"/gateways/{gateway.pk}/connections/new"
    assert "192.168.100.0/24</textarea>" in text_of(browser.get(url))
    response = browser.post(url, NEW | {"ike_policy": str(policy.pk)})
    assert response.headers["Location"] == f"/gateways/{gateway.pk}"
    row = Connection.objects.get(name="to-paris")
    assert (row.dpd_action, row.dpd_interval, row.dpd_timeout) == ("restart", 15, 60)
    assert row.ike_policy == policy and row.ipsec_policy is None
    assert cidrs_of(row) == (["192.168.100.0/24"], ["10.1.0.0/16", "10.2.0.0/16"])
    assert row.open_psk() == PSK


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": "1"}, "name", "A name begins with a letter"),
        ({"peer_address": ""}, "peer_address", "public IPv4 address is required"),
        ({"peer_address": "224.0.0.1"}, "peer_address", "a multicast address"),
        ({"psk": "short"}, "psk", "A pre-shared key has 6 to 128 characters"),
        ({"peer_cidrs": "10.1.0.5/16"}, "peer_cidrs", "has host bits set"),
        ({"peer_cidrs": ""}, "peer_cidrs", "needs at least one peer CIDR"),
        ({"local_cidrs": "10.1.0.0/16"}, "peer_cidrs", "overlaps the local CIDR"),
        ({"dpd_interval": "0"}, "dpd_interval", "must be at least 1"),
        ({"dpd_interval": "90"}, "dpd_timeout", "must not be shorter than the interval"),
        ({"ike_policy": str(uuid4())}, "ike_policy", "not one of the available choices"),
    ],
)
def test_the_rules_speak_beside_the_fields(
    ana: Party, browser: Client, changes: dict[str, str], field: str, message: str
) -> None:
    gateway = make_gateway(ana)
    response = browser.post(f"/gateways/{gateway.pk}/connections/new", NEW | changes)
    assert message in " ".join(response.context["form"].errors[field])
    assert f'href="#id_{field}"' in text_of(response)
    assert PSK not in text_of(response)
    assert not Connection.objects.exists()


def test_a_field_is_checked_as_it_is_left(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    url = f"/gateways/{gateway.pk}/connections/check"
    headers = HTMX | {"HX-Trigger-Name": "peer_address"}
    fields = {"peer_address": gateway.public_address, "name": "1"}
    response = text_of(browser.post(url, fields, headers=headers))
    assert "own public address" in response and "letter" not in response
    assert text_of(browser.post(url, NEW, headers=headers)).strip() == ""
    assert not Connection.objects.exists()


def test_the_page_hides_the_key(browser: Client, connection: Connection) -> None:
    page = text_of(browser.get(path_of(connection)))
    assert PSK not in page and "••••" in page
    for rest in ("/edit", "/key", "/delete", "/status"):
        assert PSK not in text_of(browser.get(path_of(connection, rest)))


def test_the_page_shows_what_was_negotiated(browser: Client, connection: Connection) -> None:
    member = connection.gateway.members.get(index=0)
    pair = {"local": "192.168.100.0/24", "remote": "10.0.0.0/24", "state": "installed", "bytes_in": 2048}
    pair |= {"bytes_out": 0, "packets_in": 7, "packets_out": 0, "spi_in": "c1", "spi_out": "c2"}
    suite = {"ike_version": 2, "ike_suite": "aes256-sha256-modp2048", "esp_suite": "aes256-sha256"}
    suite |= {"nat": False, "established_at": timezone.now().isoformat()}
    Tunnel.objects.create(connection=connection, member=member, status="up", negotiated=suite, pairs=[pair])
    page = text_of(browser.get(path_of(connection)))
    for words in ("IKEv2", "aes256-sha256-modp2048", "2.0 KiB, 7 packets", "c1 / c2", "installed"):
        assert words in page


def test_a_poll_returns_only_changes(browser: Client, connection: Connection) -> None:
    gateway = Gateway.objects.get(pk=connection.gateway_id)
    url = path_of(connection, "/status")
    assert browser.get(f"{url}?seen={gateway.stamp}", headers=HTMX).status_code == 204
    changes = text_of(browser.get(f"{url}?seen=0", headers=HTMX))
    assert "<html" not in changes and 'hx-swap-oob="innerHTML:#part-status"' in changes
    connection.delete()
    assert browser.get(url, headers=HTMX).headers["HX-Redirect"] == "/gateways"


def test_cidrs_are_added_in_place(browser: Client, connection: Connection) -> None:
    url = path_of(connection, "/cidrs/peer")
    response = browser.post(url, {"cidr": "10.0.2.0/24"}, headers=HTMX)
    assert "10.0.2.0/24" in text_of(response) and "<html" not in text_of(response)
    wrong = text_of(browser.post(url, {"cidr": "10.0.2.1/24"}, headers=HTMX))
    assert "has host bits set" in wrong and 'value="10.0.2.1/24"' in wrong
    assert len(cidrs_of(Connection.objects.get())[1]) == 3


def test_cidrs_are_removed_but_never_the_last(browser: Client, connection: Connection) -> None:
    peer, local = path_of(connection, "/cidrs/peer"), path_of(connection, "/cidrs/local")
    assert browser.post(peer, {"remove": "10.0.0.0/24"}).headers["Location"] == path_of(connection)
    refused = browser.post(local, {"remove": "192.168.100.0/24"})
    assert "a connection needs at least one" in text_of(refused) and "<html" in text_of(refused)
    assert browser.post(peer, {"remove": "10.99.0.0/24"}).status_code == 404
    assert cidrs_of(Connection.objects.get()) == (["192.168.100.0/24"], ["10.0.1.0/24"])


def test_edits_only_what_changes(browser: Client, connection: Connection) -> None:
    fields = {"name": "renamed", "peer_address": connection.peer_address}
    fields |= {"dpd_action": "none", "dpd_interval": "30", "dpd_timeout": "120"}
    assert browser.post(path_of(connection, "/edit"), fields).status_code == 302
    assert AuditEvent.objects.get(action="vpn_connection.update").changes == {
        "name": [connection.name, "renamed"]
    }


def test_an_emptied_peer_address_is_no_change_in_silence(browser: Client, connection: Connection) -> None:
    fields = {"name": connection.name, "peer_address": ""}
    fields |= {"dpd_action": "none", "dpd_interval": "30", "dpd_timeout": "120"}
    response = browser.post(path_of(connection, "/edit"), fields)
    assert "address must be an IPv4 address" in text_of(response)


def test_a_policy_is_taken_away_again(ana: Party, browser: Client) -> None:
    connection = make_connection(ana, ike_policy={"id": str(make_ike_policy(ana).pk)})
    fields = {"name": connection.name, "peer_address": connection.peer_address, "ike_policy": ""}
    fields |= {"dpd_action": "none", "dpd_interval": "30", "dpd_timeout": "120"}
    assert browser.post(path_of(connection, "/edit"), fields).status_code == 302
    connection.refresh_from_db()
    assert connection.ike_policy is None


def test_changes_the_key(browser: Client, connection: Connection) -> None:
    url = path_of(connection, "/key")
    wrong = text_of(browser.post(url, {"psk": "no€euro"}))
    assert "A pre-shared key has 6 to 128 characters" in wrong and "no€euro" not in wrong
    assert browser.post(url, {"psk": "another-Key-1"}).status_code == 302
    connection.refresh_from_db()
    assert connection.open_psk() == "another-Key-1"
    assert "another-Key-1" not in str(list(AuditEvent.objects.values()))


def test_switches_off_and_on(browser: Client, connection: Connection) -> None:
    url = path_of(connection, "/state")
    assert "is disabled" in text_of(browser.post(url, {"admin_state_up": "false"}, follow=True))
    connection.refresh_from_db()
    assert not connection.admin_state_up
    page = text_of(browser.get(path_of(connection)))
    assert "disabled" in page and "Enable" in page
    browser.post(url, {"admin_state_up": "true"})
    connection.refresh_from_db()
    assert connection.admin_state_up


def test_deletes(browser: Client, connection: Connection) -> None:
    assert "policies stay" in text_of(browser.get(path_of(connection, "/delete")))
    response = browser.post(path_of(connection, "/delete"))
    assert response.headers["Location"] == f"/gateways/{connection.gateway_id}"
    assert not Connection.objects.exists()


CHANGES = [
    ("/edit", NEW),
    ("/key", {"psk": "x" * 9}),
    ("/delete", {}),
    ("/cidrs/peer", {"cidr": "10.9.0.0/24"}),
]


@pytest.mark.parametrize(("path", "fields"), [*CHANGES, ("/state", {"admin_state_up": "false"})])
def test_viewers_may_only_read(
    browser: Client, connection: Connection, path: str, fields: dict[str, str]
) -> None:
    Membership.objects.update(role=Role.VIEWER.value)
    page = text_of(browser.get(path_of(connection)))
    for offer in ("Disable", "Edit", "Replace the key", "Delete", "Remove", "Add a CIDR"):
        assert offer not in page
    assert browser.post(path_of(connection, path), fields).status_code == 403
    row = Connection.objects.get()
    assert row.admin_state_up and row.open_psk() == PSK and row.name == connection.name


def test_operators_switch_and_nothing_else(browser: Client, connection: Connection) -> None:
    Membership.objects.update(role=Role.OPERATOR.value)
    page = text_of(browser.get(path_of(connection)))
    assert "Disable" in page and "Replace the key" not in page
    assert browser.post(path_of(connection, "/state"), {"admin_state_up": "false"}).status_code == 302
    assert not Connection.objects.get().admin_state_up
    for path, fields in CHANGES:
        assert browser.post(path_of(connection, path), fields).status_code == 403


@pytest.mark.parametrize("path", ["", "/edit", "/key", "/delete"])
def test_those_of_others_do_not_exist(ben: Party, browser: Client, path: str) -> None:
    connection = make_connection(ben, name="hidden-one")
    response = browser.get(path_of(connection, path))
    assert response.status_code == 404
    assert "hidden-one" not in text_of(response)


def test_a_new_connection_asks_whether_the_peer_lives(ana: Party, browser: Client) -> None:
    """The API's own default is none; both ask as often."""
    gateway = make_gateway(ana)
    form = browser.get(f"/gateways/{gateway.pk}/connections/new").context["form"]
    assert [form[f"dpd_{word}"].value() for word in ("action", "interval", "timeout")] == ["restart", 30, 120]
