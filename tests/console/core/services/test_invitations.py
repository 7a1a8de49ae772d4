"""Invitations: nobody becomes a member without accepting, nobody knows another person's password."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from logging import LogRecord
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from console.core.actor import Role
from console.core.errors import Conflict, Invalid, NotFound
from console.core.models import ApiKey, AuditEvent, Invitation, Membership, User
from console.core.redaction import LinkFilter
from console.core.services import add_member, invitations, remove_member, set_role
from console.core.services.invitations import accept_invitation, create_invitation, revoke_invitation
from tests.factories import PASSWORD, Party
from tests.pages import text_of

ACCEPTED = {"username": "carol", "new": PASSWORD, "again": PASSWORD}
TRACE = {"address": "192.0.2.9", "request_id": "t"}


def link_of(page: str) -> str:
    found = re.search(r'value="https?://[^/"]+(/invitations/[^"]+)"', page)
    assert found, page
    return found[1]


def invite(party: Party, role: str = "editor", **more: str) -> str:
    """The path of the link, as the page shows it."""
    return link_of(text_of(party.browser().post("/members", {"label": "carol", "role": role, **more})))


def test_a_new_person_joins_with_their_own_password(ana: Party) -> None:
    path, client = invite(ana), Client()
    assert client.get(path).headers["Location"] == "/invitation"
    page = text_of(client.get("/invitation"))
    assert "Join the account ana" in page and "editor" in page
    assert path.rpartition("/")[2] not in page
    assert client.post("/invitation", ACCEPTED).headers["Location"] == "/"
    carol = User.objects.get(username="carol")
    assert Membership.objects.get(account=ana.account, user=carol).role == "editor"
    assert "You are now editor in the account ana." in text_of(client.get("/"))
    added = AuditEvent.objects.get(account=ana.account, action="member.add", who="carol")
    assert added.changes["invited_by"] == [None, "ana"] and added.address
    assert Client().post("/sign-in", {"username": "carol", "password": PASSWORD}).status_code == 302


def test_a_link_works_once(ana: Party) -> None:
    path = invite(ana)
    first, second = Client(), Client()
    for client in (first, second):
        client.get(path)
    first.post("/invitation", ACCEPTED)
    late = second.post("/invitation", {**ACCEPTED, "username": "mallory"})
    assert late.status_code == 404 and "has been used" in text_of(late)
    assert not User.objects.filter(username="mallory").exists()
    assert Client().get(path).status_code == 404


def test_an_existing_user_accepts_after_signing_in(ana: Party, ben: Party) -> None:
    path, client = invite(ana, "viewer"), Client()
    client.get(path)
    page = text_of(client.get("/invitation"))
    assert 'href="/sign-in?next=%2Finvitation"' in page
    signed_in = client.post("/sign-in", {"username": "ben", "password": PASSWORD, "next": "/invitation"})
    assert signed_in.headers["Location"] == "/invitation"
    assert "Join as ben" in text_of(client.get("/invitation"))
    assert not Membership.objects.filter(account=ana.account, user=ben.user).exists()
    assert client.post("/invitation").status_code == 302
    assert Membership.objects.get(account=ana.account, user=ben.user).role == "viewer"
    assert f"You are now viewer in the account {ana.account.name}." in text_of(client.get("/"))


def test_the_takeover_is_gone(ana: Party, ben: Party) -> None:
    """Account X makes "carol" with a password that X knows and removes her; account Y adds "carol" by
    name: there is no such way in any more."""
    client = ana.browser()
    client.post("/members", {"username": "carol", "password": PASSWORD, "role": "viewer", "label": "c"})
    assert not User.objects.filter(username="carol").exists()
    client.post("/members", {"username": "ben", "role": "viewer", "label": "b"})
    assert not Membership.objects.filter(account=ana.account, user=ben.user).exists()


def test_a_new_person_can_sign_in_by_the_name_as_it_was_typed(ana: Party) -> None:
    """The sign-in page compares normalized names (NFKC): they are stored so."""
    path, client = invite(ana), Client()
    client.get(path)
    typed = "\ufb01ona"
    assert client.post("/invitation", {**ACCEPTED, "username": typed}).headers["Location"] == "/"
    assert User.objects.filter(username="fiona").exists()
    assert Client().post("/sign-in", {"username": typed, "password": PASSWORD}).status_code == 302


def test_what_is_missing_is_named_at_the_top(ana: Party) -> None:
    path, client = invite(ana), Client()
    client.get(path)
    page = text_of(client.post("/invitation", {"username": "carol"}))
    assert "Password: This field is required." in page and "Password again: This field is" in page


def test_another_signed_in_user_sees_what_to_do(ana: Party, ben: Party) -> None:
    client = ben.browser()
    client.get(invite(ana))
    assert "sign out and open the link again" in text_of(client.get("/invitation"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"username": "ben"}, "This user name cannot be used"),
        ({"username": "Ben"}, "This user name cannot be used"),
        ({"username": "\uff42en"}, "This user name cannot be used"),
        ({"username": "\u2177" * 40}, "at most 150 characters (it has 160)"),
        ({"username": "\ufdfa"}, "Enter a valid username"),
        ({"username": "no spaces"}, "Enter a valid username"),
        ({"new": "short", "again": "short"}, "too short"),
        ({"again": "another-password-93"}, "The two passwords differ."),
        ({"username": ""}, "required"),
    ],
)
def test_what_is_wrong_leaves_the_invitation_open(
    ana: Party, ben: Party, fields: dict[str, str], message: str
) -> None:
    path, client = invite(ana), Client()
    client.get(path)
    response = client.post("/invitation", {**ACCEPTED, **fields})
    assert response.status_code == 200 and message in text_of(response)
    assert not User.objects.filter(username="carol").exists()
    assert client.post("/invitation", ACCEPTED).status_code == 302


def test_a_member_cannot_use_up_an_invitation(ana: Party) -> None:
    path, client = invite(ana, "viewer"), ana.browser()
    client.get(path)
    assert "belongs to this account already" in text_of(client.post("/invitation"))
    assert Membership.objects.get(account=ana.account, user=ana.user).role == "administrator"
    assert Client().get(path).status_code == 302


def test_revoked_and_expired_links_open_nothing(ana: Party) -> None:
    path, client = invite(ana), ana.browser()
    row = Invitation.objects.get()
    assert client.post(f"/members/invitations/{row.pk}").status_code == 302
    assert Client().get(path).status_code == 404
    assert AuditEvent.objects.filter(action="invitation.revoke", target_id=str(row.pk)).count() == 1
    assert "Open invitations" not in text_of(client.get("/members"))
    row, token = create_invitation(ana.administrator, role=Role.VIEWER, label="dana")
    Invitation.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(NotFound):
        accept_invitation(ana.user, token, **TRACE)
    assert Client().get(f"/invitations/{token}").status_code == 404
    assert Client().get("/invitation").status_code == 404


@pytest.mark.parametrize("loss", ["removed", "lowered", "deactivated"])
def test_a_removed_member_cannot_return_by_their_own_link(ana: Party, ben: Party, loss: str) -> None:
    """An invitation is worth what its creator may do when it is used."""
    member = add_member(ana.administrator, ben.user, Role.ADMINISTRATOR)
    inviting = replace(ana.administrator, who="ben", user_id=ben.user.pk)
    _, token = create_invitation(inviting, role=Role.ADMINISTRATOR, label="myself")
    guest = Client()
    assert guest.get(f"/invitations/{token}").status_code == 302
    if loss == "removed":
        remove_member(ana.administrator, member.pk)
    elif loss == "lowered":
        set_role(ana.administrator, member.pk, Role.EDITOR)
    else:
        ben.user.is_active = False
        ben.user.save()
    assert Client().get(f"/invitations/{token}").status_code == 404
    assert guest.post("/invitation", ACCEPTED).status_code == 404
    with pytest.raises(NotFound):
        accept_invitation(ana.user, token, **TRACE)
    assert not User.objects.filter(username="carol").exists()
    assert "myself" not in text_of(ana.browser().get("/members"))


def test_an_impersonating_superuser_may_invite(ana: Party, ben: Party) -> None:
    inviting = replace(ana.administrator, who="operator")
    User.objects.create_superuser("operator", password=PASSWORD)
    _, token = create_invitation(inviting, role=Role.VIEWER, label="ben")
    assert accept_invitation(ben.user, token, **TRACE).account_id == ana.account.pk


def test_an_accepted_one_is_not_revoked(ana: Party, ben: Party) -> None:
    row, token = create_invitation(ana.administrator, role=Role.VIEWER, label="ben")
    accept_invitation(ben.user, token, **TRACE)
    with pytest.raises(Conflict):
        revoke_invitation(ana.administrator, row.pk)


def test_another_account_s_invitation_is_not_there(ana: Party, ben: Party) -> None:
    row, _ = create_invitation(ben.administrator, role=Role.VIEWER, label="secret-of-ben")
    assert ana.browser().post(f"/members/invitations/{row.pk}").status_code == 404
    assert "secret-of-ben" not in text_of(ana.browser().get("/members"))
    row.refresh_from_db()
    assert row.revoked_at is None


@pytest.mark.parametrize(
    ("label", "email", "field"), [("", "", "label"), ("a\nb", "", "label"), ("x", "no address", "email")]
)
def test_bad_invitations(ana: Party, label: str, email: str, field: str) -> None:
    with pytest.raises(Invalid) as raised:
        create_invitation(ana.administrator, role=Role.VIEWER, label=label, email=email)
    assert [violation.field for violation in raised.value.violations] == [field]


def test_their_number_is_bounded(ana: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "MOST", 2)
    first, _ = create_invitation(ana.administrator, role=Role.VIEWER, label="one")
    create_invitation(ana.administrator, role=Role.VIEWER, label="two")
    with pytest.raises(Conflict):
        create_invitation(ana.administrator, role=Role.VIEWER, label="three")
    revoke_invitation(ana.administrator, first.pk)
    create_invitation(ana.administrator, role=Role.VIEWER, label="three")


def test_the_secret_part_is_kept_nowhere(ana: Party) -> None:
    token = invite(ana).rpartition("/")[2]
    everything = str(list(Invitation.objects.values()) + list(AuditEvent.objects.values()))
    assert token not in everything
    path = f"/invitations/{token}"
    record = LogRecord("django.request", logging.WARNING, __file__, 1, "Not Found: %s", (path,), None)
    LinkFilter().filter(record)
    assert token not in record.getMessage()


def test_by_e_mail_where_a_server_is_set(ana: Party, settings: LazySettings) -> None:
    assert 'name="email"' not in text_of(ana.browser().get("/members"))
    settings.EMAIL_HOST = "mail.example"
    path = invite(ana, email="carol@example.com")
    (message,) = mail.outbox
    assert message.to == ["carol@example.com"] and path in message.body
    assert AuditEvent.objects.get(action="invitation.create").changes["email"] == ["", "carol@example.com"]


def test_a_mail_server_that_refuses_loses_nothing(ana: Party, settings: LazySettings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    data = {"label": "carol", "role": "viewer", "email": "carol@example.com"}
    page = text_of(ana.browser().post("/members", data))
    assert "did not accept the message" in page and Client().get(link_of(page)).status_code == 302


def test_keys_record_their_creator(ana: Party) -> None:
    ana.key()
    ApiKey.objects.update(created_by="ana", creator=None)
    module = import_module("console.core.migrations.0009_key_creators")
    module.note_creators(apps, SimpleNamespace(connection=connection))
    assert ApiKey.objects.get().creator_id == ana.user.pk
