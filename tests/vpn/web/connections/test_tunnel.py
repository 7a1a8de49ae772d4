"""Restarting a tunnel, its log, its key and its history, in the console."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from console.core.actor import Role
from console.core.models import AuditEvent, Membership
from tests.factories import PASSWORD, PSK, Party, make_connection
from tests.pages import text_of
from vpn.domain.log import KeptLog, MemberLog, log_key
from vpn.models import Connection, Node, StatusChange

HTMX = {"HX-Request": "true"}


def path_of(connection: Connection, rest: str = "") -> str:
    return f"/gateways/{connection.gateway_id}/connections/{connection.pk}{rest}"


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def connection(ana: Party) -> Connection:
    return make_connection(ana)


def test_operators_restart(browser: Client, connection: Connection) -> None:
    Membership.objects.update(role=Role.OPERATOR.value)
    assert "Restart" in text_of(browser.get(path_of(connection)))
    page = browser.post(path_of(connection, "/restart"), follow=True)
    assert "is restarted" in text_of(page)
    assert Connection.objects.get().restart_at is not None
    Connection.objects.update(admin_state_up=False, restart_at=None)
    page = browser.post(path_of(connection, "/restart"), follow=True)
    assert "is disabled; enable it" in text_of(page)
    assert "Restart<" not in text_of(page) and Connection.objects.get().restart_at is None


def test_viewers_see_the_log_and_nothing_to_press(browser: Client, connection: Connection) -> None:
    Membership.objects.update(role=Role.VIEWER.value)
    page = text_of(browser.get(path_of(connection)))
    for offer in ("Restart", "Show the key", "Replace the key", ">Disable<", "Remove"):
        assert offer not in page
    assert "Show the log" in page
    assert browser.get(path_of(connection, "/log")).status_code == 200
    assert browser.get(path_of(connection, "/events")).status_code == 200
    assert browser.post(path_of(connection, "/restart")).status_code == 403
    assert browser.get(path_of(connection, "/restart")).status_code == 405
    for method in (browser.get, browser.post):
        assert method(path_of(connection, "/reveal")).status_code == 403


def test_the_key_is_shown_for_a_password_and_written_down(browser: Client, connection: Connection) -> None:
    url = path_of(connection, "/reveal")
    asked = browser.get(url)
    assert PSK not in text_of(asked)
    for wrong in ("", "wrong"):
        page = browser.post(url, {"password": wrong})
        assert "That is not your password." in text_of(page) and PSK not in text_of(page)
    assert not AuditEvent.objects.filter(action="vpn_connection.reveal_key").exists()
    page = browser.post(url, {"password": PASSWORD})
    assert f'value="{PSK}"' in text_of(page) and page.headers["Cache-Control"] == "no-store"
    event = AuditEvent.objects.get(action="vpn_connection.reveal_key")
    assert (event.target_id, event.via) == (str(connection.pk), "console")
    assert PSK not in str(AuditEvent.objects.values())


def test_operators_do_not_see_the_key(browser: Client, connection: Connection) -> None:
    Membership.objects.update(role=Role.OPERATOR.value)
    assert "Show the key" not in text_of(browser.get(path_of(connection)))
    assert browser.post(path_of(connection, "/reveal"), {"password": PASSWORD}).status_code == 403


def test_a_key_that_cannot_be_decrypted_is_reported(browser: Client, connection: Connection) -> None:
    Connection.objects.update(psk_sealed="broken")
    page = text_of(browser.post(path_of(connection, "/reveal"), {"password": PASSWORD}))
    assert "The key cannot be decrypted" in page
    assert not AuditEvent.objects.filter(action="vpn_connection.reveal_key").exists()


def test_the_log_is_waited_for_and_then_shown(
    browser: Client, connection: Connection, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = "redis://somewhere"
    monkeypatch.setattr("vpn.services.logs.send", lambda *_: None)
    cache.clear()
    Node.objects.update_or_create(name=connection.gateway.node, defaults={"seen_at": timezone.now()})
    url = path_of(connection, "/log")
    page = text_of(browser.get(url))
    assert "Reading the log from the gateway" in page and 'hx-trigger="every 1s"' in page
    line = [timezone.now().isoformat(), "IKE", "sending <DPD> request"]
    members = [MemberLog(index=0, lines=[line]), MemberLog(index=1, lines=[])]
    cache.set(log_key(connection.pk), KeptLog(at=timezone.now().isoformat(), fault="", members=members))
    part = text_of(browser.get(url, headers=HTMX))
    assert (
        "sending &lt;DPD&gt; request" in part
        and "a standby member does not negotiate" in part
        and "<html" not in part
    )
    again = re.search(r'hx-get="([^"]+)"', part)
    assert again and browser.get(again[1], headers=HTMX).status_code == 204
    cache.clear()


def test_why_there_is_no_log(browser: Client, connection: Connection) -> None:
    page = text_of(browser.get(path_of(connection, "/log")))
    assert "The log cannot be read" in page and "without Redis" in page


@pytest.mark.parametrize("whose", ["connection", "gateway"])
def test_events_are_paged(browser: Client, connection: Connection, whose: str) -> None:
    now = timezone.now()
    StatusChange.objects.bulk_create(
        StatusChange(
            gateway=connection.gateway,
            connection=connection,
            at=now + timedelta(seconds=number),
            status="up" if number % 2 else "down",
            message=f"event-{number:03}.",
        )
        for number in range(120)
    )
    url = (
        path_of(connection, "/events")
        if whose == "connection"
        else f"/gateways/{connection.gateway_id}/events"
    )
    seen: list[str] = []
    path: str | None = url
    while path:
        response = browser.get(path)
        seen += [row.message for row in response.context["rows"]]
        path = f"{url}?before={response.context['more']}" if response.context["more"] else None
    assert seen == [f"event-{number:03}." for number in reversed(range(120))]
    assert len(browser.get(f"{url}?before=nonsense").context["rows"]) == 50
    for digits in (30, 5000):
        assert browser.get(url, {"before": "9" * digits}).status_code == 200


@pytest.mark.parametrize("rest", ["/restart", "/reveal", "/log", "/events"])
def test_those_of_others_do_not_exist(ben: Party, browser: Client, rest: str) -> None:
    connection = make_connection(ben, name="hidden-one")
    for method in (browser.get, browser.post):
        response = method(path_of(connection, rest))
        assert response.status_code in {404, 405} and "hidden-one" not in text_of(response)
    assert (
        AuditEvent.objects.filter(action__in=("vpn_connection.restart", "vpn_connection.reveal_key")).count()
        == 0
    )


def test_no_report_of_an_error_shows_what_was_posted(browser: Client, connection: Connection) -> None:
    for rest, body in (("/reveal", {"password": PASSWORD}), ("/key", {"psk": PSK}), ("/edit", {"psk": PSK})):
        request = browser.post(path_of(connection, rest), body).wsgi_request
        assert request.sensitive_post_parameters == "__ALL__", rest
