"""Actions on chosen rows: said first, confirmed, done one by one through the services."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from console.core.actor import Role
from console.core.models import AuditEvent, Membership
from console.core.web.lists import views
from tests.factories import Party, make_connection, make_gateway, raise_quotas
from tests.pages import text_of
from vpn.models import Connection, Gateway


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def rows(ana: Party) -> list[Connection]:
    """Of one gateway: two enabled, one disabled."""
    raise_quotas(ana, connections_per_gateway=50)
    gateway = make_gateway(ana, name="edge")
    return [make_connection(ana, gateway, number, admin_state_up=number != 2) for number in range(3)]


def act(browser: Client, what: str, rows: list[Any], *, on: str = "connections", **more: str) -> str:
    chosen: dict[str, Any] = {"do": what, "row": [str(row.pk) for row in rows], **more}
    response = browser.post(f"/{on}/bulk", chosen, follow=True)
    assert response.status_code == 200, response.status_code
    return text_of(response)


def enabled() -> list[str]:
    return sorted(Connection.objects.filter(admin_state_up=True).values_list("name", flat=True))


def test_says_what_would_happen_and_does_nothing_yet(browser: Client, rows: list[Connection]) -> None:
    events = AuditEvent.objects.count()
    page = act(browser, "disable", rows)
    assert "Disable 3 connections?" in page and "It is disabled already: nothing changes." in page
    for row in rows[:2]:
        assert row.name in page and row.peer_address in page
    page = act(browser, "delete", rows[:1])
    assert "192.168.100.0/24 to 10.0.0.0/24" in page and "delete 1" in page and "pre-shared key" in page
    assert AuditEvent.objects.count() == events and Connection.objects.count() == 3


def test_switches_those_that_are_not_so_yet(browser: Client, rows: list[Connection]) -> None:
    page = act(browser, "disable", rows, confirmed="1")
    assert "3 of 3 done" in page and enabled() == []
    assert AuditEvent.objects.filter(action="vpn_connection.update").count() == 2
    act(browser, "enable", rows[:1], confirmed="1")
    assert enabled() == ["connection-0"]


@pytest.mark.parametrize("typed", ["", "delete", "delete 3", "DELETE two"])
def test_deletes_only_when_it_is_written(browser: Client, rows: list[Connection], typed: str) -> None:
    page = act(browser, "delete", rows[:2], confirmed="1", typed=typed)
    assert 'role="alert"' in page and "Enter delete 2 to confirm" in page
    assert Connection.objects.count() == 3


def test_deletes_and_reports_each(browser: Client, rows: list[Connection]) -> None:
    Connection.objects.filter(pk=rows[0].pk).delete()
    page = act(browser, "delete", rows[:2], confirmed="1", typed=" Delete  1 ")
    assert "1 of 1 done" in page and "connection-1" in page
    assert [row.name for row in Connection.objects.all()] == ["connection-2"]
    assert AuditEvent.objects.get(action="vpn_connection.delete").via == "console"


def test_one_refusal_stops_no_other(browser: Client, ana: Party, rows: list[Connection]) -> None:
    other = make_connection(ana, make_gateway(ana, name="going"), 9)
    Gateway.objects.filter(pk=other.gateway_id).update(deleted_at=other.created_at)
    assert "The gateway going is being deleted." in act(browser, "disable", [other, *rows])
    page = act(browser, "disable", [other, *rows], confirmed="1")
    assert "3 of 4 done" in page and "is being deleted and can no longer be changed" in page
    assert enabled() == ["connection-9"]


def test_gateways_go_with_their_connections(browser: Client, rows: list[Connection]) -> None:
    gateway = rows[0].gateway
    page = act(browser, "delete", [gateway], on="gateways")
    for words in ("connection-0 to 203.0.113.1", gateway.public_address, "all IKE and IPsec policies"):
        assert words in page
    assert "1 of 1 done" in act(browser, "delete", [gateway], on="gateways", confirmed="1", typed="delete 1")
    gateway.refresh_from_db()
    assert gateway.deleted_at is not None


def test_all_that_match_may_be_selected(browser: Client, rows: list[Connection]) -> None:
    page = act(browser, "disable", [], scope="all", match="q=10.1.0.9&status=down")
    assert "Disable 1 connection?" in page and "connection-1" in page
    assert "Disable 3 connections?" in act(browser, "disable", [], scope="all")


def test_so_many_at_a_time(browser: Client, rows: list[Connection], monkeypatch: Any) -> None:
    monkeypatch.setattr(views, "MOST", 2)
    page = act(browser, "disable", [], scope="all")
    assert "2 at a time" in page and "1 more are not included" in page
    assert page.count('name="row"') == 2


@pytest.mark.parametrize("chosen", [[], ["x"], ["7d3cb5b0-0000-4000-8000-000000000000"]])
def test_an_empty_selection_is_reported(browser: Client, rows: list[Connection], chosen: list[str]) -> None:
    response = browser.post("/connections/bulk", {"do": "delete", "row": chosen, "match": "q=edge"})
    assert response.headers["Location"] == "/connections?q=edge"
    assert "No connection is selected" in text_of(browser.get("/connections"))


def test_nonsense_leads_back(browser: Client, rows: list[Connection]) -> None:
    assert browser.get("/connections/bulk").headers["Location"] == "/connections"
    row = str(rows[0].pk)
    response = browser.post("/connections/bulk", {"do": "explode", "row": row, "match": "//evil.example"})
    assert response.headers["Location"].startswith("/connections?")


def test_those_of_others_cannot_be_selected(browser: Client, ben: Party, rows: list[Connection]) -> None:
    theirs = make_connection(ben, make_gateway(ben), 7, name="hidden-one")
    page = act(browser, "delete", [theirs, rows[0]], confirmed="1", typed="delete 1")
    assert "hidden-one" not in page and "1 of 1 done" in page
    assert Connection.objects.filter(pk=theirs.pk).exists()


@pytest.mark.parametrize(
    ("role", "offered", "refused"),
    [
        (Role.VIEWER, [], ["enable", "disable", "delete"]),
        (Role.OPERATOR, ["enable", "disable"], ["delete"]),
        (Role.EDITOR, ["enable", "disable", "delete"], []),
    ],
)
def test_a_role_is_offered_what_it_may(
    browser: Client, rows: list[Connection], role: Role, offered: list[str], refused: list[str]
) -> None:
    Membership.objects.update(role=role.value)
    page = text_of(browser.get("/connections"))
    for what in offered:
        assert f'name="do" value="{what}"' in page
    for what in refused:
        assert f'name="do" value="{what}"' not in page
        fields = {"do": what, "row": [str(rows[0].pk)], "confirmed": "1", "typed": f"{what} 1"}
        assert browser.post("/connections/bulk", fields).status_code == 403
    assert Connection.objects.count() == 3 and enabled() == ["connection-0", "connection-1"]


def test_what_became_of_it_may_be_loaded_again_and_names_the_gateway(
    ana: Party, browser: Client, rows: list[Connection]
) -> None:
    assert browser.get("/connections/bulk").headers["Location"] == "/connections"
    chosen = {"do": "disable", "row": [str(rows[0].pk)], "confirmed": "1"}
    assert browser.post("/connections/bulk", chosen).headers["Location"] == "/connections/bulk"
    events = AuditEvent.objects.count()
    for _ in range(2):
        page = text_of(browser.get("/connections/bulk"))
        assert "Disable: 1 of 1 done" in page and '<td data-label="Gateway">edge</td>' in page
    assert AuditEvent.objects.count() == events
    # It is of that list alone.
    assert browser.get("/gateways/bulk").headers["Location"] == "/gateways"
    assert "gateway edge" in act(browser, "enable", rows[:1])
