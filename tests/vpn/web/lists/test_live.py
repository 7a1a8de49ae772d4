"""The list of connections and a gateway's page under traffic: no more is sent than is new."""

from __future__ import annotations

import re

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from tests.factories import Party, make_connection, make_gateway, raise_quotas
from tests.pages import text_of
from vpn.models import Connection, Gateway, Tunnel

HTMX = {"HX-Request": "true"}
MOST = 2048


def poll_of(text: str) -> str:
    return re.findall(r'id="live".*?hx-get="([^"]+)"', text)[0].replace("&amp;", "&")


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def fifty(ana: Party) -> Gateway:
    """A gateway with fifty connections, all up."""
    raise_quotas(ana, connections_per_gateway=50)
    gateway = make_gateway(ana, name="edge")
    for number in range(50):
        make_connection(ana, gateway, number)
    Connection.objects.update(status="up", status_changed_at=timezone.now())
    member = gateway.members.get(index=0)
    rows = [Tunnel(connection=row, member=member, status="up") for row in gateway.connections.all()]
    Tunnel.objects.bulk_create(rows)
    carry(gateway, 2048)
    return gateway


def carry(gateway: Gateway, count: int) -> None:
    """What an observation records when only counters moved."""
    pair = {"local": "192.168.100.0/24", "remote": "10.0.0.0/24", "state": "installed"}
    Tunnel.objects.update(pairs=[pair | {"bytes_in": count, "bytes_out": 1536}])
    Gateway.objects.filter(pk=gateway.pk).update(stamp=F("stamp") + 1)


def test_traffic_of_fifty_takes_two_kilobytes(browser: Client, fifty: Gateway) -> None:
    page = text_of(browser.get("/connections"))
    assert page.count("<span data-figure>2.0 KiB</span>") == 50
    carry(fifty, 4096)
    changes = text_of(browser.get(poll_of(page), headers=HTMX))
    assert "hx-swap-oob" not in changes and len(changes) <= MOST
    assert 'data-figures="0|4.0 KiB|1.5 KiB;1|4.0 KiB|1.5 KiB;' in changes
    assert browser.get(poll_of(changes), headers=HTMX).status_code == 204


def test_traffic_of_a_gateway_that_is_not_shown_is_no_change(
    ana: Party, browser: Client, fifty: Gateway
) -> None:
    other = make_gateway(ana, name="other")
    poll = poll_of(text_of(browser.get("/connections")))
    Gateway.objects.filter(pk=other.pk).update(stamp=F("stamp") + 1)
    assert browser.get(poll, headers=HTMX).status_code == 204
    for path in ("/gateways", "/"):
        poll = poll_of(text_of(browser.get(path)))
        carry(fifty, 8192)
        assert browser.get(poll, headers=HTMX).status_code == 204, path


def test_one_connection_that_goes_down_is_one_row(browser: Client, fifty: Gateway) -> None:
    one = fifty.connections.all()[7]
    for path in ("/connections", f"/gateways/{fifty.pk}"):
        Connection.objects.filter(pk=one.pk).update(status="up")
        page = text_of(browser.get(path))
        Connection.objects.filter(pk=one.pk).update(status="down")
        Gateway.objects.filter(pk=fifty.pk).update(stamp=F("stamp") + 1)
        changes = text_of(browser.get(poll_of(page), headers=HTMX))
        assert re.findall(r'<tr hx-swap-oob="true" id="line-([^"]+)"', changes) == [str(one.pk)], path
        assert len(changes) <= 2 * MOST and "<table" not in changes, path
    assert '<span hx-swap-oob="true" id="line-up" class="count">49 of 50 up</span>' in changes
