"""The overview: what it shows to whom, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from console.core.actor import Role
from console.core.models import Membership
from tests.factories import Party, make_connection, make_gateway, make_subnet, raise_quotas
from tests.pages import text_of
from vpn.models import Connection, Gateway, StatusChange, Tunnel, Vpc
from vpn.web.overview import views as overview

HTMX = {"HX-Request": "true"}
REASON = [{"code": "peer_not_responding", "message": "The peer does not respond."}]


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


def get(browser: Client, **extra: Any) -> str:
    response = browser.get(reverse("overview"), **extra)
    assert response.status_code == 200
    return text_of(response)


def poll(browser: Client, seen: str) -> Any:
    return browser.get(reverse("overview"), {"seen": seen}, headers=HTMX)


def position(gateway: Gateway, **changes: Any) -> None:
    values = {"lifecycle_state": "stable", "health_state": "ok", **changes}
    Gateway.objects.filter(pk=gateway.pk).update(stamp=F("stamp") + 1, **values)


def observe(row: Connection, **changes: Any) -> None:
    Connection.objects.filter(pk=row.pk).update(**changes)
    Gateway.objects.filter(pk=row.gateway_id).update(stamp=F("stamp") + 1)


def test_nothing_yet(browser: Client) -> None:
    page = get(browser)
    assert "in three steps" in page
    assert page.count('href="/gateways/new"') == 1
    assert "<svg width" not in page and "Needs attention" not in page


def test_nothing_yet_for_those_who_only_read(browser: Client) -> None:
    Membership.objects.update(role=Role.VIEWER.value)
    page = get(browser)
    assert "Your role here is viewer" in page and "/gateways/new" not in page


def test_all_is_well(ana: Party, browser: Client) -> None:
    joined = make_connection(ana)
    position(joined.gateway)
    observe(joined, status="up", status_changed_at=timezone.now())
    page = get(browser)
    assert "Nothing: all gateways are running" in page
    assert "1 up" in page and "203.0.113.1" in page
    assert 'aria-label="Peer 203.0.113.1, connection-0, up"' in page


def test_attention_is_sorted_and_says_why(ana: Party, browser: Client) -> None:
    raise_quotas(ana, gateways_per_zone=20)
    subnet = make_subnet(ana)
    rows = [make_gateway(ana, subnet, name) for name in ("ruined", "halved", "fine")]
    position(rows[0], health_state="faulted", health_reasons=REASON)
    position(rows[1], health_state="degraded", health_reasons=REASON)
    position(rows[2])
    now = timezone.now()
    down = make_connection(ana, rows[2], 1)
    observe(down, status="down", status_reasons=REASON, status_changed_at=now)
    never = make_connection(ana, rows[2], 2)
    observe(never, status_reasons=REASON, status_changed_at=None)
    partly = make_connection(ana, rows[2], 3)
    observe(partly, status="up", status_reasons=REASON, status_changed_at=now)
    old = make_connection(ana, rows[2], 4)
    observe(old, status="up", psk_changed_at=now - timedelta(days=400))
    weak = make_connection(ana, rows[2], 5)
    observe(weak, status="up")
    suite = {"ike_version": 1, "ike_suite": "3des-md5-modp1024", "esp_suite": "aes256-sha256"}
    Tunnel.objects.create(connection=weak, member=rows[2].members.all()[0], status="up", negotiated=suite)
    response = browser.get(reverse("overview"))
    found = [(item.name, item.label) for item in response.context["items"]]
    assert found == [
        ("ruined", "failed"),
        ("connection-1", "down"),
        ("connection-2", "never up"),
        ("halved", "degraded"),
        ("connection-3", "up in part"),
        ("connection-5", "broken algorithms"),
        ("connection-4", "old key"),
    ]
    page = text_of(response)
    assert "IKEv1, 3des, md5, DH group 2" in page
    assert "400 days" in page
    assert 'href="/manual/tunnels#peer_not_responding"' in page


def test_disabled_and_fresh_connections_need_nobody(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    position(gateway)
    make_connection(ana, gateway, 1, admin_state_up=False)
    make_connection(ana, gateway, 2)
    response = browser.get(reverse("overview"))
    assert response.context["items"] == []
    assert dict(response.context["states"]) == {"disabled": 1, "negotiating": 1}
    long_ago = timezone.now() - timedelta(minutes=5)
    Connection.objects.filter(name="connection-2").update(created_at=long_ago)
    items = browser.get(reverse("overview")).context["items"]
    assert [(item.name, item.text) for item in items] == [("connection-2", "No reason is known yet.")]


def test_many_of_a_kind_are_counted(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    position(gateway)
    for number in range(8):
        observe(make_connection(ana, gateway, number), status_reasons=REASON)
    items = browser.get(reverse("overview")).context["items"]
    assert [item.name for item in items if item.word == "down"][-1] == "3 more"
    assert [(item.name, item.text) for item in items][-1] == (
        "Connections per gateway",
        f"8 of 10 in {gateway.name}.",
    )


def test_a_network_with_a_fault_and_a_gateway_that_waits(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    Vpc.objects.filter(pk=gateway.vpc_id).update(failure="No bridge could be made.")
    Gateway.objects.update(created_at=timezone.now() - timedelta(minutes=10))
    page = get(browser)
    assert "No bridge could be made." in page and "longer than usual" in page


def test_others_see_nothing_of_it(ana: Party, ben: Party) -> None:
    joined = make_connection(ana, make_gateway(ana, name="anas-edge"))
    StatusChange.objects.create(gateway=joined.gateway, at=timezone.now(), status="down", message="x")
    page = get(ben.browser())
    for word in ("anas-edge", joined.gateway.public_address, "203.0.113.1", "connection-0"):
        assert word not in page
    assert "in three steps" in page


def test_signed_out_one_is_sent_away(client: Client) -> None:
    assert client.get(reverse("overview")).status_code == 302


@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_it_and_is_offered_what_it_may(ana: Party, browser: Client, role: Role) -> None:
    make_gateway(ana)
    Membership.objects.update(role=role.value)
    offered = "New gateway" in get(browser)
    assert offered == (role in {Role.EDITOR, Role.ADMINISTRATOR})


def test_a_poll_returns_only_what_has_changed(
    ana: Party, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = make_connection(ana)
    position(joined.gateway)
    now = timezone.now()
    monkeypatch.setattr(overview.timezone, "now", lambda: now)
    seen = browser.get(reverse("overview")).context["seen"]
    assert poll(browser, seen).status_code == 204
    position(joined.gateway)
    # Counters move the gateway's stamp; none are shown here.
    assert poll(browser, seen).status_code == 204
    Gateway.objects.update(generation=F("generation") + 1)
    same = poll(browser, seen)
    assert same.status_code == 200 and b"hx-swap-oob" not in same.content
    now_seen = re.findall(r"seen=([\w.-]+)", text_of(same))
    assert poll(browser, now_seen[0]).status_code == 204
    observe(joined, status="up", status_changed_at=now)
    changes = text_of(poll(browser, seen))
    assert "<html" not in changes
    assert 'hx-swap-oob="innerHTML:#part-topology"' in changes
    assert 'hx-swap-oob="innerHTML:#part-counts"' in changes
    assert "#part-activity" not in changes
    assert 'data-announce="1 gateway, 1 of 1 connection up' in changes


def test_it_costs_the_same_however_much_there_is(ana: Party, browser: Client) -> None:
    raise_quotas(ana, gateways_per_zone=20, connections_per_gateway=50)
    subnet = make_subnet(ana)
    make_connection(ana, make_gateway(ana, subnet))
    with CaptureQueriesContext(connection) as few:
        get(browser)
    for number in range(1, 6):
        row = make_connection(ana, make_gateway(ana, subnet), number)
        StatusChange.objects.create(gateway=row.gateway, connection=row, at=timezone.now(), status="up")
    with CaptureQueriesContext(connection) as many:
        get(browser)
    assert len(many) == len(few) <= 34


def test_a_poll_for_nothing_is_cheap(
    ana: Party, browser: Client, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    subnet, costs = make_subnet(ana), []
    now = timezone.now()
    monkeypatch.setattr(overview.timezone, "now", lambda: now)
    for number in (1, 2):
        make_connection(ana, make_gateway(ana, subnet), number)
        seen = browser.get(reverse("overview")).context["seen"]
        with django_assert_max_num_queries(7) as asked:
            assert poll(browser, seen).status_code == 204
        costs.append(len(asked))
    assert costs[0] == costs[1]
