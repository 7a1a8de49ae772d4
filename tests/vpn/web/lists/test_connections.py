"""The list of connections of all gateways."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import (
    PSK,
    Party,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_ipsec_policy,
    make_subnet,
    raise_quotas,
)
from tests.pages import text_of
from vpn.models import Connection, Gateway, Tunnel

SUITE = {"ike_version": 2, "ike_suite": "aes256-sha256-modp2048", "esp_suite": "aes256-sha256"}


def names_in(response: Any) -> list[str]:
    return re.findall(r'<th scope="row"><a[^>]*>([^<]+)</a>', text_of(response))


def found(browser: Client, **query: Any) -> list[str]:
    return names_in(browser.get("/connections", query))


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def gateway(ana: Party) -> Gateway:
    raise_quotas(ana, connections_per_gateway=200, gateways=20)
    return make_gateway(ana, name="edge")


def make_up(row: Connection, **suite: Any) -> None:
    """As the data plane would have said it: one pair of two is up."""
    pair = {"local": "192.168.100.0/24", "remote": "10.0.0.0/24", "state": "installed"}
    pair |= {"bytes_in": 2048, "bytes_out": 1536}
    down = pair | {"remote": "10.99.0.0/24", "state": "down", "bytes_in": 0, "bytes_out": 0}
    Connection.objects.filter(pk=row.pk).update(status="up", status_changed_at=timezone.now())
    for index, member in enumerate(row.gateway.members.all()):
        pairs, negotiated = ([pair, down], SUITE | suite) if index == 0 else ([], {})
        Tunnel.objects.create(
            connection=row, member=member, status="up", pairs=pairs, negotiated=negotiated
        )  # fmt: skip


def test_an_empty_list_leads_to_the_wizard(browser: Client) -> None:
    page = text_of(browser.get("/connections"))
    assert "No connection yet" in page and 'href="/gateways/new"' in page


def test_shows_what_is_up_and_why_not(browser: Client, ana: Party, gateway: Gateway) -> None:
    make_up(make_connection(ana, gateway, 0, peer_cidrs=["10.0.0.0/24", "10.99.0.0/24"]))
    bad = make_connection(ana, gateway, 1)
    reason = [{"code": "peer_not_responding", "message": "The peer does not respond."}]
    Connection.objects.filter(pk=bad.pk).update(status_reasons=reason)
    make_connection(ana, gateway, 2, admin_state_up=False)
    page = text_of(browser.get("/connections"))
    for words in ("1 of 2", "IKEv2", "aes256-sha256", "2.0 KiB", "1.5 KiB", "edge", "203.0.113.2"):
        assert words in page
    for words in ("The peer does not respond.", "/manual/tunnels#peer_not_responding", "disabled"):
        assert words in page
    assert PSK not in page


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("10.1.0.7", ["connection-1"]),
        ("10.1.0.0/25", ["connection-1"]),
        ("10.0.0.0/8", ["connection-1", "connection-2", "connection-10"]),
        ("192.168.100.9", ["connection-1", "connection-2", "connection-10"]),
        ("203.0.113.3", ["connection-2"]),
        ("203.0.113.0/29", ["connection-1", "connection-2"]),
        ("CONNECTION-1", ["connection-1", "connection-10"]),
        ("10.10.", ["connection-10"]),
        ("edge", ["connection-1", "connection-2", "connection-10"]),
        ("172.16.0.1", []),
        ("nothing' OR 1=1 --", []),
    ],
)
def test_finds_the_tunnel_that_carries_an_address(
    browser: Client, ana: Party, gateway: Gateway, text: str, names: list[str]
) -> None:
    for number in (1, 2, 10):
        make_connection(ana, gateway, number)
    response = browser.get("/connections", {"q": text})
    assert names_in(response) == names
    assert response.context["listing"].description.startswith("Connections ")


def test_says_what_was_searched_and_what_matched(browser: Client, ana: Party, gateway: Gateway) -> None:
    make_connection(ana, gateway, 1)
    page = text_of(browser.get("/connections?q=10.1.0.7"))
    assert "Connections that carry 10.1.0.7" in page and "peer 10.1.0.0/24" in page
    wide = text_of(browser.get("/connections?q=10.1.0.99/16"))
    assert "overlaps 10.1.0.0/16" in wide
    assert found(browser, q=gateway.public_address) == ["connection-1"]


def test_filters(browser: Client, ana: Party, gateway: Gateway) -> None:
    weak = make_ike_policy(ana, "weak", encryption_algorithm="3des", dh_group=2)
    plain = make_ipsec_policy(ana, "plain")
    one = make_connection(ana, gateway, 1, ike_policy={"id": str(weak.pk)})
    two = make_connection(ana, gateway, 2, ipsec_policy={"id": str(plain.pk)})
    make_connection(ana, gateway, 3, admin_state_up=False)
    four = make_connection(ana, make_gateway(ana, name="other"), 4, local_cidrs=["192.168.100.0/24"])
    make_up(two)
    make_up(four, ike_suite="aes256-md5-modp2048")
    reason = [{"code": "peer_not_responding", "message": "The peer does not respond."}]
    old = timezone.now() - timedelta(days=400)
    Connection.objects.filter(pk=one.pk).update(status_reasons=reason, psk_changed_at=old)
    for query, names in (
        ({"status": "up"}, ["connection-2", "connection-4"]),
        ({"status": "down"}, ["connection-1"]),
        ({"admin": "off"}, ["connection-3"]),
        ({"gateway": str(four.gateway_id)}, ["connection-4"]),
        ({"vpc": str(gateway.vpc_id), "status": "up"}, ["connection-2"]),
        ({"reason": "peer_not_responding"}, ["connection-1"]),
        ({"ike_policy": str(weak.pk)}, ["connection-1"]),
        ({"ike_policy": "none"}, ["connection-2", "connection-3", "connection-4"]),
        ({"ipsec_policy": str(plain.pk)}, ["connection-2"]),
        ({"weak": "used"}, ["connection-4"]),
        ({"weak": "chosen"}, ["connection-1"]),
        ({"weak": "any"}, ["connection-1", "connection-4"]),
        ({"weak": "none"}, ["connection-2", "connection-3"]),
        ({"key": "365"}, ["connection-1"]),
        ({"weak": "any", "status": "up", "q": "10.4.0.1"}, ["connection-4"]),
        ({"status": "x"}, []),
        ({"key": "x"}, []),
        ({"weak": "x"}, []),
        ({"gateway": "x"}, []),
    ):
        assert found(browser, **query) == names, query


@pytest.mark.parametrize("key", ["name", "gateway", "peer", "admin", "status", "changed"])
def test_sorts_by_every_head(browser: Client, ana: Party, gateway: Gateway, key: str) -> None:
    for number in (10, 2, 1):
        make_connection(ana, gateway, number, admin_state_up=number != 1)
    make_up(Connection.objects.get(name="connection-2"))
    up, down = found(browser, sort=key), found(browser, sort=f"-{key}")
    assert sorted(up) == sorted(down)
    expected = {
        "name": ["connection-1", "connection-2", "connection-10"],
        "peer": ["connection-1", "connection-2", "connection-10"],
        "status": ["connection-10", "connection-2", "connection-1"],
    }
    if key in expected:
        assert up == expected[key] and down == expected[key][::-1]


def test_a_file_of_all_pages_without_secrets_or_formulas(
    browser: Client, ana: Party, gateway: Gateway
) -> None:
    for number in range(12):
        make_connection(ana, gateway, number)
    reason = [{"code": "internal_error", "message": '=HYPERLINK("http://192.0.2.1")'}]
    Connection.objects.filter(name="connection-3").update(status_reasons=reason)
    response = browser.get("/connections?format=csv&size=10&q=connection-&sort=-name")
    assert response["Content-Type"].startswith("text/csv") and "attachment" in response["Content-Disposition"]
    assert PSK not in text_of(response)
    rows = list(csv.DictReader(io.StringIO(text_of(response))))
    assert [row["Name"] for row in rows] == [f"connection-{number}" for number in range(11, -1, -1)]
    assert rows[0]["CIDR pairs up"] == "0 of 1" and rows[0]["Peer"] == "203.0.113.12"
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


@pytest.mark.parametrize(
    "query", ["", "?q=10.0.0.0/8&status=down&weak=any&sort=-peer&size=100", "?format=csv"]
)
def test_the_list_costs_the_same_however_long(
    browser: Client, ana: Party, gateway: Gateway, query: str
) -> None:
    weak = make_ike_policy(ana, encryption_algorithm="3des")
    costs = []
    for total in (5, 50):
        for number in range(Connection.objects.count(), total):
            make_connection(ana, gateway, number, ike_policy={"id": str(weak.pk)})
        with CaptureQueriesContext(connection) as seen:
            response = browser.get(f"/connections{query}")
        assert text_of(response).count("203.0.113.") >= total
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 17


def test_no_page_reads_a_sealed_key(browser: Client, ana: Party, gateway: Gateway) -> None:
    make_connection(ana, gateway)
    with CaptureQueriesContext(connection) as seen:
        browser.get("/connections")
    assert not [query for query in seen.captured_queries if "psk_sealed" in query["sql"]]


def test_those_of_others_are_not_there(browser: Client, ana: Party, ben: Party, gateway: Gateway) -> None:
    make_connection(ana, gateway)
    theirs = make_connection(ben, make_gateway(ben, make_subnet(ben)), 7, name="hidden-one")
    for query in (
        "",
        "q=hidden",
        "q=10.7.0.1",
        f"q={theirs.pk}",
        f"gateway={theirs.gateway_id}",
        "format=csv",
    ):
        assert "hidden-one" not in text_of(browser.get(f"/connections?{query}"))


def test_of_one_gateway_a_new_one_is_offered_there(browser: Client, ana: Party, gateway: Gateway) -> None:
    make_connection(ana, gateway)
    there = f'href="/gateways/{gateway.pk}/connections/new"'
    assert there in text_of(browser.get(f"/connections?gateway={gateway.pk}"))
    assert there not in text_of(browser.get("/connections"))


def test_a_new_connection_asks_for_its_gateway(
    ana: Party, ben: Party, browser: Client, gateway: Gateway
) -> None:
    make_connection(ana, gateway)
    assert 'href="/connections/new"' in text_of(browser.get("/connections"))
    new = f"/gateways/{gateway.pk}/connections/new"
    assert browser.get("/connections/new").headers["Location"] == new, "the only one"
    other = make_gateway(ana, name="other")
    page = text_of(browser.get("/connections/new"))
    assert f'value="{gateway.pk}">edge' in page and f'value="{other.pk}">other' in page
    assert browser.get(f"/connections/new?gateway={gateway.pk}").headers["Location"] == new
    assert browser.get(f"/connections/new?gateway={make_gateway(ben).pk}").status_code == 200
    assert ben.browser().get("/connections/new").headers["Location"] != new


def test_a_peer_that_is_ones_own_gateway_is_named(
    ana: Party, ben: Party, browser: Client, gateway: Gateway
) -> None:
    there, theirs = make_gateway(ana, name="there"), make_gateway(ben, name="not-hers")
    mine = make_connection(ana, gateway, 0, peer_address=there.public_address)
    make_connection(ana, gateway, 1, peer_address=theirs.public_address)
    link = f'href="/gateways/{there.pk}">there</a>'
    for path in ("/connections", f"/gateways/{gateway.pk}/connections/{mine.pk}"):
        page = text_of(browser.get(path))
        assert link in page and "not-hers" not in page, path
    page = text_of(browser.get(f"/gateways/{gateway.pk}"))
    assert f'href="/networks/subnets/{gateway.subnet_id}"' in page
    assert f'href="/networks/vpcs/{gateway.vpc_id}"' in page


def test_sorting_is_named_by_what_a_column_holds(ana: Party, browser: Client, gateway: Gateway) -> None:
    make_connection(ana, gateway)
    page = text_of(browser.get("/connections"))
    for words in ("Name, A to Z", "Peer, lowest first", "Last change, newest first"):
        assert words in page
    assert ", up</option>" not in page
