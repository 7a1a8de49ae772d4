"""The admin site beyond its forms: exports, impersonation, times, theme, and lockouts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from console.core.actor import Role
from console.core.models import ApiKey, AuditEvent, PasswordFailures
from console.core.services.invitations import accept_as_new_person, create_invitation
from tests.adminsite import superuser
from tests.factories import PASSWORD, Party, make_connection
from tests.pages import text_of


@pytest.fixture
def root(db: None) -> Client:
    """A superuser who belongs to no account."""
    return superuser()


def add_url(name: str) -> str:
    return reverse(f"admin:{name}_add")


def change_url(name: str, row: Any) -> str:
    return reverse(f"admin:{name}_change", args=[row.pk])


def test_a_new_account_is_audited(root: Client) -> None:
    root.post(add_url("console_account"), {"name": "made-here"})
    event = AuditEvent.objects.get(action="account.create", target_name="made-here")
    assert (event.who, event.via) == ("root", "admin")


def test_a_person_is_a_person_wherever_they_were_created(root: Client, ana: Party) -> None:
    root.post(add_url("console_user"), {"username": "one", "email": ""})
    _, token = create_invitation(ana.administrator, role=Role.VIEWER, label="two")
    accept_as_new_person(token, "two", PASSWORD, address="", request_id="")
    events = AuditEvent.objects.filter(action="person.create")
    assert {(event.target_name, event.target_type) for event in events} == {
        ("one", "person"),
        ("two", "person"),
    }


def test_times_are_of_24_hours_in_utc(root: Client, ana: Party) -> None:
    AuditEvent.objects.filter(account=ana.account).update(at=datetime(2019, 1, 31, 20, 42, 7, tzinfo=UTC))
    page = text_of(root.get(reverse("admin:console_auditevent_changelist")))
    assert "2019-01-31 20:42:07 UTC" in page and "p.m." not in page


def test_one_theme_for_console_and_admin_site(root: Client) -> None:
    root.post("/theme", {"theme": "dark"})
    page = text_of(root.get(reverse("admin:index")))
    assert "theme-dark" in page and "tokens.css" in page and "dark_mode.css" not in page


def test_the_list_of_accounts_offers_to_act(root: Client, ana: Party) -> None:
    page = text_of(root.get(reverse("admin:console_account_changelist")))
    assert f'form="act-as" name="account" value="{ana.account.pk}"' in page
    assert '<form id="act-as" method="post" action="/account/switch">' in page
    assert "Act in this account" in text_of(root.get(change_url("console_account", ana.account)))


def test_the_admin_site_too_says_where_one_acts(root: Client, ana: Party) -> None:
    words = f"You are acting in the account <strong>{ana.account.name}</strong>"
    assert words not in text_of(root.get(reverse("admin:index")))
    root.post("/account/switch", {"account": ana.account.pk})
    page = text_of(root.get(reverse("admin:index")))
    assert words in page and f'action="{reverse("stop_impersonation")}"' in page


def export(client: Client, name: str, *rows: Any) -> str:
    data = {"action": "export", "_selected_action": [str(row.pk) for row in rows]}
    response = client.post(reverse(f"admin:{name}_changelist"), data)
    assert response.headers["Content-Type"].startswith("text/csv")
    return text_of(response)


def test_exports_hold_no_secret(root: Client, ana: Party) -> None:
    connection, key = make_connection(ana), ApiKey.objects.get(name=ana_key_name(ana))
    file = export(root, "vpn_connection", connection)
    assert str(connection.pk) in file and connection.peer_address in file
    assert connection.psk_sealed not in file and connection.psk_id not in file
    assert key.digest not in export(root, "console_apikey", key)
    assert ana.user.password not in export(root, "console_user", ana.user)


def ana_key_name(party: Party) -> str:
    party.key()
    return party.account.api_keys.get().name


def test_a_lockout_can_be_ended(root: Client, ana: Party, settings: LazySettings) -> None:
    settings.LOCKOUT_FAILURES = 2
    for _ in range(2):
        Client().post("/sign-in", {"username": "ana", "password": "wrong"})
    assert Client().post("/sign-in", {"username": "ana", "password": PASSWORD}).status_code == 429
    page = text_of(root.get(reverse("admin:console_passwordfailures_changelist")))
    assert "icon-yes.svg" in page
    rows = list(PasswordFailures.objects.values_list("pk", flat=True))
    root.post(
        reverse("admin:console_passwordfailures_changelist"), {"action": "release", "_selected_action": rows}
    )
    assert Client().post("/sign-in", {"username": "ana", "password": PASSWORD}).status_code == 302
