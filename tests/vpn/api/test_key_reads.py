"""Who is given a pre-shared key by the API, and what the audit trail says of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from console.core.actor import Role
from console.core.models import AuditEvent
from tests.factories import PSK, Api, Party, make_connection, path_of
from vpn.models import Connection
from vpn.services import keys

MASK = "********"


def reads(connection: Connection) -> list[AuditEvent]:
    events = AuditEvent.objects.filter(action="vpn_connection.read_key", target_id=str(connection.pk))
    return list(events.order_by("pk"))


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_session_is_given_the_mask(ana: Party, accept: str) -> None:
    """The console asks for the password first; the browsable API must be no way around."""
    row, client = make_connection(ana), ana.browser()
    for path in (path_of(row), f"{path_of(row.gateway)}/connections"):
        for version in ("2019-01-01", "2026-01-01&generation=2"):
            response = client.get(f"{path}?version={version}", headers={"Accept": accept})
            assert response.status_code == 200
            assert PSK not in response.content.decode() and MASK in response.content.decode()
    changed = client.patch(
        f"{path_of(row)}?version=2019-01-01", {"name": "renamed"}, content_type="application/json"
    )
    assert changed.json()["psk"] == MASK
    assert reads(row) == []


def test_keys_from_editor_on_are_given_it(ana: Party) -> None:
    row = make_connection(ana)
    given = {role: ana.api_as(role).get(path_of(row)).json()["psk"] for role in Role}
    assert given == {
        Role.VIEWER: MASK,
        Role.OPERATOR: MASK,
        Role.EDITOR: PSK,
        Role.ADMINISTRATOR: PSK,
    }
    assert len(reads(row)) == 2


def test_reads_are_counted_once_per_key_connection_and_day(ana: Party) -> None:
    row, other = make_connection(ana), make_connection(ana)
    first, second = Api(ana.key()), Api(ana.key())
    for api in (first, first, second):
        for path in (path_of(row), f"{path_of(row.gateway)}/connections"):
            assert PSK in api.get(path).content.decode()
    cache.clear()
    assert first.get(path_of(row)).json()["psk"] == PSK
    events = reads(row)
    assert len(events) == 2 and len({event.who for event in events}) == 2
    assert events[0].account_id == ana.account.id and events[0].address
    assert reads(other) == []
    AuditEvent.objects.filter(pk=events[0].pk).update(at=timezone.now() - timedelta(days=1))
    cache.clear()
    first.get(path_of(row))
    assert len(reads(row)) == 3


def test_a_token_of_a_key_counts_as_the_key(ana: Party) -> None:
    row, key = make_connection(ana), ana.key()
    grant = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": key}
    token = Client().post("/identity/token", grant).json()["access_token"]
    assert Api(token).get(path_of(row)).json()["psk"] == PSK
    assert Api(key).get(path_of(row)).json()["psk"] == PSK
    assert len(reads(row)) == 1


def test_an_account_can_forbid_it(ana: Party, ben: Party) -> None:
    row, browser = make_connection(ana), ana.browser()
    assert "API keys may read pre-shared keys" in browser.get("/account").content.decode()
    assert browser.post("/account/settings", {}).status_code == 302
    event = AuditEvent.objects.get(action="account.update")
    assert event.changes == {"api_keys_read_psk": [True, False]}
    for role in Role:
        assert ana.api_as(role).get(path_of(row)).json()["psk"] == MASK
    assert ana.api.patch(path_of(row), {"psk": "another-key"}).json()["psk"] == MASK
    assert reads(row) == []
    theirs = make_connection(ben)
    assert ben.api.get(path_of(theirs)).json()["psk"] == PSK
    browser.post("/account/settings", {"api_keys_read_psk": "on"})
    assert ana.api.get(path_of(row)).json()["psk"] == "another-key"


def test_creating_gives_back_what_was_sent_and_records_no_read(ana: Party) -> None:
    row = make_connection(ana)
    body = {
        "name": "second",
        "peer_address": "203.0.113.99",
        "psk": "a-key-of-its-own-2931",
        "local_cidrs": ["192.168.100.0/24"],
        "peer_cidrs": ["10.99.0.0/24"],
    }
    path = f"{path_of(row.gateway)}/connections"
    made = ana.api.post(path, body).json()
    assert made["psk"] == body["psk"]
    assert reads(Connection.objects.get(pk=made["id"])) == []
    again = ana.browser().post(
        f"{path}?version=2019-01-01",
        {**body, "name": "third", "peer_address": "203.0.113.98", "peer_cidrs": ["10.98.0.0/24"]},
        content_type="application/json",
    )
    assert again.status_code == 201 and again.json()["psk"] == MASK


def test_without_a_record_there_is_no_key(ana: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk must not make keys readable unseen, nor status unreadable."""
    row, api = make_connection(ana), ana.api

    def full(*_: object) -> None:
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(keys, "_record_reads", full)
    response = api.get(path_of(row))
    assert response.status_code == 200 and response.json()["psk"] == MASK
    monkeypatch.undo()
    assert api.get(path_of(row)).json()["psk"] == PSK and len(reads(row)) == 1
