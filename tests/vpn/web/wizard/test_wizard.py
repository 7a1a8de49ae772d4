"""The wizard: three steps, one transaction, a draft that forgets nothing but shows no key."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from console.core.actor import Role
from console.core.models import AuditEvent, Membership
from tests.factories import PSK, Party, make_gateway, make_subnet, make_vpc, raise_quotas
from tests.pages import text_of
from tests.vpn.web.wizard.walk import CONNECTION, HTMX, gateway, review, security
from vpn.models import Connection, Gateway, Subnet, Vpc, WizardDraft
from vpn.services.connections import cidrs_of


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def subnet(ana: Party) -> Subnet:
    return make_subnet(ana, name="subnet-1")


@pytest.fixture
def second(browser: Client, subnet: Subnet) -> str:
    """The path of step 2, with a gateway called edge behind."""
    response = browser.post("/gateways/new", {"name": "edge", "subnet": str(subnet.pk)})
    return str(response.headers["Location"])


def test_without_a_subnet_one_is_made_on_the_way(ana: Party, browser: Client) -> None:
    page = text_of(browser.get("/gateways/new"))
    assert "First create a network" in page
    entered = {
        "name": "kept",
        "go": "home",
        "new_vpc": "new",
        "new_vpc_name": "home",
        "new_zone": "us-south-1",
    }
    refused = text_of(browser.post("/gateways/new", entered | {"new_block": "10.0.0"}))
    assert 'value="kept"' in refused and 'value="home"' in refused and 'value="10.0.0"' in refused
    assert not Vpc.objects.exists() and not Gateway.objects.exists()
    response = browser.post("/gateways/new", entered | {"new_block": "192.168.7.0/24"})
    subnet = Subnet.objects.get()
    assert subnet.vpc.name == "home" and subnet.vpc.address_prefixes.get().cidr == "192.168.7.0/24"
    page = text_of(browser.get(response.headers["Location"]))
    assert 'value="kept"' in page and f'value="{subnet.pk}" selected' in page


def test_a_subnet_that_was_described_but_not_created_is_not_passed_over(
    browser: Client, subnet: Subnet
) -> None:
    entered = {"name": "edge", "subnet": str(subnet.pk), "new_block": "192.168.7.0/24"}
    page = text_of(browser.post("/gateways/new", entered))
    assert "This subnet is not created yet" in page and 'value="192.168.7.0/24"' in page
    assert 'id="home" open' in page and 'value="edge"' in page
    assert Subnet.objects.count() == 1 and not Gateway.objects.exists()
    draft = WizardDraft.objects.get()
    assert f'href="/gateways/new/{draft.pk}/gateway">edge</a>' in text_of(browser.get("/gateways/new"))


def test_a_vpc_narrows_its_subnets(ana: Party, browser: Client, subnet: Subnet) -> None:
    other = make_subnet(ana, name="elsewhere")
    page = text_of(browser.get("/gateways/new"))
    assert "subnet-1 ·" in page and "elsewhere ·" in page
    fields = {"go": "subnets", "name": "kept", "vpc": str(other.vpc_id)}
    page = text_of(browser.post("/gateways/new", fields))
    assert "elsewhere ·" in page and "subnet-1 ·" not in page and 'value="kept"' in page
    wrong = browser.post("/gateways/new", fields | {"go": "on", "subnet": str(subnet.pk)})
    assert wrong.status_code == 200 and "not in the selected VPC" in text_of(wrong)


def test_a_new_subnet_goes_where_the_gateway_goes(ana: Party, browser: Client) -> None:
    """Without script too: nobody has pressed a button since the VPC was chosen."""
    first, second = (make_subnet(ana, make_vpc(ana, name)).vpc for name in ("vpc-1", "vpc-2"))
    page = text_of(browser.get("/gateways/new"))
    assert f'name="new_vpc_before" value="{first.pk}"' in page
    above = {"vpc": str(second.pk), "new_vpc": str(first.pk), "new_vpc_before": str(first.pk)}
    page = text_of(browser.post("/gateways/new", above | {"go": "subnets"}))
    assert f'name="new_vpc_before" value="{second.pk}"' in page
    assert page.count(f'value="{second.pk}" selected') == 2
    browser.post("/gateways/new", above | {"go": "home", "new_block": "192.168.7.0/24"})
    assert Subnet.objects.get(ipv4_cidr_block="192.168.7.0/24").vpc == second
    # Chosen by itself it stays.
    own = {"vpc": str(first.pk), "new_vpc": str(second.pk), "new_vpc_before": str(first.pk), "go": "subnets"}
    page = text_of(browser.post("/gateways/new", own))
    assert f'value="{second.pk}" selected' in page and f'name="new_vpc_before" value="{first.pk}"' in page
    browser.post("/gateways/new", own | {"go": "home", "new_block": "192.168.8.0/24"})
    assert Subnet.objects.get(ipv4_cidr_block="192.168.8.0/24").vpc == second


def test_a_subnet_in_a_full_zone_is_not_proposed(ana: Party, browser: Client) -> None:
    raise_quotas(ana, gateways_per_zone=1)
    full = make_subnet(ana, name="a-full")
    make_gateway(ana, full)
    free = make_subnet(ana, name="b-free")
    Subnet.objects.filter(pk=free.pk).update(zone="us-south-2")
    page = browser.get("/gateways/new")
    assert "192.168.100.0/24 · us-south-1 (zone full)" in text_of(page)
    assert page.context["form"]["subnet"].value() == str(free.pk)


def test_suggests_a_name_and_shows_the_vpc(browser: Client, subnet: Subnet) -> None:
    page = text_of(browser.get("/gateways/new"))
    assert re.search(r'name="name" value="[a-z]+-[a-z]+-[a-z]+"', page)
    assert f'label="VPC {subnet.vpc.name}"' in page
    assert "subnet-1 · 192.168.100.0/24 · us-south-1" in page


def test_from_the_first_step_to_both_created(browser: Client, subnet: Subnet, second: str) -> None:
    page = text_of(browser.get(second))
    assert 'name="local_cidrs" value="192.168.100.0/24"' in page
    assert browser.post(second, CONNECTION | {"go": "on"}).headers["Location"] == security(second)
    assert browser.post(security(second), {}).headers["Location"] == review(second)
    shown = text_of(browser.get(review(second)))
    for words in ("edge", "subnet-1", "203.0.113.9", "10.1.0.0/16", f"set, {len(PSK)} characters"):
        assert words in shown
    assert not Gateway.objects.exists()
    response = browser.post(review(second))
    made = Gateway.objects.get()
    assert response.headers["Location"] == f"/gateways/{made.pk}/progress"
    row = Connection.objects.get()
    assert made.name == "edge" and row.gateway == made
    assert cidrs_of(row) == (["192.168.100.0/24"], ["10.1.0.0/16"])
    assert row.open_psk() == PSK
    assert {e.via for e in AuditEvent.objects.filter(action__startswith="vpn_")} == {"console"}


def test_the_connection_may_be_skipped(browser: Client, second: str) -> None:
    assert browser.post(second, {"go": "skip"}).headers["Location"] == review(second)
    assert "You can add connections to the gateway later" in text_of(browser.get(review(second)))
    browser.post(review(second))
    assert Gateway.objects.get().name == "edge"
    assert not Connection.objects.exists()


def test_a_second_submit_leads_to_what_the_first_made(browser: Client, second: str) -> None:
    browser.post(second, CONNECTION)
    first = browser.post(review(second))
    again = browser.post(review(second))
    assert first.headers["Location"] == again.headers["Location"]
    assert Gateway.objects.count() == Connection.objects.count() == 1
    assert browser.get(review(second)).headers["Location"] == first.headers["Location"]
    for step in (second, security(second), gateway(second)):
        assert browser.get(step).headers["Location"] == first.headers["Location"].replace("/progress", "")


def test_going_back_loses_nothing(browser: Client, second: str) -> None:
    half = {"name": "half", "peer_address": "203.0.", "peer_cidrs": "10.1", "psk": PSK, "go": "back"}
    first = browser.post(second, half).headers["Location"]
    assert 'value="edge"' in text_of(browser.get(first))
    page = text_of(browser.get(second))
    assert 'value="half"' in page and 'value="203.0."' in page and 'value="10.1"' in page
    assert f"A key of {len(PSK)} characters is set." in page


def test_what_is_wrong_is_kept_as_well(browser: Client, second: str) -> None:
    response = browser.post(second, CONNECTION | {"peer_cidrs": "192.168.100.0/25"})
    assert "overlaps the local CIDR" in text_of(response)
    assert 'value="192.168.100.0/25"' in text_of(browser.get(second))


def test_the_key_is_nowhere_in_clear(browser: Client, second: str) -> None:
    answers = [browser.post(second, CONNECTION | {"name": "1"}), browser.post(second, CONNECTION)]
    pages = [text_of(browser.get(step)) for step in (second, review(second))]
    draft = WizardDraft.objects.get()
    stored = str(draft.data) + draft.psk_sealed
    sessions = [str(row.get_decoded()) for row in Session.objects.all()]
    for text in [*map(text_of, answers), *pages, stored, *sessions]:
        assert PSK not in text
    assert draft.open_psk() == PSK
    browser.post(review(second))
    assert WizardDraft.objects.get().psk_sealed == ""


def test_the_kept_key_is_used_when_the_field_stays_empty(browser: Client, second: str) -> None:
    browser.post(second, CONNECTION)
    assert browser.post(second, CONNECTION | {"psk": ""}).headers["Location"] == security(second)
    browser.post(review(second))
    assert Connection.objects.get().open_psk() == PSK


def test_generates_a_key_without_script(browser: Client, second: str) -> None:
    response = browser.post(second, CONNECTION | {"psk": "", "go": "generate"})
    key = response.context["new_key"]
    assert f'value="{key}"' in text_of(response) and len(key) >= 43
    assert key.isalnum() and key[0].isalpha()
    assert key not in text_of(browser.get(second))
    browser.post(second, CONNECTION | {"psk": ""})
    browser.post(review(second))
    assert Connection.objects.get().open_psk() == key


def test_fields_are_checked_as_they_are_left(ana: Party, browser: Client, second: str) -> None:
    headers = HTMX | {"HX-Trigger-Name": "name"}
    make_gateway(ana, Subnet.objects.get(), "taken")
    fields = {"name": "taken", "subnet": str(Subnet.objects.get().pk)}
    response = text_of(browser.post("/gateways/new/check", fields, headers=headers))
    assert "is called taken" in response
    check = second.replace("/connection", "/check")
    assert "A name begins" in text_of(browser.post(check, CONNECTION | {"name": "1"}, headers=headers))
    assert text_of(browser.post(check, CONNECTION, headers=headers)).strip() == ""


def test_step_one_speaks_the_rules(ana: Party, browser: Client, subnet: Subnet) -> None:
    raise_quotas(ana, gateways=0)
    page = text_of(browser.post("/gateways/new", {"name": "1", "subnet": str(subnet.pk)}))
    assert "A name begins with a letter" in page and "VPN gateways" in page


def test_a_refusal_at_the_end_creates_nothing_and_leads_back(
    ana: Party, browser: Client, second: str
) -> None:
    browser.post(second, CONNECTION)
    make_gateway(ana, Subnet.objects.get(), "edge")
    page = text_of(browser.post(review(second)))
    assert "Nothing is created yet" in page
    assert f"{gateway(second)}?to=review#id_name" in page
    assert Gateway.objects.count() == 1 and not Connection.objects.exists()
    assert WizardDraft.objects.get().open_psk() == PSK


def test_drafts_belong_to_one_person_and_end(ana: Party, ben: Party, browser: Client, second: str) -> None:
    assert ben.browser().get(second).status_code == 404
    WizardDraft.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert browser.get(second).status_code == 404
    browser.post("/gateways/new", {"name": "next", "subnet": str(Subnet.objects.get().pk)})
    assert WizardDraft.objects.count() == 1


def test_a_subnet_of_others_cannot_be_selected(ben: Party, browser: Client, subnet: Subnet) -> None:
    other = make_subnet(ben, name="hidden-one")
    response = browser.post("/gateways/new", {"name": "edge", "subnet": str(other.pk)})
    assert response.status_code == 200 and "hidden-one" not in text_of(response)


def test_a_role_lowered_meanwhile_creates_nothing(browser: Client, second: str) -> None:
    browser.post(second, CONNECTION)
    Membership.objects.update(role=Role.OPERATOR.value)
    assert browser.post(review(second)).status_code == 403
    assert not Gateway.objects.exists()
