"""Sign-ins in the audit trail: who, from where, how, and in which account's trail."""

from __future__ import annotations

import io
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from console.core.models import AuditEvent, Membership, SignInSession, User
from console.core.services.sign_ins import end_lapsed_sessions
from tests.factories import PASSWORD, Party
from tests.pages import text_of

NEW = "another horse battery"
FROM = {"REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": "Firefox/140"}


def sign_in(name: str, password: str = PASSWORD, client: Client | None = None) -> Any:
    return (client or Client()).post("/sign-in", {"username": name, "password": password}, **FROM)


def events(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("pk"))


def test_a_sign_in_is_audited_in_each_account(ana: Party, ben: Party) -> None:
    Membership.objects.create(user=ana.user, account=ben.account, role="viewer")
    assert sign_in("ana").status_code == 302
    found = events("person.sign_in")
    assert {event.account_id for event in found} == {ana.account.pk, ben.account.pk}
    for event in found:
        assert (event.who, event.via, event.address) == ("ana", "console", "192.0.2.7")
        assert (event.target_type, event.target_id) == ("person", str(ana.user.pk))
        assert event.changes == {"method": [None, "password"], "browser": [None, "Firefox/140"]}
        assert event.request_id
    page = text_of(ana.browser().get("/activity"))
    assert "signed in" in page and "192.0.2.7" in page


def test_a_failed_sign_in_too_but_not_the_password(ana: Party, settings: LazySettings) -> None:
    settings.LOCKOUT_FAILURES = 2
    for _ in range(3):
        sign_in("ana", "my-real-password-mistyped")
    first, second = events("person.sign_in_failed")
    assert (first.account_id, first.who, first.address) == (ana.account.pk, "ana", "192.0.2.7")
    assert "locked_for_seconds" not in first.changes and second.changes["locked_for_seconds"][1] == 900
    assert "mistyped" not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("typed", "shown"), [("nobody", "nobody"), ("my secret pass phrase", "(not a user name)")]
)
def test_an_unknown_name_is_audited_for_the_installation(
    ana: Party, typed: str, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(typed)
    (event,) = events("person.sign_in_failed")
    assert (event.account_id, event.who, event.target_id, event.address) == (None, shown, "", "192.0.2.7")
    assert f"wrong password for {shown} from 192.0.2.7" in caplog.text
    assert shown == typed or typed not in caplog.text
    assert "failed to sign in" not in text_of(ana.browser().get("/activity"))


def test_superusers_see_the_installations_trail(db: None) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    client = Client()
    sign_in("root", client=client)
    sign_in("nobody")
    page = text_of(client.get("/admin/console/auditevent/?account__isnull=True"))
    assert "person.sign_in_failed" in page and "nobody" in page and "192.0.2.7" in page


def test_sign_out_and_expiry_are_audited(ana: Party, settings: LazySettings) -> None:
    client = Client()
    sign_in("ana", client=client)
    client.post("/sign-out", **FROM)
    (event,) = events("person.sign_out")
    assert (event.account_id, event.who, event.address) == (ana.account.pk, "ana", "192.0.2.7")
    assert not SignInSession.objects.exists() and not Session.objects.exists()
    assert client.get("/sign-out").status_code == 405
    for key, age, reason in (
        ("seen_at", settings.SESSION_IDLE_SECONDS, "idle"),
        ("signed_in_at", settings.SESSION_LIFETIME_SECONDS, "lifetime"),
    ):
        sign_in("ana", client=client)
        session = client.session
        session[key] = int(time.time()) - age
        session.save()
        client.get("/account")
        event = events("person.session_end")[-1]
        assert (event.who, event.changes) == ("ana", {"reason": [None, reason]})
        assert not SignInSession.objects.exists()


def test_an_abandoned_session_has_an_end_too(ana: Party, settings: LazySettings) -> None:
    sign_in("ana")
    idle = timedelta(seconds=settings.SESSION_IDLE_SECONDS + 61)
    assert end_lapsed_sessions() == end_lapsed_sessions(timezone.now() + idle / 2) == 0
    assert end_lapsed_sessions(timezone.now() + idle) == 1
    (event,) = events("person.session_end")
    assert event.changes["reason"] == [None, "ran out"] and event.changes["last_used_at"][1]
    assert not SignInSession.objects.exists() and not Session.objects.exists()
    assert end_lapsed_sessions(timezone.now() + idle) == 0


def test_a_new_password_is_audited(ana: Party) -> None:
    client = ana.browser()
    client.post("/account/password", {"present": PASSWORD, "new": NEW, "again": NEW}, **FROM)
    (event,) = events("person.update")
    assert (event.account_id, event.who, event.address) == (ana.account.pk, "ana", "192.0.2.7")
    assert event.changes == {"password": "changed"} and NEW not in str(list(AuditEvent.objects.values()))


def test_a_wrong_present_password_is_recorded(ana: Party) -> None:
    ana.browser().post("/account/password", {"present": "wrong", "new": NEW, "again": NEW}, **FROM)
    (event,) = events("person.password_failed")
    assert (event.account_id, event.who, event.address) == (ana.account.pk, "ana", "192.0.2.7")


def test_the_command_sets_no_password_but_prints_a_link(
    ana: Party, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    settings.PUBLIC_URL = "https://vpn.example.com"
    monkeypatch.setattr("getpass.getpass", lambda *_: pytest.fail("asked for a password"))
    browser, before, out = ana.browser(), User.objects.get(username="ana").password, io.StringIO()
    call_command("changepassword", "Ana", stdout=out)
    assert User.objects.get(username="ana").password == before
    (event,) = events("person.password_link")
    assert (event.account_id, event.via) == (ana.account.pk, "command")
    link = out.getvalue().strip()
    assert link.startswith("https://vpn.example.com/") and link not in str(list(AuditEvent.objects.values()))
    theirs = Client()
    page = theirs.get(urlsplit(link).path, follow=True)
    theirs.post(page.request["PATH_INFO"], {"new": NEW, "again": NEW})
    assert User.objects.get(username="ana").check_password(NEW)
    assert browser.get("/account").status_code == 302


@pytest.mark.parametrize("name", ["nobody", "ben"])
def test_the_command_needs_an_active_user(ben: Party, name: str) -> None:
    User.objects.filter(username="ben").update(is_active=False)
    with pytest.raises(CommandError, match=name):
        call_command("changepassword", name)


def test_createsuperuser_keeps_the_rules(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for password, works in (("123456789012", False), (PASSWORD, True)):
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
        given = {"interactive": False, "username": "root", "email": "root@example.org", "verbosity": 0}
        if works:
            call_command("createsuperuser", **given)
        else:
            with pytest.raises(CommandError, match="numeric"):
                call_command("createsuperuser", **given)
        assert User.objects.filter(username="root").exists() == works
