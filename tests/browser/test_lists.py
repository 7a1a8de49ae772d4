"""Lists in a browser: selections persist, and the keyboard suffices."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.product import new_psk
from tests.browser.visits import UP_MILLISECONDS, Visit
from tests.browser.wizard import Peer, make_gateway

pytestmark = pytest.mark.browser


def test_selected_rows_stay_selected_when_the_list_refreshes(visit: Visit) -> None:
    make_gateway(visit, "chosen-one", "subnet-1", Peer("203.0.113.71", "10.71.0.0/24", new_psk()))
    visit.go("/connections?q=10.71.0.5")
    loads = list(visit.loads)
    row = visit.page.get_by_role("row").filter(has_text="10.71.0.0/24")
    expect(row).to_have_count(1)
    box = row.get_by_role("checkbox")
    box.check()
    expect(visit.page.locator("[data-selected]")).to_have_text("1 selected")
    before = visit.page.locator("#live").get_attribute("hx-get")
    other = visit.another_tab()
    other.go("/connections?q=10.71.0.5")
    other.page.get_by_role("checkbox").first.check()
    other.press("Disable selected")
    other.page.locator("main form button.primary").click()
    other.sees("disabled")
    expect(row).to_contain_text("disabled", timeout=UP_MILLISECONDS)
    assert visit.page.locator("#live").get_attribute("hx-get") != before
    expect(box).to_be_checked()
    assert visit.loads == loads, "the page was loaded again"


def test_only_the_changed_row_is_replaced(visit: Visit) -> None:
    """Focus and numbers stay where they are."""
    make_gateway(visit, "row-alone", "subnet-1", Peer("203.0.113.72", "10.72.0.0/24", new_psk()))
    visit.go("/connections?q=10.72.0.5")
    row = visit.page.locator("tbody tr")
    link = row.get_by_role("link", name="row-alone", exact=True)
    link.focus()
    visit.page.evaluate("document.querySelector('#list table').id = 'the-same'")
    other = visit.another_tab()
    other.go("/connections?q=10.72.0.5")
    other.page.get_by_role("checkbox").first.check()
    other.press("Disable selected")
    other.page.locator("main form button.primary").click()
    other.sees("disabled")
    expect(row).to_contain_text("disabled", timeout=UP_MILLISECONDS)
    expect(visit.page.locator("#the-same")).to_have_count(1)
    expect(link).to_be_focused()
    expect(row.locator("[data-figure]")).to_have_text(["0 B", "0 B"])


def test_a_list_is_worked_by_the_keyboard(visit: Visit) -> None:
    make_gateway(visit, "by-keyboard", "subnet-2")
    visit.go("/gateways")
    visit.page.get_by_label("Search", exact=True).focus()
    visit.page.keyboard.type("by-key")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/gateways?q=by-key*")
    box = visit.page.get_by_role("checkbox", name="Select by-keyboard")
    box.focus()
    visit.page.keyboard.press("Space")
    visit.page.get_by_role("button", name="Delete selected").focus()
    visit.page.keyboard.press("Enter")
    visit.page.get_by_label("Enter delete 1 to confirm").focus()
    visit.page.keyboard.type("delete 1")
    visit.page.keyboard.press("Enter")
    visit.sees("is being deleted")


def test_on_a_phone_bulk_actions_appear_with_the_first_selected_row(visit: Visit) -> None:
    make_gateway(visit, "by-thumb", "subnet-1")
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.go("/gateways?q=by-thumb")
    delete = visit.page.get_by_role("button", name="Delete selected")
    expect(visit.page.get_by_role("checkbox", name="Select by-thumb")).to_be_visible()
    expect(delete).to_be_hidden()
    visit.page.get_by_role("checkbox", name="Select by-thumb").check()
    expect(delete).to_be_in_viewport()
    visit.page.get_by_role("checkbox", name="Select by-thumb").uncheck()
    expect(delete).to_be_hidden()
