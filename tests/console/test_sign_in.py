"""Lockout, passwords, and sign-ins that end."""

from __future__ import annotations

import time
from ipaddress import ip_network
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.test import Client

from console.environment import TrustedProxies
from console.models import AuditEvent
from tests.factories import PASSWORD, Party

LOOPBACK = TrustedProxies((ip_network("127.0.0.1"),))
NEW = "another horse battery"


@pytest.fixture(autouse=True)
def _three_failures(settings: LazySettings) -> None:
    settings.AXES_FAILURE_LIMIT = 3


def text_of(response: Any) -> str:
    return str(response.content.decode())


def attempt(name: str, given: str = "wrong", **extra: Any) -> Any:
    return Client().post("/sign-in", {"username": name, "password": given}, **extra)


def test_too_many_wrong_passwords_must_wait(ana: Party) -> None:
    assert [attempt("ana").status_code for _ in range(3)] == [200, 200, 429]
    answer = attempt("ana", PASSWORD)
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "900"
    assert "must wait 15 minutes" in text_of(answer)


def test_the_answer_does_not_tell_whether_the_user_exists(ana: Party) -> None:
    pages = []
    for name in ("ana", "nobody"):
        answers = [attempt(name) for _ in range(4)]
        main = text_of(answers[-1]).partition("<main")[2].partition("</main>")[0]
        pages.append((answers[-1].status_code, main))
        assert name not in pages[-1][1]
    assert pages[0] == pages[1]


def test_others_are_not_locked_out_with_them(ana: Party, ben: Party) -> None:
    for _ in range(4):
        attempt("ana")
    assert attempt("ben", PASSWORD).status_code == 302
    assert attempt("ana", PASSWORD, REMOTE_ADDR="192.0.2.9").status_code == 302


def test_behind_a_proxy_the_address_is_the_one_that_it_saw(ana: Party, settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = LOOPBACK
    for number in range(4):
        attempt("ana", headers={"X-Forwarded-For": f"10.0.0.{number}, 192.0.2.7"}, secure=True)
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {"192.0.2.7"}
    other = attempt("ana", PASSWORD, headers={"X-Forwarded-For": "192.0.2.7, 192.0.2.8"}, secure=True)
    assert other.status_code == 302


def test_what_is_no_name_and_no_address_is_borne(ana: Party, settings: LazySettings) -> None:
    assert attempt("a" * 151).status_code == attempt("a\0b").status_code == 200
    assert not AccessAttempt.objects.exists()
    settings.TRUSTED_PROXIES = TrustedProxies((), unix_sockets=True)
    for _ in range(3):
        answer = attempt("ana", headers={"X-Forwarded-For": "unknown"}, REMOTE_ADDR="")
    assert answer.status_code == 429
    assert AccessAttempt.objects.get().ip_address is None


def test_what_is_kept_of_an_attempt_holds_no_password(ana: Party) -> None:
    attempt("ana", "my-real-password-mistyped")
    row = AccessAttempt.objects.get()
    assert "mistyped" not in f"{row.get_data}{row.post_data}{row.path_info}"
    attempt("ana", PASSWORD)
    assert not AccessAttempt.objects.exists()


def test_trying_on_does_not_make_it_longer(ana: Party) -> None:
    for _ in range(3):
        attempt("ana")
    before = AccessAttempt.objects.get().attempt_time
    attempt("ana")
    assert AccessAttempt.objects.get().attempt_time == before


def test_the_admin_site_has_no_sign_in_of_its_own(ana: Party) -> None:
    assert Client().get("/admin/").headers["Location"].startswith("/admin/login/")
    answer = Client().get("/admin/login/?next=/admin/vpn/")
    assert answer.headers["Location"] == "/sign-in?next=/admin/vpn/"
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
        ({"present": "not it"}, "This is not your present password."),
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
    answer = client.get("/networks?q=x")
    assert answer.headers["Location"] == "/sign-in?next=/networks%3Fq%3Dx&ended=1"
    client.cookies.pop(settings.SESSION_COOKIE_NAME, None)
    page = text_of(client.get(answer.headers["Location"]))
    assert "Your session has ended" in page and 'value="/networks?q=x"' in page


def test_an_old_session_ends_even_if_it_is_used(ana: Party, settings: LazySettings) -> None:
    client = aged(ana.browser(), signed_in_at=settings.SESSION_COOKIE_AGE)
    assert "ended=1" in client.get("/networks").headers["Location"]


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
    answer = client.get("/networks", headers=headers)
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/account%3Fx%3D1&ended=1"


def test_a_form_of_an_ended_session_leads_back_to_its_page(ana: Party, settings: LazySettings) -> None:
    for referer, where in (
        ("http://testserver/networks", "/networks"),
        ("https://evil.example/x", "/"),
        ("", "/"),
    ):
        client = aged(ana.browser(), seen_at=settings.SESSION_IDLE_SECONDS)
        answer = client.post("/account/switch", {"account": "x"}, headers={"Referer": referer})
        assert answer.headers["Location"] == f"/sign-in?next={where}&ended=1"
