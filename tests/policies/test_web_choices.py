"""Policies: presets, copies, what an edit does to tunnels, and their lists."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from policies.models import IKEPolicy, IPsecPolicy
from policies.web.forms import IKEPolicyForm, IPsecPolicyForm
from policies.web.presets import PRESETS
from tests.factories import (
    Party,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_ipsec_policy,
    raise_quotas,
)
from tests.pages import text_of
from vpn.models import Connection


def names_in(response: Any) -> list[str]:
    return re.findall(r'<th scope="row"><a[^>]*>([^<]+)</a>', text_of(response))


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
@pytest.mark.parametrize("kind", ["ike", "ipsec"])
def test_every_preset_makes_a_policy(browser: Client, ana: Party, kind: str, preset: Any) -> None:
    page = browser.get(f"/policies/{kind}/new?preset={preset.name}")
    form = page.context["form"]
    assert preset.purpose in text_of(page) and 'aria-current="true"' in text_of(page)
    assert browser.post(f"/policies/{kind}/new", form.initial).status_code == 302
    model: Any = {"ike": IKEPolicy, "ipsec": IPsecPolicy}[kind]
    assert model.objects.get().name == preset.name
    again = browser.get(f"/policies/{kind}/new?preset={preset.name}")
    assert again.context["form"].initial["name"] == f"{preset.name}-2"


def test_presets_hold_only_what_the_api_knows() -> None:
    for preset in PRESETS:
        assert IKEPolicyForm(preset.values("ike")).is_valid()
        assert IPsecPolicyForm(preset.values("ipsec")).is_valid()
    strong = PRESETS[0]
    assert {"aes256", "sha384", 20, 2} <= set(strong.ike.values())
    assert {"aes256gcm16", "disabled", "group_20"} <= set(strong.ipsec.values())


@pytest.mark.parametrize("kind", ["ike", "ipsec"])
def test_every_preset_is_created_as_it_is_filled_in(browser: Client, kind: str) -> None:
    for preset in PRESETS:
        form = browser.get(f"/policies/{kind}/new?preset={preset.name}").context["form"]
        assert browser.post(f"/policies/{kind}/new", form.initial).status_code == 302


def test_only_the_legacy_preset_is_weak_and_says_why(browser: Client) -> None:
    for kind in ("ike", "ipsec"):
        for name, weak in (("strong", False), ("compatible", False), ("legacy", True)):
            page = text_of(browser.get(f"/policies/{kind}/new?preset={name}"))
            assert ('class="notice broken"' in page) is weak
    assert "RFC 9395" in text_of(browser.get("/policies/ike/new?preset=legacy"))
    assert browser.get("/policies/ike/new?preset=nonsense").status_code == 200


def test_copies_under_a_free_name(ana: Party, browser: Client) -> None:
    long = "p" * 63
    policy = make_ike_policy(ana, long, dh_group=5)
    page = browser.get(f"/policies/ike/{policy.pk}/clone")
    initial = page.context["form"].initial
    assert initial["name"] == "p" * 61 + "-2" and initial["dh_group"] == 5
    assert browser.post(f"/policies/ike/{policy.pk}/clone", initial).status_code == 302
    assert IKEPolicy.objects.count() == 2
    taken = browser.post(f"/policies/ike/{policy.pk}/clone", initial)
    assert taken.status_code == 200 and "is called" in text_of(taken)


def test_an_edit_names_the_tunnels_that_it_ends(ana: Party, browser: Client) -> None:
    raise_quotas(ana, connections_per_gateway=50)
    policy, gateway = make_ipsec_policy(ana, "shared"), make_gateway(ana, name="edge")
    for number in range(23):
        make_connection(ana, gateway, number, ipsec_policy={"id": str(policy.pk)})
    Connection.objects.filter(name="connection-22").update(status="up")
    page = text_of(browser.get(f"/policies/ipsec/{policy.pk}/edit"))
    assert "1 tunnel is up with it" in page and "23 connections use it" in page
    assert "connection-22" in page and "on gateway edge" in page
    assert f'href="/connections?ipsec_policy={policy.pk}">All 23 connections' in page
    assert page.count("on gateway edge") == 20


def test_searches_filters_and_sorts(ana: Party, browser: Client) -> None:
    raise_quotas(ana, ike_policies=100)
    make_ike_policy(ana, "p-10", encryption_algorithm="3des", ike_version=1)
    make_ike_policy(ana, "p-2", encryption_algorithm="aes256")
    used = make_ike_policy(ana, "p-1", authentication_algorithm="sha1")
    make_connection(ana, ike_policy={"id": str(used.pk)})
    for query, names in (
        ("", ["p-1", "p-2", "p-10"]),
        ("sort=-encryption", ["p-2", "p-1", "p-10"]),
        ("sort=-used", ["p-1"]),
        ("q=3des", ["p-10"]),
        ("q=P-1", ["p-1", "p-10"]),
        ("strength=ok", ["p-2"]),
        ("strength=weak", ["p-1"]),
        ("strength=broken", ["p-10"]),
        ("used=yes", ["p-1"]),
        ("used=no", ["p-2", "p-10"]),
        ("version=1", ["p-10"]),
        ("strength=iron", []),
    ):
        assert names_in(browser.get(f"/policies/ike?{query}"))[: len(names) or None] == names, query
    rows = list(csv.DictReader(io.StringIO(text_of(browser.get("/policies/ike?format=csv&used=yes")))))
    assert [(row["Name"], row["Used by"], row["Strength"]) for row in rows] == [("p-1", "1", "sha1 weak")]


@pytest.mark.parametrize("kind", ["ike", "ipsec"])
def test_the_list_costs_the_same_however_long(ana: Party, browser: Client, kind: str) -> None:
    raise_quotas(ana, ike_policies=100, ipsec_policies=100)
    make: Any = {"ike": make_ike_policy, "ipsec": make_ipsec_policy}[kind]
    costs, made = [], 0
    for total in (5, 50):
        for number in range(made, total):
            make(ana, f"p-{number}")
        made = total
        with CaptureQueriesContext(connection) as seen:
            assert len(names_in(browser.get(f"/policies/{kind}?size=100"))) == total
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 9


def test_many_are_deleted_at_once_but_not_those_in_use(ana: Party, browser: Client) -> None:
    used, idle = make_ike_policy(ana, "used"), make_ike_policy(ana, "idle")
    make_connection(ana, ike_policy={"id": str(used.pk)})
    chosen = {"do": "delete", "row": [str(used.pk), str(idle.pk)]}
    page = text_of(browser.post("/policies/ike/bulk", chosen))
    assert "1 connection uses it; change it first." in page and "will be refused" in page
    done = text_of(
        browser.post("/policies/ike/bulk", chosen | {"confirmed": "1", "typed": "delete 2"}, follow=True)
    )
    assert "1 of 2 done" in done and "is used by 1 VPN connection (" in done
    assert [policy.name for policy in IKEPolicy.objects.all()] == ["used"]
