"""The account's own page, the theme, and superusers who act in an account."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from console.core.actor import Role
from console.core.models import AuditEvent, Membership
from tests.adminsite import superuser
from tests.factories import Party, make_connection, make_ike_policy, raise_quotas
from tests.pages import text_of


def rows(client: Client) -> dict[str, tuple[int, int, str, str]]:
    quotas = client.get("/account").context["quotas"]
    return {row.word: (row.used, row.limit, row.place, row.state) for row in quotas}


def test_quotas_with_what_is_used(ana: Party, ben: Party) -> None:
    connection = make_connection(ana, local_cidrs=["192.168.100.0/25", "192.168.100.128/25"])
    make_connection(ben)
    make_ike_policy(ana)
    raise_quotas(ana, vpcs=1)
    shown = rows(ana.browser())
    gateway = connection.gateway
    assert shown["VPCs"] == (1, 1, "", "full")
    assert shown["Gateways"] == (1, 20, "", "ok")
    assert shown["Gateways per zone"] == (1, 3, "us-south-1", "ok")
    assert shown["Connections per gateway"] == (1, 10, gateway.name, "ok")
    assert shown["CIDRs per connection"] == (2, 15, f"{connection.name}, local", "ok")
    assert shown["Subnets per VPC"] == (1, 15, gateway.vpc.name, "ok")
    assert shown["IKE policies"] == (1, 20, "", "ok")
    assert shown["API keys"] == (0, 50, "", "ok")
    assert len(shown) == 12


def test_the_same_queries_for_more_things(
    ana: Party, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = ana.browser()
    raise_quotas(ana, gateways_per_zone=9)
    make_connection(ana)
    make_ike_policy(ana)
    client.get("/account")
    with django_assert_max_num_queries(20) as few:
        client.get("/account")
    for number in range(1, 4):
        make_connection(ana, number=number)
        make_ike_policy(ana)
        ana.key()
    with django_assert_max_num_queries(len(few)):
        assert rows(client)["VPCs"][0] == 4


def test_viewers_see_it_but_no_way_to_members(ana: Party) -> None:
    Membership.objects.filter(user=ana.user).update(role=Role.VIEWER.value)
    page = text_of(ana.browser().get("/account"))
    assert "Viewer" in page and 'href="/members"' not in page and 'href="/keys"' not in page


def test_the_navigation_names_the_place(ana: Party) -> None:
    client = ana.browser()
    for path, word in (("/account", "Account"), ("/keys", "Account"), ("/networks", "Networks")):
        navigation = text_of(client.get(path)).partition('aria-label="Main"')[2].partition("</nav>")[0]
        assert re.findall(r'aria-current="page"><svg.*?</svg> ([\w ]+)</a>', navigation) == [word]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_is_kept_without_a_sign_in(db: None, theme: str) -> None:
    client = Client()
    assert "data-theme" not in text_of(client.get("/sign-in"))
    response = client.post("/theme", {"theme": theme, "next": "/sign-in?next=/networks"})
    assert response.headers["Location"] == "/sign-in?next=/networks"
    page = text_of(client.get("/sign-in"))
    assert f'<html lang="en" data-theme="{theme}">' in page
    assert f'content="{theme}"' in page
    client.post("/theme", {"theme": ""})
    assert "data-theme" not in text_of(client.get("/sign-in"))


def test_a_theme_leads_nowhere_else(db: None) -> None:
    response = Client().post("/theme", {"theme": "<x>", "next": "//evil.example/"})
    assert response.headers["Location"] == "/"
    assert Client().get("/theme").status_code == 405
    client = Client()
    client.cookies["isthmus_theme"] = '"><script>'
    assert "data-theme" not in text_of(client.get("/sign-in"))


def acts(party: Party) -> list[tuple[str, str]]:
    events = AuditEvent.objects.filter(account=party.account, action__startswith="account.act_")
    return list(events.order_by("pk").values_list("action", "who"))


def test_a_superuser_acts_in_an_account(ana: Party) -> None:
    root = superuser()
    assert root.get("/account").status_code == 403
    root.post("/account/switch", {"account": str(ana.account.pk)})
    page = text_of(root.get("/account"))
    assert "You are acting in the account <strong>ana</strong> as a superuser" in page
    assert acts(ana) == [("account.act_begin", "root")]
    root.post("/keys", {"name": "by-root", "role": "viewer"})
    assert AuditEvent.objects.get(action="api_key.create").who == "root"
    root.post("/account/stop")
    assert acts(ana) == [("account.act_begin", "root"), ("account.act_end", "root")]
    assert root.get("/account").status_code == 403


def test_impersonation_ends_with_the_sign_out_and_with_another_account(ana: Party, ben: Party) -> None:
    root = superuser()
    for party in (ana, ben):
        root.post("/account/switch", {"account": str(party.account.pk)})
    assert [action for action, _ in acts(ana)] == ["account.act_begin", "account.act_end"]
    root.post("/sign-out")
    assert [action for action, _ in acts(ben)] == ["account.act_begin", "account.act_end"]


def test_only_superusers_impersonate(ana: Party, ben: Party) -> None:
    client = ana.browser()
    assert client.post("/account/switch", {"account": str(ben.account.pk)}).status_code == 404
    session = client.session
    session["acting_account_id"] = str(ben.account.pk)
    session.save()
    assert client.get("/account").context["account"] == ana.account
    assert acts(ben) == []
    page = text_of(client.get("/account"))
    assert "Act as superuser in" not in page and "ben" not in page


def test_a_superuser_in_their_own_account_does_not_impersonate(ana: Party) -> None:
    ana.user.is_superuser = True
    ana.user.save()
    client = ana.browser()
    client.post("/account/switch", {"account": str(ana.account.pk)})
    assert acts(ana) == [] and "as a superuser" not in text_of(client.get("/account"))


def test_a_superuser_without_an_account_finds_the_way(ana: Party, ben: Party) -> None:
    page = text_of(superuser().get("/"))
    assert "choose one in the menu under your name" in page
    assert f'<option value="{ben.account.pk}">ben</option>' in page and 'href="/admin/"' in page


def test_the_menu_costs_one_query_however_many_accounts(
    ana: Party, ben: Party, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    root = superuser()
    root.post("/account/switch", {"account": str(ana.account.pk)})
    root.get("/manual")
    with django_assert_max_num_queries(5) as asked:
        assert "Act as superuser in" in text_of(root.get("/manual"))
    assert sum('ORDER BY "console_account"."name"' in query["sql"] for query in asked.captured_queries) == 1
