"""What changes by itself, and what is changed in place."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.product import new_psk
from tests.browser.visits import UP_MILLISECONDS, Visit
from tests.browser.wizard import Peer, make_gateway

pytestmark = pytest.mark.browser


def test_the_list_follows_what_others_do(visit: Visit) -> None:
    visit.go("/gateways")
    loads = list(visit.loads)
    other = visit.another_tab()
    make_gateway(other, "elsewhere", "subnet-1")
    row = visit.page.get_by_role("row").filter(has_text="elsewhere")
    expect(row).to_contain_text("available", timeout=UP_MILLISECONDS)
    other.follow("Delete")
    other.fill(name="elsewhere")
    other.page.locator("main form button.danger").click()
    expect(row).to_have_count(0, timeout=UP_MILLISECONDS)
    assert visit.loads == loads, "the page was loaded again"


def test_cidrs_are_edited_in_place(visit: Visit) -> None:
    make_gateway(visit, "in-place", "subnet-2", Peer("203.0.113.60", "10.60.0.0/24", new_psk()))
    visit.follow("in-place-peer")
    visit.page.wait_for_load_state()
    loads = list(visit.loads)
    side = visit.page.locator("#peer-cidrs")
    for entered, expected in (("10.61.0.1/24", "10.61.0.0/24"), ("192.168.0.0/24", "overlap")):
        side.locator("[name=cidr]").fill(entered)
        side.get_by_role("button", name="Add", exact=True).click()
        expect(side.locator(".wrong")).to_contain_text(expected)
        assert side.locator("[name=cidr]").input_value() == entered
    side.locator("[name=cidr]").fill("10.61.0.0/24")
    side.get_by_role("button", name="Add", exact=True).click()
    added = side.get_by_role("listitem").filter(has_text="10.61.0.0/24")
    expect(added).to_be_visible()
    added.get_by_role("button").click()
    expect(added).to_have_count(0)
    assert visit.loads == loads, "the page was loaded again"


def test_a_new_name_is_seen_everywhere_on_the_open_page(visit: Visit) -> None:
    make_gateway(visit, "first-name", "subnet-1")
    visit.page.wait_for_load_state()
    loads = list(visit.loads)
    other = visit.another_tab()
    other.go(visit.page.url.removeprefix(visit.product.url))
    other.follow("Rename")
    other.fill(name="second-name")
    other.submit()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("second-name")
    expect(visit.page.locator(".crumbs [aria-current]")).to_have_text("second-name")
    expect(visit.page).to_have_title("second-name · Isthmus")
    assert visit.loads == loads, "the page was loaded again"


def test_an_empty_key_is_not_copied(visit: Visit) -> None:
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    make_gateway(visit, "no-key-yet", "subnet-1")
    visit.page.wait_for_load_state()
    visit.page.evaluate("navigator.clipboard.writeText('kept')")
    visit.go(visit.page.url.removeprefix(visit.product.url) + "/connections/new")
    visit.page.locator("[data-copy]").first.click()
    visit.page.get_by_role("button", name="Nothing to copy").wait_for()
    assert visit.page.evaluate("navigator.clipboard.readText()") == "kept"


def test_a_server_that_does_not_respond_is_reported(visit: Visit) -> None:
    """The page may be outdated then; it keeps polling, and shows when the server responds again."""
    visit.go("/gateways")
    note = visit.page.locator("#stale")
    expect(note).to_be_hidden()

    def unreachable(route: Route) -> None:
        route.abort("connectionrefused")

    visit.page.route("**/gateways?seen=*", unreachable)
    expect(note).to_be_visible()
    visit.page.unroute("**/gateways?seen=*", unreachable)
    expect(note).to_be_hidden()
    expected = ("ERR_CONNECTION_REFUSED", "htmx:sendError", "htmx:afterRequest")
    assert [output for output in visit.page_errors if not any(word in output for word in expected)] == []
    visit.page_errors.clear()


def test_updates_can_be_paused(visit: Visit) -> None:
    visit.go("/gateways")
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    with visit.page.expect_request("**/gateways?seen=*"):
        pass
    visit.press("Pause updates")
    asked.clear()
    # The polls of another page, which is not paused, are the clock.
    other = visit.page.context.new_page()
    other.goto(visit.page.url)
    for _ in range(3):
        with other.expect_request("**/gateways?seen=*"):
            pass
    other.close()
    assert asked == []
    with visit.page.expect_request("**/gateways?seen=*"):
        visit.press("Resume updates")
