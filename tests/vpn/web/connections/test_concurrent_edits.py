"""Two people edit one thing."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from tests.factories import PSK, Party, make_connection, make_gateway, make_ike_policy
from tests.pages import text_of
from vpn.models import Connection, Gateway
from vpn.services.connections import delete_connection, update_connection
from vpn.services.gateways import update_gateway


def path_of(connection: Connection, rest: str = "") -> str:
    return f"/gateways/{connection.gateway_id}/connections/{connection.pk}{rest}"


def base_of(page: str) -> str:
    found = re.search(r'name="base" value="([^"]*)"', page)
    assert found
    return unescape(found[1])


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def connection(ana: Party) -> Connection:
    return make_connection(ana)


def form_of(connection: Connection, page: str, **changes: str) -> dict[str, str]:
    fields = {"name": connection.name, "peer_address": connection.peer_address, "base": base_of(page)}
    fields |= {"ike_policy": "", "ipsec_policy": ""}
    return fields | {"dpd_action": "none", "dpd_interval": "30", "dpd_timeout": "120"} | changes


def test_the_second_one_sees_the_conflict_and_loses_nothing(
    ana: Party, browser: Client, connection: Connection
) -> None:
    url = path_of(connection, "/edit")
    policy = make_ike_policy(ana, "theirs-policy")
    fields = form_of(connection, text_of(browser.get(url)), name="mine", peer_address="203.0.113.200")
    theirs = {"name": "theirs", "ike_policy": {"id": str(policy.pk)}}
    update_connection(ana.editor, connection.gateway_id, connection.pk, theirs)
    page = text_of(browser.post(url, fields))
    assert "This was changed while you were editing" in page
    for words in ("connection-0", "theirs", "mine", "theirs-policy", "Auto-negotiation", "not edited by you"):
        assert words in page
    assert 'value="mine"' in page and 'value="203.0.113.200"' in page
    assert f'<option value="{policy.pk}" selected' in page
    assert Connection.objects.get().name == "theirs"
    again = fields | {"base": base_of(page), "ike_policy": str(policy.pk)}
    assert browser.post(url, again).status_code == 302
    row = Connection.objects.get()
    assert (row.name, row.peer_address, row.ike_policy) == ("mine", "203.0.113.200", policy)


def test_what_was_entered_for_a_connection_deleted_meanwhile_is_given_back(
    ana: Party, browser: Client, connection: Connection
) -> None:
    url = path_of(connection, "/edit")
    fields = form_of(connection, text_of(browser.get(url)), name="mine", peer_address="203.0.113.200")
    delete_connection(ana.editor, connection.gateway_id, connection.pk)
    response = browser.post(url, fields)
    page = text_of(response)
    assert response.status_code == 404 and "connection-0 was deleted while you were here" in page
    assert all(words in page for words in ("mine", "203.0.113.200", ana.editor.who, "To the gateway"))
    assert "was deleted while" not in text_of(browser.get(url))


def test_the_same_change_twice_is_no_conflict(ana: Party, browser: Client, connection: Connection) -> None:
    url = path_of(connection, "/edit")
    fields = form_of(connection, text_of(browser.get(url)), name="agreed")
    update_connection(ana.editor, connection.gateway_id, connection.pk, {"name": "agreed"})
    assert browser.post(url, fields).status_code == 302


@pytest.mark.parametrize("base", ["", "{", "[]", "7", '{"name": 3}', '{"other": "x"}'])
def test_a_base_that_makes_no_sense_does_no_harm(browser: Client, connection: Connection, base: str) -> None:
    url = path_of(connection, "/edit")
    fields = form_of(connection, text_of(browser.get(url)), peer_address="203.0.113.200") | {"base": base}
    assert browser.post(url, fields).status_code in {200, 302}
    assert Connection.objects.get().name == connection.name


def test_wrong_input_and_a_conflict_are_shown_together(
    ana: Party, browser: Client, connection: Connection
) -> None:
    url = path_of(connection, "/edit")
    fields = form_of(connection, text_of(browser.get(url)), dpd_interval="soon")
    update_connection(ana.editor, connection.gateway_id, connection.pk, {"name": "theirs"})
    page = text_of(browser.post(url, fields))
    assert "This was changed while" in page and 'value="soon"' in page and 'value="theirs"' in page


def test_a_key_replaced_meanwhile_is_reported(ana: Party, browser: Client, connection: Connection) -> None:
    url = path_of(connection, "/key")
    base = base_of(text_of(browser.get(url)))
    update_connection(ana.editor, connection.gateway_id, connection.pk, {"psk": "TheirsKey-1"})
    response = browser.post(url, {"psk": "MineKey-1", "base": base})
    page = text_of(response)
    assert "The key was replaced while you were here" in page and 'value="MineKey-1"' in page
    assert "TheirsKey-1" not in page and PSK not in page
    assert Connection.objects.get().open_psk() == "TheirsKey-1"
    assert browser.post(url, {"psk": "MineKey-1", "base": base_of(page)}).status_code == 302
    assert Connection.objects.get().open_psk() == "MineKey-1"


def test_two_rename_a_gateway(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana, name="first")
    url = f"/gateways/{gateway.pk}/rename"
    base = base_of(text_of(browser.get(url)))
    update_gateway(ana.editor, gateway.pk, {"name": "theirs"})
    page = text_of(browser.post(url, {"name": "mine", "base": base}))
    assert "theirs" in page and 'value="mine"' in page
    assert Gateway.objects.get().name == "theirs"
    assert browser.post(url, {"name": "mine", "base": base_of(page)}).status_code == 302


def test_a_connection_added_before_a_deletion_is_shown(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana, name="edge")
    make_connection(ana, gateway, 1)
    url = f"/gateways/{gateway.pk}/delete"
    base = base_of(text_of(browser.get(url)))
    make_connection(ana, gateway, 2)
    page = text_of(browser.post(url, {"name": "edge", "base": base}))
    assert (
        "another user added <strong>connection-2</strong>" in page
        and "connection-1</strong>. They" not in page
    )
    gateway.refresh_from_db()
    assert gateway.deleted_at is None
    assert browser.post(url, {"name": "edge", "base": base_of(page)}).status_code == 302
