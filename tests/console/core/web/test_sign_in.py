"""Signing in, passwords, and sign-ins that end."""

from __future__ import annotations

import time
from ipaddress import ip_network
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.test import Client

from console.core.environment import TrustedProxies
from console.core.models import AuditEvent
from tests.factories import PASSWORD, Party
from tests.pages import text_of

LOOPBACK = TrustedProxies((ip_network("127.0.0.1"),))
NEW = "another horse battery"


@pytest.fixture(autouse=True)
def _three_failures(settings: LazySettings) -> None:
    settings.LOCKOUT_FAILURES = 3


def attempt(name: str, given: str = "wrong", **extra: Any) -> Any:
    return Client().post("/sign-in", {"username": name, "password": given}, **extra)


def test_the_admin_site_has_no_sign_in_of_its_own(ana: Party) -> None:
    assert Client().get("/admin/").headers["Location"].startswith("/admin/login/")
    response = Client().get("/admin/login/?next=/admin/vpn/")
    assert response.headers["Location"] == "/sign-in?next=/admin/vpn/"
    assert Client().post("/admin/login/", {"username": "ana", "password": PASSWORD}).status_code == 302
    assert not Session.objects.exists()
    assert ana.browser().get("/admin/login/").status_code == 403


def change(client: Client, present: str = PASSWORD, new: str = NEW, again: str = NEW) -> Any:
    return client.post("/account/password", {"present": present, "new": new, "again": again})


def test_a_new_password_ends_the_other_sessions(ana: Party) -> None:
    here, there = ana.browser(), ana.browser()
    assert there.get("/account").status_code == 200
    assert change(here).headers["Location"] == "/account"
    assert here.get("/account").status_code == 200
    assert there.get("/account").headers["Location"] == "/sign-in?next=/account&ended=1"
    assert attempt("ana", NEW).status_code == 302
    event = AuditEvent.objects.get(action="person.update")
    assert (event.who, event.via, event.target_type, event.changes) == (
        "ana",
        "console",
        "person",
        {"password": "changed"},
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"present": "not it"}, "This is not your current password."),
        ({"again": "different"}, "The two new passwords differ."),
        ({"new": "short", "again": "short"}, "This password is too short"),
    ],
)
def test_a_password_that_cannot_be_changed_so(ana: Party, fields: dict[str, str], message: str) -> None:
    page = text_of(change(ana.browser(), **fields))
    assert message in page
    assert NEW not in page and PASSWORD not in page
    assert attempt("ana", PASSWORD).status_code == 302


def test_guessing_the_present_password_is_no_way_around_the_lockout(ana: Party) -> None:
    client = ana.browser()
    assert [change(client, present="wrong").status_code for _ in range(3)] == [200, 200, 429]
    assert change(client).status_code == 429


def aged(client: Client, **seconds: int) -> Client:
    session = client.session
    for key, age in seconds.items():
        session[key] = int(time.time()) - age
    session.save()
    return client


def test_an_idle_session_ends_and_leads_back(ana: Party, settings: LazySettings) -> None:
    client = aged(ana.browser(), seen_at=settings.SESSION_IDLE_SECONDS)
    response = client.get("/networks?q=x")
    assert response.headers["Location"] == "/sign-in?next=/networks%3Fq%3Dx&ended=1"
    client.cookies.pop(settings.SESSION_COOKIE_NAME, None)
    page = text_of(client.get(response.headers["Location"]))
    assert "Your session has ended" in page and 'value="/networks?q=x"' in page


def test_an_old_session_ends_even_if_it_is_used(ana: Party, settings: LazySettings) -> None:
    client = aged(ana.browser(), signed_in_at=settings.SESSION_LIFETIME_SECONDS)
    assert "ended=1" in client.get("/networks").headers["Location"]


def test_a_cookie_outlives_its_session(ana: Party, settings: LazySettings) -> None:
    """Else the browser would drop it first, and the sign-in page could not say that the session ended."""
    response = attempt("ana", PASSWORD)
    assert response.cookies[settings.SESSION_COOKIE_NAME]["max-age"] > settings.SESSION_LIFETIME_SECONDS


def test_what_a_page_asks_by_itself_keeps_no_session_alive(ana: Party) -> None:
    client = aged(ana.browser(), seen_at=600)
    seen = client.session["seen_at"]
    client.get("/account", headers={"HX-Request": "true"})
    assert client.session["seen_at"] == seen
    client.get("/account")
    assert client.session["seen_at"] > seen


def test_a_part_of_a_page_leads_back_to_its_page(ana: Party, settings: LazySettings) -> None:
    client = aged(ana.browser(), seen_at=settings.SESSION_IDLE_SECONDS)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/account?x=1"}
    response = client.get("/networks", headers=headers)
    assert response.headers["HX-Redirect"] == "/sign-in?next=/account%3Fx%3D1&ended=1"


def test_a_form_of_an_ended_session_leads_back_to_its_page(ana: Party, settings: LazySettings) -> None:
    for referer, where in (
        ("http://testserver/networks", "/networks"),
        ("https://evil.example/x", "/"),
        ("", "/"),
    ):
        client = aged(ana.browser(), seen_at=settings.SESSION_IDLE_SECONDS)
        response = client.post("/account/switch", {"account": "x"}, headers={"Referer": referer})
        assert response.headers["Location"] == f"/sign-in?next={where}&ended=1"
