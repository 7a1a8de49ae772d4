"""A pre-shared key that can no longer be decrypted: reported, and repaired by setting a new one."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from django.test import override_settings
from django.urls import reverse

from console.core.models import AuditEvent
from tests.factories import PASSWORD, Party, connection_fields, make_connection, make_gateway, path_of
from tests.pages import text_of
from vpn.models import Connection, Gateway

MASK = "********"


@pytest.fixture
def lost(ana: Party) -> Iterator[Connection]:
    """A connection whose peer is a gateway of the account as well."""
    gateway, peer = make_gateway(ana), make_gateway(ana)
    row = make_connection(ana, gateway, peer_address=peer.public_address)
    with override_settings(ENCRYPTION_KEYS=[base64.urlsafe_b64encode(b"n" * 32).decode()]):
        yield row


def test_it_is_read_with_its_key_masked(ana: Party, lost: Connection) -> None:
    assert ana.api.get(path_of(lost)).json()["psk"] == MASK
    (listed,) = ana.api.get(f"{path_of(lost.gateway)}/connections").json()["connections"]
    assert listed["psk"] == MASK


@pytest.mark.parametrize(
    "body", [{"name": "other"}, {"admin_state_up": False}, {"peer_address": "203.0.113.77"}]
)
def test_all_else_can_be_changed(ana: Party, lost: Connection, body: dict[str, object]) -> None:
    sealed = lost.psk_sealed
    assert ana.api.patch(path_of(lost), body).status_code == 200
    lost.refresh_from_db()
    assert {name: getattr(lost, name) for name in body} == body
    assert lost.psk_sealed == sealed
    assert ana.api.put(f"{path_of(lost)}/peer_cidrs/10.77.0.0/24").status_code in {201, 204}


def test_a_new_key_repairs_it(ana: Party, lost: Connection) -> None:
    assert ana.api.patch(path_of(lost), {"psk": "short"}).status_code == 400
    response = ana.api.patch(path_of(lost), {"psk": "AnotherPassword1"})
    assert (response.status_code, response.json()["psk"]) == (200, "AnotherPassword1")
    lost.refresh_from_db()
    assert lost.open_psk() == "AnotherPassword1"


def test_a_new_key_repairs_it_in_the_console(ana: Party, lost: Connection) -> None:
    page = reverse("connection_key", args=[lost.gateway_id, lost.pk])
    assert ana.browser().post(page, {"psk": "AnotherPassword1"}).status_code == 302
    lost.refresh_from_db()
    assert lost.open_psk() == "AnotherPassword1"


def test_another_connection_to_the_same_peer_is_possible(ana: Party, lost: Connection) -> None:
    fields = connection_fields(1, name="beside", peer_address=lost.peer_address)
    assert ana.api.post(f"{path_of(lost.gateway)}/connections", fields).status_code == 201


def test_its_other_side_waits_for_a_key(ana: Party, lost: Connection) -> None:
    page = reverse("other_side", args=[lost.gateway_id, lost.pk])
    browser = ana.browser()
    assert browser.get(page).status_code == 200
    response = browser.post(page, {"name": "back"})
    assert response.status_code == 200 and "set a new one here first" in text_of(response)
    peer = Gateway.objects.get(public_address=lost.peer_address)
    assert not peer.connections.exists()


def test_its_pages_open(ana: Party, lost: Connection) -> None:
    browser = ana.browser()
    for name in ("connection", "connection_edit", "connection_key", "connection_delete", "handoff"):
        response = browser.get(reverse(name, args=[lost.gateway_id, lost.pk]))
        page = text_of(response)
        assert response.status_code == 200 and lost.name in page, name
        assert "/key" in page or name != "connection", "the way to a new key"


@pytest.mark.parametrize(
    ("where", "words"), [("reveal", "Set a new one."), ("handoff/strongswan", "Set a new pre-shared key.")]
)
def test_a_request_for_it_says_to_set_a_new_one(ana: Party, lost: Connection, where: str, words: str) -> None:
    client = ana.browser()
    before = AuditEvent.objects.count()
    path = f"/gateways/{lost.gateway_id}/connections/{lost.pk}/{where}"
    response = client.post(path, {"password": PASSWORD})
    assert response.status_code == 200 and words in text_of(response)
    assert AuditEvent.objects.count() == before
