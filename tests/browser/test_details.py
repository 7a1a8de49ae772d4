"""The pages of a gateway and a connection, with their automatic updates."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.browser.populated import Made, connection, make, make_subnet
from tests.browser.product import Product, new_psk
from tests.browser.visits import UP_MILLISECONDS, Visit

pytestmark = pytest.mark.browser

# A change made elsewhere is seen within it.
SEEN_SECONDS = 2


@pytest.fixture(scope="module")
def made(simulated: Product) -> Made:
    """Two gateways joined, seen from the first."""
    here, there = "10.31.0.0/24", "10.32.0.0/24"
    other = make(simulated, make_subnet(simulated, "far", there), "far")
    psk = new_psk()
    joined = {"peer_address": other.address, "psk": psk, "peer_cidrs": [there]}
    near = make(
        simulated, make_subnet(simulated, "near", here), "near", connection("to-far", 31, here, **joined)
    )
    back = {"peer_address": near.address, "psk": psk, "peer_cidrs": [here]}
    simulated.ask(
        "POST",
        f"vpn_gateways/{other.gateway['id']}/connections",
        connection("to-near", 32, there, **back),
    )
    return near


def switch(product: Product, made: Made, up: bool) -> None:
    path = f"vpn_gateways/{made.gateway['id']}/connections/{made.connections[0]['id']}"
    product.ask("PATCH", path, {"admin_state_up": up})


def test_only_what_changed_is_redrawn_and_soon(visit: Visit, simulated: Product, made: Made) -> None:
    visit.go(made.connection())
    state = visit.page.locator("#connection-status")
    expect(state).to_contain_text("up", timeout=UP_MILLISECONDS)
    expect(visit.page.locator("[data-updated]")).to_contain_text("Updated")
    expect(visit.page.locator("#traffic-summary")).to_be_visible(timeout=UP_MILLISECONDS)
    visit.page.locator("#traffic-summary").click()
    field = visit.page.locator("#id_peer_cidr")
    field.fill("10.99.")
    visit.page.locator("#to-key").focus()
    loads = list(visit.loads)
    switch(simulated, made, False)
    began = time.monotonic()
    expect(state).to_contain_text("disabled")
    assert time.monotonic() - began < SEEN_SECONDS
    expect(visit.page.locator("#announcer")).to_contain_text("disabled")
    switch(simulated, made, True)
    expect(state).to_contain_text("up", timeout=UP_MILLISECONDS)
    # What was open, typed and focused is still so.
    assert visit.page.locator("#traffic-figures").get_attribute("open") is not None
    assert field.input_value() == "10.99."
    expect(visit.page.locator("#to-key")).to_be_focused()
    assert visit.loads == loads


def test_a_tunnel_is_restarted_and_its_log_read(visit: Visit, made: Made) -> None:
    visit.go(made.connection())
    spis = visit.page.locator('td[data-label="SPI in / out"]').first
    expect(spis).to_be_visible(timeout=UP_MILLISECONDS)
    before = spis.inner_text()
    visit.press("Restart")
    # Nothing has ended yet.
    expect(visit.page.get_by_role("alert")).to_contain_text("1 tunnel ends and is negotiated again")
    visit.press("Restart the connection")
    expect(visit.page.locator("main")).to_contain_text("is restarted")
    expect(spis).not_to_have_text(before, timeout=UP_MILLISECONDS)
    visit.page.get_by_role("link", name="Show the log").click()
    expect(visit.page.locator(".log li").first).to_be_visible(timeout=UP_MILLISECONDS)


def test_a_cidr_that_carries_a_tunnel_is_kept_after_a_question(visit: Visit, made: Made) -> None:
    visit.go(made.connection())
    expect(visit.page.locator("#connection-status")).to_contain_text("up", timeout=UP_MILLISECONDS)
    side = visit.page.locator("#peer-cidrs")
    side.locator("[name=cidr]").fill("10.98.0.0/24")
    side.get_by_role("button", name="Add", exact=True).click()
    added = side.get_by_role("listitem").filter(has_text="10.98.0.0/24")
    expect(added).to_be_visible()
    side.get_by_role("listitem").first.get_by_role("button").click()
    asked = side.get_by_role("alert")
    expect(asked).to_contain_text("Nothing is removed yet. 1 tunnel that is up ends")
    asked.get_by_role("link", name="Cancel").click()
    expect(side.get_by_role("alert")).to_have_count(0)
    expect(side.get_by_role("listitem")).to_have_count(2)
    # The new pair is not up: the other side does not know it.
    added.get_by_role("button").click()
    expect(added).to_have_count(0)


def test_two_tabs_with_conflicting_edits(visit: Visit, made: Made) -> None:
    other = visit.another_tab()
    for tab in (visit, other):
        tab.go(f"{made.connection()}/edit")
    other.fill(peer_address="203.0.113.90")
    other.page.locator("main form button.primary").click()
    # Another peer address ends the tunnel: the page asks first.
    expect(other.page.locator("main")).to_contain_text("Nothing is saved yet.")
    other.page.locator("main form button.primary").click()
    expect(other.page.locator("main")).to_contain_text("The connection is saved.")
    visit.fill(name="to-far-renamed")
    visit.page.locator("main form button.primary").click()
    notice = visit.page.get_by_role("alert")
    expect(notice).to_contain_text("This was changed while you were editing")
    expect(notice).to_be_focused()
    assert visit.page.locator("[name=name]").input_value() == "to-far-renamed"
    assert visit.page.locator("[name=peer_address]").input_value() == "203.0.113.90"
    visit.page.locator("main form button.primary").click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("to-far-renamed")
