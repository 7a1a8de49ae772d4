"""The holder of an invitation cannot find out which user names exist."""

from __future__ import annotations

import re

import pytest
from django.conf import LazySettings
from django.test import Client

from console.core.models import AuditEvent, User
from console.core.services import invitations
from tests.console.core.services.test_invitations import ACCEPTED, invite, text_of
from tests.factories import Party


@pytest.mark.parametrize(
    "fields", [{"new": "short", "again": "short"}, {"again": "another-password-93"}, {"new": "", "again": ""}]
)
def test_nothing_says_which_names_exist_while_the_invitation_stays(
    ana: Party, ben: Party, fields: dict[str, str]
) -> None:
    """The pages of a name that is taken and of one that is free differ in nothing but the name."""
    path, client = invite(ana), Client()
    client.get(path)
    pages = []
    for name in ("ben", "ned"):
        page = text_of(client.post("/invitation", {**ACCEPTED, **fields, "username": name}))
        pages.append(
            re.sub(r'(name="csrfmiddlewaretoken" value=|nonce=)"[^"]*"', "", page.replace(name, "NAME"))
        )
    assert pages[0] == pages[1] and 'value="NAME"' in pages[0]


def test_names_in_use_revoke_the_invitation(ana: Party, ben: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "MOST_REFUSED_NAMES", 3)
    path, client = invite(ana), Client()
    client.get(path)
    for _ in range(3):
        assert client.post("/invitation", {**ACCEPTED, "username": "ben"}).status_code == 200
    assert client.post("/invitation", ACCEPTED).status_code == 404 and Client().get(path).status_code == 404
    assert not User.objects.filter(username="carol").exists()
    event = AuditEvent.objects.get(action="invitation.revoke", account=ana.account)
    assert event.who == "holder of the invitation for carol" and event.address


def test_names_in_use_count_as_wrong_passwords(ana: Party, ben: Party, settings: LazySettings) -> None:
    """So they are limited by address, whichever invitation; names that are free are then refused alike."""
    settings.LOCKOUT_ADDRESS_FAILURES = 2
    client = Client()
    client.get(invite(ana))
    assert client.post("/invitation", {**ACCEPTED, "username": "ben"}).status_code == 200
    client.get(invite(ana))
    assert client.post("/invitation", {**ACCEPTED, "username": "Ben"}).status_code == 429
    assert client.post("/invitation", ACCEPTED).status_code == 429
    assert not User.objects.filter(username="carol").exists()


def test_what_is_wrong_otherwise_counts_as_no_wrong_password(ana: Party, settings: LazySettings) -> None:
    settings.LOCKOUT_ADDRESS_FAILURES = 2
    client = Client()
    client.get(invite(ana))
    for _ in range(3):
        assert client.post("/invitation", {**ACCEPTED, "new": "short", "again": "short"}).status_code == 200
    assert client.post("/invitation", ACCEPTED).status_code == 302
