"""A person's own sessions: seen, ended one by one or together, and ended for good."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client

from console.core.models import AuditEvent, SignInSession, User
from console.core.services.sign_ins import Source, end_sessions
from console.core.web import sessions
from console.core.web.own_sessions import describe_browser
from tests.factories import PASSWORD, Party
from tests.pages import text_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36"
)


def signed_in(name: str, browser: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    client = Client(HTTP_USER_AGENT=browser, REMOTE_ADDR=address)
    assert client.post("/sign-in", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return bool(client.get("/account").status_code == 200)


def page_of(client: Client) -> str:
    text = text_of(client.get("/account/sessions"))
    return text.partition("<main")[2].partition("</main>")[0]


def row_of(client: Client) -> SignInSession:
    return SignInSession.objects.get(session_key=client.session.session_key)


def end(client: Client, row: SignInSession) -> Any:
    return client.post(f"/account/sessions/{row.pk}/end")


def test_the_page_shows_where_from_and_since_when(ana: Party, ben: Party) -> None:
    here, _ = signed_in("ana"), signed_in("ana", CHROME, "2001:db8::5")
    signed_in("ben", address="203.0.113.5")
    page = page_of(here)
    rows = re.findall(r'<tr id="session-\d+">(.*?)</tr>', page, re.S)
    assert len(rows) == 2 and "203.0.113.5" not in page
    assert "Firefox on Linux" in rows[0] and "this session" in rows[0] and "192.0.2.7" in rows[0]
    assert "Chrome on Windows" in rows[1] and "2001:db8::5" in rows[1] and "this session" not in rows[1]
    assert not [key for key in SignInSession.objects.values_list("session_key", flat=True) if key in page]


def test_one_session_is_ended(ana: Party) -> None:
    here, there, third = signed_in("ana"), signed_in("ana", CHROME), signed_in("ana")
    response = here.post(f"/account/sessions/{row_of(there).pk}/end", follow=True)
    assert "The session in Chrome on Windows has ended" in text_of(response)
    assert (is_in(here), is_in(there), is_in(third)) == (True, False, True)
    event = AuditEvent.objects.get(action="person.session_end")
    assert (event.who, event.address, event.account_id) == ("ana", "192.0.2.7", ana.account.pk)


def test_all_other_sessions_are_ended(ana: Party) -> None:
    here, there = signed_in("ana"), signed_in("ana", CHROME)
    unlisted = signed_in("ana")
    row_of(unlisted).delete()
    assert here.post("/account/sessions/end").status_code == 302
    assert (is_in(here), is_in(there), is_in(unlisted)) == (True, False, False)
    assert "End all other sessions" not in page_of(here)
    assert signed_in("ana") and is_in(here)


def test_the_session_in_use_is_left_by_signing_out(ana: Party) -> None:
    here = signed_in("ana")
    assert "sign out to end it" in text_of(here.post(f"/account/sessions/{row_of(here).pk}/end", follow=True))
    assert is_in(here)


def test_sessions_of_others_do_not_exist_for_me(ana: Party, ben: Party) -> None:
    mine, theirs = signed_in("ana"), signed_in("ben")
    assert end(mine, row_of(theirs)).status_code == 404
    assert is_in(theirs)
    assert Client().get("/account/sessions").headers["Location"].startswith("/sign-in")


def test_the_page_works_without_an_account(db: None) -> None:
    User.objects.create_user("lonely", password=PASSWORD)
    assert "this session" in page_of(signed_in("lonely"))


def test_a_session_does_not_live_again_when_its_person_is_active_again(ana: Party) -> None:
    seen, unseen = signed_in("ana"), signed_in("ana")
    ana.user.refresh_from_db()
    ana.user.is_active = False
    ana.user.save()
    assert not is_in(seen)
    ana.user.is_active = True
    ana.user.save()
    assert not is_in(seen) and not is_in(unseen)
    assert is_in(signed_in("ana"))


def test_nor_when_only_the_row_was_changed(ana: Party) -> None:
    client = signed_in("ana")
    User.objects.filter(username="ana").update(is_active=False)
    assert not is_in(client)
    User.objects.filter(username="ana").update(is_active=True)
    assert not is_in(client)


@pytest.mark.parametrize("fields", [["is_active"], None])
def test_deactivating_by_the_admin_site_counts_too(ana: Party, fields: list[str] | None) -> None:
    client = signed_in("ana")
    user = User.objects.get(username="ana")
    for active in (False, True):
        user.is_active = active
        user.save(update_fields=fields)
    assert not is_in(client)


def test_sessions_of_before_they_were_listed_go_on(ana: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade signs nobody out: their hash is the one that Django makes, and they come into the list."""
    monkeypatch.setattr(sessions, "_GRAIN", 0)
    assert ana.user.get_session_auth_hash() == super(User, ana.user).get_session_auth_hash()
    client = signed_in("ana")
    SignInSession.objects.all().delete()
    assert is_in(client) and row_of(client).address == "192.0.2.7"


def test_a_superuser_ends_all_sessions_of_a_person(ana: Party) -> None:
    clients = signed_in("ana"), signed_in("ana")
    ana.user.refresh_from_db()
    end_sessions(ana.user, Source("198.51.100.1"), who="root")
    assert [is_in(client) for client in clients] == [False, False]
    event = AuditEvent.objects.get(action="person.session_end")
    assert (event.who, event.changes["sessions"]) == ("root", [None, 2])


def test_the_epoch_is_raised_from_what_it_is_now(ana: Party) -> None:
    """Two requests that read the person at the same time both end their sessions."""
    one, other, third = (User.objects.get(pk=ana.user.pk) for _ in range(3))
    end_sessions(one, Source())
    end_sessions(other, Source())
    third.is_active = False
    third.save()
    assert third.session_epoch == 3 == User.objects.get(pk=ana.user.pk).session_epoch


def test_saving_a_stale_person_revives_no_session(ana: Party) -> None:
    client, read_before = signed_in("ana"), User.objects.get(pk=ana.user.pk)
    end_sessions(ana.user, Source())
    # What only ends by the epoch: the rows of the sessions are gone as well otherwise.
    kept = signed_in("ana")
    ana.user.end_all_sessions()
    assert not is_in(kept)
    read_before.email = "ana@example.com"
    read_before.save()
    assert not is_in(client) and not is_in(kept) and read_before.session_epoch == 2


def test_changing_the_password_keeps_this_session_in_the_list(ana: Party) -> None:
    here, there = signed_in("ana"), signed_in("ana")
    new = "another horse battery"
    here.post("/account/password", {"present": PASSWORD, "new": new, "again": new})
    assert is_in(here) and not is_in(there)
    assert row_of(here).user_id == ana.user.pk and SignInSession.objects.count() == 1
    assert Session.objects.count() == 1 and SESSION_KEY in here.session


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Windows"),
        (f"{CHROME} Edg/140.0", "Edge on Windows"),
        ("curl/8.5", "curl/8.5"),
        ("", "Unknown browser"),
    ],
)
def test_how_a_browser_is_called(text: str, word: str) -> None:
    assert describe_browser(text) == word
