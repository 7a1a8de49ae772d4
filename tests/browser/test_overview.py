"""The overview in a browser: it updates itself, and the topology links to pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.product import new_psk
from tests.browser.visits import UP_MILLISECONDS, Visit
from tests.browser.wizard import Peer, make_gateway

pytestmark = pytest.mark.browser


def test_the_overview_follows_and_leads_on(visit: Visit) -> None:
    other = visit.another_tab()
    make_gateway(other, "pictured", "subnet-2", Peer("203.0.113.74", "10.74.0.0/24", new_psk()))
    visit.go("/")
    loads = list(visit.loads)
    table = visit.page.locator("#topology-table")
    table.locator("summary").click()
    row = table.get_by_role("row").filter(has_text="203.0.113.74")
    expect(row).to_contain_text("down", timeout=UP_MILLISECONDS)
    expect(visit.page.locator(".needs")).to_contain_text("pictured-peer")

    gateway = visit.page.locator("[id^=topo-]", has_text="pictured").first
    gateway.focus()
    other.follow("pictured-peer")
    other.press("Disable")
    expect(row).to_contain_text("disabled", timeout=UP_MILLISECONDS)
    expect(gateway).to_be_focused()
    expect(visit.page.locator(".needs").filter(has_text="pictured-peer")).to_have_count(0)
    assert visit.loads == loads, "the page was loaded again"

    gateway.press("Enter")
    expect(visit.page.get_by_role("heading", name="pictured", exact=True)).to_be_visible()
    visit.go("/")
    visit.page.get_by_label("Peer 203.0.113.74, pictured-peer, disabled").click()
    expect(visit.page.get_by_role("heading", name="pictured-peer", exact=True)).to_be_visible()
