"""Every page and button that ends tunnels says before how many; until it is confirmed nothing changes."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from console.core.actor import Role
from console.core.models import Membership
from tests.factories import Party, make_connection, make_gateway
from tests.pages import text_of
from tests.vpn.up import up
from vpn.models import Connection, ConnectionCidr, Gateway

LOCAL, PEERS = "192.168.100.0/24", ["10.0.0.0/24", "10.5.0.0/16"]
ENDS = "1 tunnel that is up ends: "


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def row(ana: Party) -> Connection:
    return up(make_connection(ana, peer_cidrs=PEERS))


def unescaped(response: Any) -> str:
    return unescape(text_of(response))


def confirmed(browser: Client, url: str, page: Any, holding: str, **more: str) -> Any:
    """Sends the form of the page that holds a text, as its button would."""
    forms = re.findall(r"<form\b.*?</form>", unescaped(page), re.S)
    (form,) = [one for one in forms if holding in one and 'name="interrupt"' in one]
    fields = {}
    for tag in re.findall(r"<(?:input|button)\b[^>]*>", form):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in attributes:
            fields[attributes["name"]] = attributes["value"]
    return browser.post(url, fields | more)


BUTTONS = {
    "Disable": ("connection_state", {"admin_state_up": "false"}, ENDS),
    "Restart": ("connection_restart", {}, "1 tunnel ends and is negotiated again: "),
}


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.EDITOR])
@pytest.mark.parametrize("verb", BUTTONS)
def test_buttons_of_a_connection(browser: Client, row: Connection, verb: str, role: Role) -> None:
    Membership.objects.update(role=role.value)
    rest, sent, expected = BUTTONS[verb]
    url = reverse(rest, args=[row.gateway_id, row.pk])
    asked = browser.post(url, sent)
    assert asked.status_code == 200
    page = unescaped(asked)
    assert f"{verb} the connection {row.name}?" in page and f"{expected}{row.name}: " in page
    kept = Connection.objects.get()
    assert kept.admin_state_up and kept.restart_at is None
    assert confirmed(browser, url, asked, f"{verb} the connection").status_code == 302
    changed = Connection.objects.get()
    done = (False, True) if verb == "Disable" else (True, False)
    assert (changed.admin_state_up, changed.restart_at is None) == done


def test_what_ends_no_tunnel_is_done_at_once(browser: Client, ana: Party) -> None:
    row = make_connection(ana)
    args = [row.gateway_id, row.pk]
    for rest, sent in (
        ("connection_restart", {}),
        ("connection_state", {"admin_state_up": "false"}),
        ("connection_state", {"admin_state_up": "true"}),
        ("peer_cidrs", {"cidr": "10.9.0.0/16"}),
        ("peer_cidrs", {"remove": "10.9.0.0/16"}),
    ):
        assert browser.post(reverse(rest, args=args), sent).status_code == 302, rest
    up(row)
    # Adding ends nothing either.
    assert browser.post(reverse("peer_cidrs", args=args), {"cidr": "10.9.0.0/16"}).status_code == 302
    # The new pair is not up yet.
    assert browser.post(reverse("peer_cidrs", args=args), {"remove": "10.9.0.0/16"}).status_code == 302


@pytest.mark.parametrize("htmx", [{}, {"HX-Request": "true"}], ids=["plain", "htmx"])
def test_the_removal_of_a_cidr(browser: Client, row: Connection, htmx: dict[str, str]) -> None:
    url = reverse("peer_cidrs", args=[row.gateway_id, row.pk])
    asked = browser.post(url, {"remove": PEERS[1]}, headers=htmx)
    page = unescaped(asked)
    assert asked.status_code == 200 and "Nothing is removed yet. CIDR pairs of 1 tunnel end" in page
    assert f"{row.name}: {LOCAL} - {PEERS[1]}" in page
    assert ConnectionCidr.objects.filter(cidr=PEERS[1]).exists()
    confirmed(browser, url, asked, "Nothing is removed yet")
    assert not ConnectionCidr.objects.filter(cidr=PEERS[1]).exists()
    # The last one of its side stays, and that is said at once.
    assert "interrupt" not in unescaped(browser.post(url, {"remove": PEERS[0]}, headers=htmx))


@pytest.mark.parametrize("htmx", [{}, {"HX-Request": "true"}], ids=["plain", "htmx"])
def test_a_cidr_that_the_peer_may_refuse_under_an_older_ike_sa(
    browser: Client, row: Connection, htmx: dict[str, str]
) -> None:
    up(row, older=True)
    url = reverse("peer_cidrs", args=[row.gateway_id, row.pk])
    asked = browser.post(url, {"cidr": "10.9.0.0/16"}, headers=htmx)
    page = unescaped(asked)
    assert "Nothing is added yet. 1 tunnel may end and be negotiated again" in page
    assert not ConnectionCidr.objects.filter(cidr="10.9.0.0/16").exists()
    confirmed(browser, url, asked, "Nothing is added yet")
    assert ConnectionCidr.objects.filter(cidr="10.9.0.0/16").exists()
    assert "Nothing is" not in unescaped(browser.post(url, {"cidr": "10.9.0.1/16"}, headers=htmx))


def test_enabling_beside_a_tunnel_of_an_older_ike_sa(browser: Client, ana: Party, row: Connection) -> None:
    other = make_connection(ana, row.gateway, 1, admin_state_up=False, peer_address=row.peer_address)
    up(row, older=True)
    url = reverse("connection_state", args=[other.gateway_id, other.pk])
    page = unescaped(browser.post(url, {"admin_state_up": "true"}))
    assert f"1 tunnel may end and be negotiated again: {row.name}" in page


def test_pages_of_deletion(browser: Client, ana: Party, row: Connection) -> None:
    up(make_connection(ana, row.gateway, 1))
    make_connection(ana, row.gateway, 2)
    page = unescaped(browser.get(reverse("connection_delete", args=[row.gateway_id, row.pk])))
    assert f"{ENDS}{row.name}: the connection is deleted." in page
    page = unescaped(browser.get(reverse("gateway_delete", args=[row.gateway_id])))
    assert "2 tunnels that are up end: " in page and "the gateway is deleted" in page


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        ("enable", ""),
        ("disable", "2 tunnels that are up end: connection-0: the connection is disabled; connection-1: "),
        ("delete", "2 tunnels that are up end: connection-0: the connection is deleted; connection-1: "),
    ],
)
def test_selected_connections(browser: Client, ana: Party, row: Connection, do: str, expected: str) -> None:
    rows = [row, up(make_connection(ana, row.gateway, 1)), make_connection(ana, row.gateway, 2)]
    page = unescaped(browser.post(reverse("connections_bulk"), {"do": do, "row": [str(r.pk) for r in rows]}))
    assert f"{do.capitalize()} 3 connections?" in page
    assert expected in page and ("that are up end" in page) == bool(expected)
    assert Connection.objects.filter(admin_state_up=True).count() == 3


def test_selected_gateways(browser: Client, ana: Party, row: Connection) -> None:
    other = up(make_connection(ana, make_gateway(ana), 1))
    chosen = {"do": "delete", "row": [str(row.gateway_id), str(other.gateway_id)]}
    page = unescaped(browser.post(reverse("gateways_bulk"), chosen))
    assert "Delete 2 gateways?" in page and "2 tunnels that are up end: " in page
    assert not Gateway.objects.exclude(deleted_at=None).exists()


def test_nobody_elses(ben: Party, row: Connection) -> None:
    stranger = ben.browser()
    for rest in ("connection_state", "connection_restart", "peer_cidrs", "connection_delete"):
        sent = {"admin_state_up": "false", "remove": PEERS[0]}
        response = stranger.post(reverse(rest, args=[row.gateway_id, row.pk]), sent)
        assert response.status_code == 404 and row.name not in unescaped(response)
    page = stranger.post(reverse("connections_bulk"), {"do": "disable", "row": [str(row.pk)]})
    assert row.name not in unescaped(page)
