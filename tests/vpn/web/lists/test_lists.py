"""The list of gateways, and what all lists do: poll, sort, turn pages, be empty."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from console.core.actor import Role
from console.core.models import Membership
from tests.factories import (
    Party,
    make_connection,
    make_gateway,
    make_subnet,
    make_vpc,
    raise_quotas,
)
from tests.pages import text_of
from vpn.models import Connection, Gateway

HTMX = {"HX-Request": "true"}


def names_in(response: Any) -> list[str]:
    """The names of the rows, in order."""
    return re.findall(r'<th scope="row"><a[^>]*>([^<]+)</a>', text_of(response))


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def many(ana: Party) -> list[Gateway]:
    """Thirty gateways in one subnet."""
    raise_quotas(ana, gateways=100, gateways_per_zone=100)
    subnet = make_subnet(ana)
    return [make_gateway(ana, subnet, f"edge-{number}") for number in range(30)]


def test_an_empty_list_offers_one_thing(browser: Client) -> None:
    page = text_of(browser.get("/gateways"))
    assert "No gateway yet" in page
    assert page.count('href="/gateways/new"') == 1
    assert 'type="search"' not in page


def test_found_nothing_is_not_having_nothing(ana: Party, browser: Client) -> None:
    make_gateway(ana, name="edge")
    page = text_of(browser.get("/gateways?q=nowhere"))
    assert "No gateway matches" in page and "No gateway yet" not in page
    assert 'value="nowhere"' in page and "Show all" in page
    for stale in ("status=sideways", "vpc=x", "vpc=7d3cb5b0-0000-4000-8000-000000000000"):
        assert "No gateway matches" in text_of(browser.get(f"/gateways?{stale}"))


def test_the_list_shows_status_and_connections(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana, name="edge")
    for number in range(3):
        make_connection(ana, gateway, number, admin_state_up=number != 0)
    Connection.objects.filter(name="connection-1").update(status="up")
    page = text_of(browser.get("/gateways"))
    for words in ("edge", "pending", "1 of 3", "1 disabled", gateway.public_address, gateway.vpc.name):
        assert words in page


@pytest.mark.parametrize("path", ["/gateways", "/gateways?status=pending&q=edge&sort=-name"])
def test_the_list_costs_the_same_however_long(ana: Party, browser: Client, path: str) -> None:
    raise_quotas(ana, gateways=100, gateways_per_zone=100, connections_per_gateway=100)
    subnet = make_subnet(ana)
    costs = []
    for total in (5, 50):
        for number in range(Gateway.objects.count(), total):
            make_connection(ana, make_gateway(ana, subnet, f"edge-{number}"), number)
        with CaptureQueriesContext(connection) as seen:
            response = browser.get(f"{path}{'&' if '?' in path else '?'}size=100")
        assert len(names_in(response)) == total
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 12


def poll_of(response: Any) -> str:
    return re.findall(r'hx-get="([^"]+)"', text_of(response))[0].replace("&amp;", "&")


def test_a_poll_returns_only_changes_and_keeps_the_query(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana, name="edge")
    other = make_gateway(ana, name="other")
    poll = poll_of(browser.get("/gateways?q=edge"))
    assert browser.get(poll, headers=HTMX).status_code == 204
    # Traffic is not shown here, and the other one is on another page.
    Gateway.objects.update(stamp=F("stamp") + 1)
    Gateway.objects.filter(pk=other.pk).update(health_state="ok")
    assert browser.get(poll, headers=HTMX).status_code == 204
    Gateway.objects.filter(pk=gateway.pk).update(health_state="ok")
    changes = browser.get(poll, headers=HTMX)
    assert "<html" not in text_of(changes) and 'id="live"' in text_of(changes)
    assert names_in(changes) == ["edge"] and "<table" not in text_of(changes)
    assert f'<template><tr hx-swap-oob="true" id="line-{gateway.pk}">' in text_of(changes)
    assert "<html" in text_of(browser.get(poll))


def test_another_row_renders_the_whole_list(ana: Party, browser: Client) -> None:
    make_gateway(ana, name="edge")
    poll = poll_of(browser.get("/gateways"))
    make_gateway(ana, name="other")
    changes = text_of(browser.get(poll, headers=HTMX))
    assert (
        '<div id="list" hx-swap-oob="innerHTML">' in changes
        and "<table" in changes
        and "<template>" not in changes
    )


def test_a_poll_is_cheap(ana: Party, browser: Client, django_assert_max_num_queries: Any) -> None:
    subnet = make_subnet(ana)
    costs = []
    for number in (1, 2):
        gateway = make_gateway(ana, subnet)
        make_connection(ana, gateway, number)
        poll = poll_of(browser.get("/gateways"))
        with django_assert_max_num_queries(7) as asked:
            assert browser.get(poll, headers=HTMX).status_code == 204
        costs.append(len(asked))
    assert costs[0] == costs[1]
    # That nothing shown has changed is found out once.
    Gateway.objects.filter(pk=gateway.pk).update(generation=F("generation") + 1)
    assert browser.get(poll, headers=HTMX).status_code == 204
    with django_assert_max_num_queries(7):
        assert browser.get(poll, headers=HTMX).status_code == 204


def test_an_empty_list_has_nothing_to_pause(ana: Party, browser: Client) -> None:
    for path in ("/gateways", "/connections", "/"):
        assert "data-pause" not in text_of(browser.get(path)), path
    make_connection(ana)
    for path in ("/gateways", "/connections", "/"):
        assert "data-pause" in text_of(browser.get(path)), path


def test_turns_pages_and_loses_no_row(many: list[Gateway], browser: Client) -> None:
    first = browser.get("/gateways?size=10&sort=status")
    assert 'aria-label="Pages"' in text_of(first)
    seen = [name for page in (1, 2, 3) for name in names_in(browser.get(f"/gateways?size=10&page={page}"))]
    assert len(seen) == len(set(seen)) == 30
    assert names_in(browser.get("/gateways?size=10&page=99")) == seen[20:]
    # What cannot be meant is left out.
    assert len(names_in(browser.get("/gateways?size=7&page=-1&sort=secret"))) == 25


def test_sorts_as_people_count(many: list[Gateway], browser: Client) -> None:
    page = browser.get("/gateways?sort=name&size=100")
    assert names_in(page) == [f"edge-{number}" for number in range(30)]
    assert 'aria-sort="ascending"' in text_of(page) and "sort=-name" in text_of(page)
    assert names_in(browser.get("/gateways?sort=-name&size=100"))[0] == "edge-29"
    by_address = names_in(browser.get("/gateways?sort=address&size=100"))
    rows = sorted(many, key=lambda row: [int(part) for part in row.public_address.split(".")])
    assert by_address == [row.name for row in rows]


def test_finds_by_name_address_and_cidr(ana: Party, browser: Client) -> None:
    one = make_gateway(ana, make_subnet(ana, cidr="192.168.1.0/24"), "one")
    two = make_gateway(ana, make_subnet(ana, make_vpc(ana, "lab"), cidr="192.168.2.0/24"), "two")
    member = two.members.all()[0].private_address
    asked = {
        "ONE": ["one"],
        "lab": ["two"],
        one.public_address: ["one"],
        member: ["two"],
        "192.168.1.77": ["one"],
        "192.168.0.0/16": ["one", "two"],
        f"{two.public_address}/32": ["two"],
        str(one.pk): ["one"],
        "10.0.0.0/8": [],
        "%": [],
    }
    for text, found in asked.items():
        response = browser.get("/gateways", {"q": text, "sort": "name"})
        assert names_in(response) == found, text
        assert "Gateways" in response.context["listing"].description


def test_filters_by_status_vpc_and_connections(ana: Party, browser: Client) -> None:
    one, two = make_gateway(ana, name="one"), make_gateway(ana, name="two")
    three = make_gateway(ana, name="three")
    make_connection(ana, two)
    make_connection(ana, three, admin_state_up=False)
    state = {"lifecycle_state": "stable", "health_state": "degraded"}
    Gateway.objects.filter(pk=one.pk).update(**state)
    Gateway.objects.filter(pk=two.pk).update(**state | {"health_state": "faulted"})
    for query, found in (
        ("status=degraded", ["one"]),
        ("status=failed", ["two"]),
        ("status=available", []),
        ("status=pending", ["three"]),
        (f"vpc={two.vpc_id}", ["two"]),
        (f"subnet={one.subnet_id}", ["one"]),
        ("connections=none", ["one"]),
        ("connections=down", ["two"]),
        ("connections=up", ["three"]),
        ("connections=down&status=pending", []),
    ):
        assert names_in(browser.get(f"/gateways?{query}&sort=name")) == found, query


def test_those_of_others_are_not_there(ana: Party, ben: Party, browser: Client) -> None:
    theirs = make_gateway(ben, name="hidden-one")
    make_gateway(ana, name="mine")
    for query in ("", f"q={theirs.public_address}", f"vpc={theirs.vpc_id}", f"q={theirs.pk}", "format=csv"):
        assert "hidden-one" not in text_of(browser.get(f"/gateways?{query}"))


def test_viewers_are_offered_nothing(ana: Party, browser: Client) -> None:
    make_gateway(ana)
    Membership.objects.update(role=Role.VIEWER.value)
    page = text_of(browser.get("/gateways"))
    assert 'type="checkbox"' not in page and "Delete" not in page and "New gateway" not in page


def test_the_url_contains_only_what_was_selected(ana: Party, browser: Client) -> None:
    make_gateway(ana, name="edge")
    response = browser.get("/gateways?q=edge&status=&vpc=&sort=-created&size=10")
    assert response.headers["Location"] == "/gateways?q=edge&size=10"
    assert browser.get("/gateways?q=&status=").headers["Location"] == "/gateways?"
