"""A gateway's page."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from console.core.actor import Role
from console.core.models import AuditEvent, Membership
from tests.factories import Party, make_connection, make_gateway, make_subnet
from tests.pages import text_of
from vpn.models import Connection, Gateway, GatewayMember, StatusChange

HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


def test_the_page_shows_everything(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana, name="edge")
    connection = make_connection(ana, gateway)
    reason = [{"code": "peer_not_responding", "message": "The peer does not respond."}]
    Connection.objects.filter(pk=connection.pk).update(status_reasons=reason)
    GatewayMember.objects.filter(gateway=gateway, index=0).update(health_state="ok", role="active")
    StatusChange.objects.create(gateway=gateway, connection=connection, at=timezone.now(), status="down")
    page = text_of(browser.get(f"/gateways/{gateway.pk}"))
    assert "Addresses reserved" in page
    for member in gateway.members.all():
        assert member.private_address in page
    for words in ("The peer does not respond.", "10.0.0.0/24", "203.0.113.1", "active", "0 of 1 up"):
        assert words in page


def test_a_poll_of_the_page_returns_only_changes(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    url = f"/gateways/{gateway.pk}/status"
    assert browser.get(f"{url}?seen={gateway.stamp}", headers=HTMX).status_code == 204
    Gateway.objects.filter(pk=gateway.pk).update(stamp=F("stamp") + 1, lifecycle_state="stable")
    changes = text_of(browser.get(f"{url}?seen={gateway.stamp}", headers=HTMX))
    assert "available" in changes and "<html" not in changes
    assert f"seen={gateway.stamp + 1}" in changes


def test_a_poll_is_cheap(ana: Party, browser: Client, django_assert_max_num_queries: Any) -> None:
    gateway = make_gateway(ana)
    for number in (0, 5):
        for more in range(number):
            make_connection(ana, gateway, more)
        gateway.refresh_from_db()
        url = f"/gateways/{gateway.pk}/status?seen={gateway.stamp}"
        with django_assert_max_num_queries(4):
            assert browser.get(url, headers=HTMX).status_code == 204


def test_a_poll_of_a_gateway_that_is_gone_leads_to_the_list(ana: Party, browser: Client) -> None:
    response = browser.get(f"/gateways/{uuid4()}/status?seen=1", headers=HTMX)
    assert response.headers["HX-Redirect"] == "/gateways"
    assert "The gateway no longer exists." in text_of(browser.get("/gateways"))


def test_degraded_is_shown(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    reason = [{"code": "internal_error", "message": "Member 2 is not running."}]
    Gateway.objects.filter(pk=gateway.pk).update(
        lifecycle_state="stable", health_state="degraded", health_reasons=reason
    )
    assert "degraded" in text_of(browser.get("/gateways"))
    page = text_of(browser.get(f"/gateways/{gateway.pk}"))
    assert "degraded" in page and "Member 2 is not running." in page
    assert 'href="/manual/tunnels#internal_error"' in page


def test_renames(ana: Party, browser: Client) -> None:
    subnet = make_subnet(ana)
    gateway, other = make_gateway(ana, subnet, "one"), make_gateway(ana, subnet, "two")
    url = f"/gateways/{gateway.pk}/rename"
    taken = text_of(browser.post(url, {"name": other.name}))
    assert "Another VPN gateway in this VPC is called two." in taken
    assert browser.post(url, {"name": "three"}).headers["Location"] == f"/gateways/{gateway.pk}"
    gateway.refresh_from_db()
    assert gateway.name == "three"


def test_deleting_says_what_goes_and_asks_for_the_name(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana, name="edge")
    make_connection(ana, gateway)
    url = f"/gateways/{gateway.pk}/delete"
    page = text_of(browser.get(url))
    assert "connection-0" in page and "all IKE and IPsec policies" in page
    assert "Type edge to confirm." in text_of(browser.post(url, {"name": "wrong"}))
    gateway.refresh_from_db()
    assert gateway.deleted_at is None
    assert browser.post(url, {"name": "edge"}).headers["Location"] == "/gateways"
    gateway.refresh_from_db()
    assert gateway.deleted_at is not None
    assert AuditEvent.objects.get(action="vpn_gateway.delete").via == "console"
    page = text_of(browser.get(f"/gateways/{gateway.pk}"))
    assert "deleting" in page and "New connection" not in page


@pytest.mark.parametrize("path", ["", "/status", "/rename", "/delete", "/connections/new"])
def test_those_of_others_do_not_exist(ben: Party, browser: Client, path: str) -> None:
    gateway = make_gateway(ben, name="hidden-one")
    response = browser.get(f"/gateways/{gateway.pk}{path}")
    assert response.status_code == (200 if path == "/status" else 404)
    assert "hidden-one" not in text_of(response)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_roles_below_editor_may_only_read(ana: Party, browser: Client, role: Role) -> None:
    gateway = make_gateway(ana)
    Membership.objects.update(role=role.value)
    pages = text_of(browser.get("/gateways")) + text_of(browser.get(f"/gateways/{gateway.pk}"))
    for offer in ("New gateway", "Rename", "Delete", "New connection", "/gateways/new"):
        assert offer not in pages
    paths = [
        "/gateways/new",
        *(f"/gateways/{gateway.pk}/{p}" for p in ("rename", "delete", "connections/new")),
    ]
    for path in paths:
        assert browser.get(path).status_code == 403
        assert browser.post(path, {"name": gateway.name}).status_code == 403
    gateway.refresh_from_db()
    assert gateway.deleted_at is None


def test_pages_ask_often_enough_to_see_a_change_within_two_seconds(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    connection = make_connection(ana, gateway)
    pages = ["/", "/gateways", "/connections", f"/gateways/{gateway.pk}"]
    for path in [*pages, f"/gateways/{gateway.pk}/connections/{connection.pk}"]:
        pace = re.search(r'hx-trigger="every (\d+)ms, wake"', text_of(browser.get(path)))
        # The answer and the drawing take their part of the two seconds.
        assert pace and int(pace[1]) <= 1500, path
