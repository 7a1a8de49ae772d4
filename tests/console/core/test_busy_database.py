"""While another writer holds the database, reads neither wait nor fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from console.core.models import ApiKey, SignInSession
from tests.factories import PASSWORD, Party
from tests.locking import locked_database
from tests.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def response_of(client: Client, path: str, **headers: str) -> Any:
    """It may take ten seconds; SQLite waits for 20."""

    def get() -> Any:
        try:
            return client.get(path, **headers)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with locked_database():
            pending = pool.submit(get)
            wait_for(pending.done, 10)
        return pending.result()


def test_a_key_whose_use_is_due_to_be_recorded_reads_at_once(ana: Party) -> None:
    key = ana.key()
    headers = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    path = "/v1/vpn_gateways?version=2026-01-01&generation=2"
    response = response_of(Client(), path, **headers)
    assert response.status_code == 200
    assert ApiKey.objects.get().last_used_at is None
    assert Client().get(path, **headers).status_code == 200
    assert ApiKey.objects.get().last_used_at is not None


def test_a_session_whose_use_is_due_to_be_recorded_reads_at_once(
    ana: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    client.post("/sign-in", {"username": "ana", "password": PASSWORD})
    before = SignInSession.objects.get().seen_at
    monkeypatch.setattr("console.core.web.sessions._GRAIN", 0)
    assert response_of(client, "/account").status_code == 200
    assert SignInSession.objects.get().seen_at == before
    assert client.get("/account").status_code == 200
    assert SignInSession.objects.get().seen_at > before
