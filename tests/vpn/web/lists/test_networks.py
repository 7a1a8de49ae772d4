"""The lists of VPCs, subnets and instances."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import Party, make_gateway, make_instance, make_subnet, make_vpc, raise_quotas
from tests.pages import text_of
from vpn.models import Instance, Subnet, Vpc


def names_in(response: Any) -> list[str]:
    return re.findall(r'<th scope="row">(?:<a[^>]*>)?([^<]+)', text_of(response))


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def lab(ana: Party) -> Subnet:
    """Two VPCs; the first has two subnets, a gateway in one and an instance in the other."""
    home, away = make_vpc(ana, "home"), make_vpc(ana, "away", prefix="10.20.0.0/16")
    used = make_subnet(ana, home, "192.168.1.0/24", "used")
    idle = make_subnet(ana, home, "192.168.10.0/24", "idle")
    make_subnet(ana, away, "10.20.2.0/24", "far")
    make_gateway(ana, used, "edge")
    make_instance(ana, idle, "vsi-1")
    return used


@pytest.mark.parametrize("path", ["/networks", "/networks/subnets", "/networks/instances"])
def test_empty_lists_say_what_would_be_there(browser: Client, path: str) -> None:
    page = text_of(browser.get(path))
    assert 'class="empty"' in page and "yet" in page and 'type="search"' not in page


@pytest.mark.parametrize(
    ("path", "query", "names"),
    [
        ("", "q=home", ["home"]),
        ("", "q=10.20.2.9", ["away"]),
        ("", "q=192.168.0.0/20", ["home"]),
        ("", "used=yes", ["home"]),
        ("", "used=no", ["away"]),
        ("", "sort=-subnets", ["home", "away"]),
        ("/subnets", "q=192.168.1.77", ["used"]),
        ("/subnets", "q=192.168.0.0/16", ["idle", "used"]),
        ("/subnets", "q=away", ["far"]),
        ("/subnets", "sort=cidr", ["far", "used", "idle"]),
        ("/subnets", "used=yes", ["used"]),
        ("/subnets", "zone=us-south-3", []),
        ("/instances", "q=192.168.10.0/24", ["vsi-1"]),
        ("/instances", "q=idle", ["vsi-1"]),
        ("/instances", "q=10.0.0.1", []),
    ],
)
def test_searches_filters_and_sorts(
    browser: Client, lab: Subnet, path: str, query: str, names: list[str]
) -> None:
    assert names_in(browser.get(f"/networks{path}?{query}")) == names


def test_filters_by_network(browser: Client, lab: Subnet) -> None:
    assert names_in(browser.get(f"/networks/subnets?vpc={lab.vpc_id}")) == ["idle", "used"]
    assert names_in(browser.get(f"/networks/instances?vpc={lab.vpc_id}")) == ["vsi-1"]
    assert names_in(browser.get(f"/networks/instances?subnet={lab.pk}")) == []


def test_a_subnet_names_the_gateways_in_it(browser: Client, ana: Party, lab: Subnet) -> None:
    gateway = lab.gateways.get()
    page = text_of(browser.get("/networks/subnets"))
    assert f'href="/gateways/{gateway.pk}">edge</a>' in page
    raise_quotas(ana, gateways=50, gateways_per_zone=50)
    for number in range(6):
        make_gateway(ana, lab, f"more-{number}")
    page = text_of(browser.get("/networks/subnets"))
    assert f'href="/gateways?subnet={lab.pk}">all 7' in page and "more-5" not in page


@pytest.mark.parametrize("kind", ["vpcs", "subnets", "instances"])
def test_the_lists_cost_the_same_however_long(ana: Party, browser: Client, kind: str) -> None:
    raise_quotas(ana, vpcs=100, subnets=100, subnets_per_vpc=100, instances=100, gateways_per_zone=99)
    path = {"vpcs": "/networks"}.get(kind, f"/networks/{kind}")
    costs, made = [], 0
    for total in (5, 50):
        for number in range(made, total):
            subnet = make_subnet(ana, make_vpc(ana, f"vpc-x{number}"), name=f"subnet-x{number}")
            make_instance(ana, subnet, f"vsi-x{number}")
        made = total
        with CaptureQueriesContext(connection) as seen:
            assert len(names_in(browser.get(f"{path}?size=100"))) == total
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 10


def test_deletes_what_is_empty_and_says_what_is_not(browser: Client, lab: Subnet) -> None:
    ids = [str(row.pk) for row in Subnet.objects.order_by("name")]
    chosen = {"do": "delete", "row": ids}
    page = text_of(browser.post("/networks/subnets/bulk", chosen))
    assert "It contains 1 gateway." in page and "It contains 1 instance." in page and "it is empty" in page
    confirmed = chosen | {"confirmed": "1", "typed": "delete 3"}
    done = text_of(browser.post("/networks/subnets/bulk", confirmed, follow=True))
    assert "1 of 3 done" in done
    assert sorted(row.name for row in Subnet.objects.all()) == ["idle", "used"]
    away = Vpc.objects.get(name="away")
    sure = {"do": "delete", "row": [str(away.pk)], "confirmed": "1", "typed": "delete 1"}
    assert "1 of 1 done" in text_of(browser.post("/networks/vpcs/bulk", sure, follow=True))
    sure["row"] = [str(Instance.objects.get().pk)]
    assert "1 of 1 done" in text_of(browser.post("/networks/instances/bulk", sure, follow=True))
    assert not Instance.objects.exists()
