"""The wizard's drafts and its review: what is saved, how it is continued, and which errors are shown."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from console.core.actor import Role
from console.core.errors import NotFound
from console.core.models import Membership
from tests.factories import PSK, Party, make_gateway, make_ike_policy, make_subnet, raise_quotas
from tests.pages import text_of
from tests.vpn.web.wizard.walk import CONNECTION, HTMX, gateway, review, security
from vpn.models import Connection, Subnet, WizardDraft
from vpn.services.connections import cidrs_of
from vpn.web.wizard.drafts import consume, save_draft


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def second(ana: Party, browser: Client) -> str:
    """The path of step 2, with a gateway called edge behind."""
    subnet = make_subnet(ana, name="subnet-1")
    response = browser.post("/gateways/new", {"name": "edge", "subnet": str(subnet.pk)})
    return str(response.headers["Location"])


def test_drafts_can_be_continued_where_they_were_left_or_discarded(browser: Client, second: str) -> None:
    page = text_of(browser.get("/gateways/new"))
    assert "Continue your draft" in page and f'href="{second}">edge</a>' in page
    browser.post(second, CONNECTION)
    browser.post(security(second), {})
    assert f'href="{review(second)}">edge</a>' in text_of(browser.get("/gateways/new"))
    discard = second.replace("/connection", "/discard")
    assert browser.get(discard).status_code == 405
    assert browser.post(discard).headers["Location"] == "/gateways"
    assert not WizardDraft.objects.exists() and browser.get(second).status_code == 404
    assert "Continue your draft" not in text_of(browser.get("/gateways/new"))


def test_what_was_used_up_is_no_draft(browser: Client, second: str) -> None:
    browser.post(second, {"go": "skip"})
    browser.post(review(second))
    assert "Continue your draft" not in text_of(browser.get("/gateways/new"))


def test_what_is_left_in_step_one_survives_a_closed_tab(ana: Party, browser: Client) -> None:
    subnet = make_subnet(ana)
    page = browser.get("/gateways/new")
    ident = str(page.context["draft"].pk)
    assert f'name="draft" value="{ident}"' in text_of(page)
    left = {"draft": ident, "name": "half", "subnet": str(subnet.pk), "new_block": "10.0.0."}
    for name in ("name", "new_block"):
        browser.post("/gateways/new/check", left, headers=HTMX | {"HX-Trigger-Name": name})
    first = f"/gateways/new/{WizardDraft.objects.get().pk}/gateway"
    assert ident in first and f'href="{first}">half</a>' in text_of(browser.get("/gateways/new"))
    page = text_of(browser.get(first))
    assert 'value="half"' in page and 'value="10.0.0."' in page and 'id="home" open' in page
    # Continuing in the first tab creates no second draft.
    second = browser.post("/gateways/new", left | {"new_block": ""}).headers["Location"]
    assert second == f"/gateways/new/{ident}/connection"
    assert WizardDraft.objects.count() == 1


def test_a_field_that_was_left_before_the_page_was_sent_is_older(ana: Party, browser: Client) -> None:
    """Whichever request arrives first."""
    one, two = make_subnet(ana), make_subnet(ana)
    page = text_of(browser.get("/gateways/new"))
    assert 'name="taken" value="0"' in page
    whole = {"draft": str(one.pk), "name": "edge", "subnet": str(two.pk), "taken": "0"}
    second = browser.post("/gateways/new", whole).headers["Location"]
    late = whole | {"subnet": str(one.pk)}
    browser.post("/gateways/new/check", late, headers=HTMX | {"HX-Trigger-Name": "name"})
    assert WizardDraft.objects.get().data["gateway"]["subnet"] == str(two.pk)
    assert 'name="taken" value="1"' in text_of(browser.get(gateway(second)))
    browser.post("/gateways/new/check", late | {"taken": "1"}, headers=HTMX | {"HX-Trigger-Name": "name"})
    assert WizardDraft.objects.get().data["gateway"]["subnet"] == str(one.pk)


def test_the_draft_of_another_person_is_not_taken(ana: Party, ben: Party, browser: Client) -> None:
    subnet = make_subnet(ana)
    browser.post("/gateways/new/check", {"name": "hers"}, headers=HTMX | {"HX-Trigger-Name": "name"})
    hers = WizardDraft.objects.get()
    next_submission = {"draft": str(hers.pk), "name": "his", "subnet": str(subnet.pk)}
    for path in ("/gateways/new", "/gateways/new/check"):
        assert ben.browser().post(path, next_submission, headers=HTMX).status_code == 404
    hers.refresh_from_db()
    assert hers.data["gateway"]["name"] == "hers"
    late = WizardDraft(pk=hers.pk, account=ben.account, user=ben.user, expires_at=hers.expires_at)
    with pytest.raises(NotFound):
        save_draft(late, {"gateway": {"name": "his"}})


def test_drafts_are_distinguishable(ana: Party, browser: Client, second: str) -> None:
    browser.post(second, CONNECTION | {"go": "back"})
    page = text_of(browser.get("/gateways/new"))
    assert "in subnet-1, peer 203.0.113.9; changed <time" in page
    assert (
        'Discard<span class="visually-hidden"> the draft edge, in subnet-1, peer 203.0.113.9</span>' in page
    )


def test_what_is_left_in_step_two_survives_a_closed_tab(browser: Client, second: str) -> None:
    headers = HTMX | {"HX-Trigger-Name": "peer_address"}
    half = {"name": "half", "peer_address": "203.0.113.9", "peer_cidrs": ["10.1.0.0/16", "10.2.0.0/16"]}
    browser.post(second.replace("/connection", "/check"), half, headers=headers)
    page = text_of(browser.get(second))
    for value in ("half", "203.0.113.9", "10.1.0.0/16", "10.2.0.0/16"):
        assert f'value="{value}"' in page


def test_a_key_that_was_typed_survives_a_closed_tab_when_it_is_one(browser: Client, second: str) -> None:
    def leave(psk: str) -> str:
        check, headers = second.replace("/connection", "/check"), HTMX | {"HX-Trigger-Name": "psk"}
        assert PSK not in text_of(browser.post(check, {"name": "half", "psk": psk}, headers=headers))
        return text_of(browser.get(second))

    assert "characters is set" not in leave("short")
    page = leave(PSK)
    assert f"A key of {len(PSK)} characters is set" in page and PSK not in page
    assert f"A key of {len(PSK)} characters is set" in leave("short")


def test_an_edit_from_the_review_comes_back_to_it(browser: Client, second: str) -> None:
    browser.post(second, CONNECTION)
    browser.post(security(second), {})
    page = text_of(browser.get(review(second)))
    steps = {gateway(second): {"name": "core", "subnet": str(Subnet.objects.get().pk)}}
    steps |= {second: CONNECTION | {"psk": ""}, security(second): {}}
    for step, fields in steps.items():
        assert f'href="{step}?to=review"' in page
        assert browser.post(f"{step}?to=review", fields).headers["Location"] == review(second)
    assert "core" in text_of(browser.get(review(second)))


def test_cidrs_are_a_list_without_script(browser: Client, second: str) -> None:
    page = text_of(browser.post(second, CONNECTION | {"go": "add:peer_cidrs"}))
    assert page.count('name="peer_cidrs"') == 2
    two = CONNECTION | {"peer_cidrs": ["10.1.0.0/16", "10.2.0.0/16", ""], "psk": ""}
    page = text_of(browser.post(second, two | {"go": "remove:peer_cidrs:0"}))
    assert 'value="10.1.0.0/16"' not in page and 'value="10.2.0.0/16"' in page
    many = f"remove:peer_cidrs:{'9' * 5000}"
    for nonsense in ("remove:peer_cidrs:9", many, "remove:psk:0", "remove:", "add:nothing"):
        assert browser.post(second, two | {"go": nonsense}).status_code == 200
    browser.post(second, two)
    browser.post(review(second))
    assert cidrs_of(Connection.objects.get())[1] == ["10.1.0.0/16", "10.2.0.0/16"]


def test_the_review_shows_picture_quota_and_code_without_the_key(
    ana: Party, browser: Client, second: str
) -> None:
    raise_quotas(ana, gateways=9)
    make_gateway(ana, Subnet.objects.get(), "first")
    browser.post(second, CONNECTION)
    page = text_of(browser.get(review(second)))
    assert "2 of 9 gateways of the account" in page and "1 of 10 connections" in page
    assert 'role="img"' in page and "connects 192.168.100.0/24 to 10.1.0.0/16 behind 203.0.113.9" in page
    assert "curl -s" in page and "VpcV1" in page and "THE-PRE-SHARED-KEY" in page
    assert PSK not in page


def test_the_review_shows_errors_before_the_button(browser: Client, second: str) -> None:
    browser.post(second, CONNECTION | {"peer_address": "nowhere", "go": "back"})
    page = text_of(browser.get(review(second)))
    assert "Nothing is created yet" in page and f"{second}?to=review#id_peer_address" in page


def test_what_cannot_be_read_or_went_meanwhile_is_never_taken_as_not_given(
    ana: Party, browser: Client, second: str
) -> None:
    policy = make_ike_policy(ana)
    browser.post(second, CONNECTION | {"dpd_interval": "often", "go": "back"})
    browser.post(security(second), {"ike_policy": str(policy.pk), "go": "back"})
    policy.delete()
    for response in (browser.get(review(second)), browser.post(review(second))):
        page = text_of(response)
        assert "Interval: Enter a whole number." in page and "IKE policy: There is no such policy" in page
        assert f"{second}?to=review#id_dpd_interval" in page
        assert f"{security(second)}?to=review#id_ike_policy" in page
    assert not Connection.objects.exists()


def test_saving_a_step_does_not_undo_a_new_key(browser: Client, second: str) -> None:
    """Rotation of the installation's keys writes `psk_sealed` at any time."""
    browser.post(second, CONNECTION)
    stale = WizardDraft.objects.get()
    fresh = WizardDraft.objects.get()
    fresh.seal_psk("AnotherPassword")
    fresh.save(update_fields=["psk_sealed"])
    save_draft(stale, {"gateway": {"name": "later"}})
    row = WizardDraft.objects.get()
    assert row.open_psk() == "AnotherPassword" and row.data["gateway"] == {"name": "later"}
    assert row.data["connection"]["name"] == "to-paris"


def test_what_was_discarded_in_another_tab_stays_so(browser: Client, second: str) -> None:
    late = WizardDraft.objects.get()
    browser.post(second.replace("/connection", "/discard"))
    with pytest.raises(NotFound):
        save_draft(late, {"connection": {"name": "late"}})
    with pytest.raises(NotFound):
        consume(late, lambda: late.pk)
    assert not WizardDraft.objects.exists()


def test_steps_cost_a_constant_number_of_queries(ana: Party, browser: Client, second: str) -> None:
    browser.post(second, CONNECTION)
    steps = ("/gateways/new", gateway(second), second, security(second), review(second))

    def counted() -> list[int]:
        found = []
        for step in steps:
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(step).status_code == 200
            found.append(len(queries))
        return found

    before = counted()
    home = Subnet.objects.get().vpc
    for number in range(6):
        make_subnet(ana, home, f"192.168.{number}.0/24")
        make_ike_policy(ana, encryption_algorithm="triple_des")
    assert counted() == before


def test_the_list_of_gateways_offers_drafts_and_ways_in(ana: Party, browser: Client, second: str) -> None:
    page = text_of(browser.get("/gateways"))
    assert f'href="{second}">edge</a>' in page and 'href="/connections/connect"' in page
    Membership.objects.filter(user=ana.user).update(role=Role.VIEWER.value)
    page = text_of(browser.get("/gateways"))
    assert second not in page and "/connections/connect" not in page


def test_a_person_has_a_bounded_number_of_drafts(ana: Party, browser: Client) -> None:
    """The oldest gives way to one more."""
    subnet = make_subnet(ana)
    for number in range(22):
        browser.post("/gateways/new", {"name": f"edge-{number}", "subnet": str(subnet.pk)})
    names = [draft.data["gateway"]["name"] for draft in WizardDraft.objects.order_by("created_at")]
    assert names == [f"edge-{number}" for number in range(2, 22)]
