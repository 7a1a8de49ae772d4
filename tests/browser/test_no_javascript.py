"""The whole walk-through without JavaScript: plain forms do everything, and a reload shows changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.populated import make_subnet
from tests.browser.product import Product, new_psk
from tests.browser.visits import ANSWER_MILLISECONDS, UP_MILLISECONDS, Visit, signed_in
from tests.browser.wizard import Peer, choose_subnet, make_gateway
from tests.waiting import wait_for

pytestmark = pytest.mark.browser


@pytest.fixture
def plain(simulated: Product, chromium: Browser) -> Iterator[Visit]:
    context = chromium.new_context(java_script_enabled=False)
    context.set_default_timeout(ANSWER_MILLISECONDS)
    visit = signed_in(context, simulated)
    yield visit
    visit.assert_content()
    context.close()


def test_wizard_page_and_deletion_are_plain_forms(plain: Visit) -> None:
    make_gateway(plain, "plain", "subnet-1", Peer("203.0.113.78", "10.78.0.0/24", new_psk()))
    wait_for(lambda: _reloaded(plain, "#gateway-status", "available"), 15)

    plain.follow("plain-peer")
    cidrs = plain.page.locator("#peer-cidrs")
    cidrs.locator("[name=cidr]").fill("10.79.0.0/24")
    cidrs.get_by_role("button", name="Add", exact=True).click()
    expect(plain.page.locator("#peer-cidrs li").filter(has_text="10.79.0.0/24")).to_be_visible()
    plain.press("Disable")
    expect(plain.page.locator("#connection-status")).to_contain_text("disabled")

    plain.follow("plain")
    plain.follow("Delete")
    plain.page.locator("main form button.danger").click()
    expect(plain.page.get_by_role("alert")).to_be_visible()
    plain.fill(name="plain")
    plain.page.locator("main form button.danger").click()
    wait_for(lambda: _gone(plain, "plain"), 15)


def test_a_refused_form_keeps_what_was_entered(plain: Visit) -> None:
    plain.go("/gateways/new")
    plain.fill(name="no spaces please")
    choose_subnet(plain, "subnet-2")
    plain.submit()
    expect(plain.page.get_by_role("alert")).to_be_visible()
    expect(plain.page.locator("#id_name_error")).not_to_be_empty()
    assert plain.page.locator("[name=name]").input_value() == "no spaces please"


def test_a_key_is_generated_and_shown_once(plain: Visit) -> None:
    plain.go("/gateways/new")
    choose_subnet(plain, "subnet-2")
    plain.submit()
    plain.choose("generate")
    shown = plain.page.locator("[name=psk]").input_value()
    assert len(shown) >= 43
    plain.choose("back")
    plain.submit()
    assert shown not in plain.page.content()


def test_policies_lists_and_bulk_actions_are_plain_forms(plain: Visit) -> None:
    for name in ("plain-one", "plain-two"):
        plain.go("/policies/ike/new?preset=strong")
        plain.fill(name=name)
        plain.submit()
        expect(plain.page.get_by_role("heading", name=name)).to_be_visible()
    plain.go("/policies/ike")
    plain.fill(q="plain-")
    plain.press("Search")
    rows = plain.page.locator("tbody tr")
    expect(rows).to_have_count(2)
    for box in plain.page.locator("[data-row]").all():
        box.check()
    plain.page.locator("button[name=do][value=delete]").click()
    plain.page.locator("main form button.danger").click()
    expect(plain.page.get_by_role("alert")).to_contain_text("delete 2")
    plain.fill(typed="delete 2")
    plain.page.locator("main form button.danger").click()
    plain.go("/policies/ike?q=plain-")
    expect(rows).to_have_count(0)


def test_two_vpcs_are_connected_by_plain_forms(plain: Visit) -> None:
    for name, cidr in (("plain-here", "10.43.0.0/24"), ("plain-there", "10.44.0.0/24")):
        make_subnet(plain.product, name, cidr)
    plain.go("/connections/connect")
    for side, name in (("here", "plain-here"), ("there", "plain-there")):
        choice = plain.page.locator(f"[name={side}]")
        option = choice.locator("option[value^=subnet]").filter(has_text=name)
        choice.select_option(option.first.get_attribute("value"))
    plain.submit()
    plain.submit()
    # Progress asks again by itself, without script too, and leads to the gateway.
    heading = plain.page.locator("#gateway-status")
    expect(heading).to_contain_text("available", timeout=UP_MILLISECONDS)
    expect(plain.page.get_by_text("1 of 1 up").first).to_be_visible()


def _reloaded(visit: Visit, selector: str, word: str) -> bool:
    visit.page.reload()
    return word in visit.page.locator(selector).inner_text()


def _gone(visit: Visit, name: str) -> bool:
    visit.go("/gateways")
    return visit.page.get_by_role("link", name=name, exact=True).count() == 0
