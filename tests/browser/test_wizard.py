"""From sign-in to two live tunnels, by hand, without one reload."""

from __future__ import annotations

import subprocess

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.product import Product, new_psk
from tests.browser.visits import UP_MILLISECONDS, Visit, signed_in
from tests.browser.wizard import Peer, add_connection, choose_subnet, make_gateway
from tests.waiting import wait_for

pytestmark = pytest.mark.browser

LEFT, RIGHT = "192.168.100.0/24", "192.168.0.0/24"


def join(visit: Visit, psk: str) -> None:
    """`left` in subnet-1 and `right` in subnet-2; `right` stays open until it says up by itself."""
    left = make_gateway(visit, "left", "subnet-1")
    left_page = visit.page.url
    visit.comes("#gateway-status", "available")

    right = visit.another_tab()
    address = make_gateway(right, "right", "subnet-2", Peer(left, LEFT, psk))
    right.comes("#gateway-status", "available")
    expect(right.page.get_by_text("0 of 1 up")).to_be_visible()
    loads = list(right.loads)

    visit.page.goto(left_page)
    add_connection(visit, "left-peer", Peer(address, RIGHT, psk))
    for side in (visit, right):
        expect(side.page.get_by_text("1 of 1 up")).to_be_visible(timeout=UP_MILLISECONDS)
    assert right.loads == loads, "the page was loaded again"
    right.page.close()


def test_the_wizard_leads_to_live_tunnels(simulated: Product, context: BrowserContext) -> None:
    visit = signed_in(context, simulated)
    psk = new_psk()
    join(visit, psk)
    visit.follow("left-peer")
    visit.comes("#connection-status", "up")
    for path in ("/gateways", "/gateways/new", visit.page.url.removeprefix(simulated.url)):
        visit.go(path)
        assert psk not in visit.page.content()
    assert not [url for url in visit.loads if psk in url]
    assert psk not in simulated.log.read_text(errors="replace")
    visit.assert_content()


def test_a_key_is_made_for_the_person(visit: Visit) -> None:
    """Going back and forth loses nothing of what was entered, and the key is not sent back."""
    visit.go("/gateways/new")
    visit.fill(name="kept")
    choose_subnet(visit, "subnet-1")
    visit.submit()
    visit.fill(peer_address="203.0.113.9", peer_cidrs="10.77.0.0/24")
    visit.choose("generate")
    key = visit.page.locator("[name=psk]")
    expect(key).to_have_attribute("type", "text")
    made = key.input_value()
    assert len(made) >= 43
    expect(visit.page.get_by_role("button", name="Copy", exact=True)).to_be_visible()
    visit.press("Hide")
    expect(key).to_have_attribute("type", "password")
    visit.choose("back")
    assert visit.page.locator("[name=name]").input_value() == "kept"
    visit.submit()
    assert visit.page.locator("[name=peer_address]").input_value() == "203.0.113.9"
    assert visit.page.locator("[name=psk]").input_value() == ""
    visit.submit()
    visit.submit()
    assert made not in visit.page.content()
    visit.sees(f"set, {len(made)} characters")


def test_cidrs_are_added_and_removed_in_place(visit: Visit) -> None:
    """Nothing else on the page changes, in particular not a typed key."""
    visit.go("/gateways/new")
    choose_subnet(visit, "subnet-1")
    visit.submit()
    visit.fill(psk="TypedPassword", peer_cidrs="10.77.0.0/24")
    loads = list(visit.loads)
    visit.page.get_by_role("button", name="Add another of the Peer CIDRs").click()
    fresh = visit.page.get_by_label("Peer CIDRs, 2")
    expect(fresh).to_be_focused()
    fresh.fill("10.78.0.0/24")
    visit.page.get_by_role("button", name="Remove 10.77.0.0/24").click()
    expect(visit.page.locator("[name=peer_cidrs]")).to_have_count(1)
    expect(visit.page.locator("[name=peer_cidrs]")).to_have_value("10.78.0.0/24")
    assert visit.page.locator("[name=psk]").input_value() == "TypedPassword"
    assert visit.loads == loads, "the page was loaded again"


def test_a_closed_tab_loses_nothing(visit: Visit) -> None:
    visit.go("/gateways/new")
    visit.fill(name="closed-tab")
    choose_subnet(visit, "subnet-1")
    visit.submit()
    with visit.page.expect_response(lambda response: response.url.endswith("/check")):
        visit.fill(peer_address="203.0.113.99")
        visit.page.locator("[name=peer_address]").blur()
    visit.go("/gateways")
    visit.follow("closed-tab")
    assert visit.page.locator("[name=peer_address]").input_value() == "203.0.113.99"
    visit.press("Discard the draft")
    expect(visit.page.get_by_role("link", name="closed-tab", exact=True)).to_have_count(0)


def test_a_vpc_narrows_the_subnets_in_place(visit: Visit) -> None:
    visit.go("/gateways/new")
    visit.page.locator("[name=vpc]").select_option(label="vpc-2")
    subnet = visit.page.locator("[name=subnet]")
    expect(subnet.locator("option").filter(has_text="subnet-1 ")).to_have_count(0)
    expect(subnet.locator("option").filter(has_text="subnet-2 ")).to_have_count(1)
    # A subnet to be made goes there too.
    expect(visit.page.locator("[name=new_vpc] option:checked")).to_have_text("vpc-2")


def test_two_vpcs_are_connected_and_the_progress_ends_on_the_gateway(visit: Visit) -> None:
    visit.go("/connections/connect")
    for name, subnet in (("here", "subnet-1 "), ("there", "subnet-2 ")):
        select = visit.page.locator(f"[name={name}]")
        place = select.locator("option[value^=subnet]").filter(has_text=subnet)
        select.select_option(place.get_attribute("value"))
    visit.submit()
    visit.fill(here_gateway="joined-here", there_gateway="joined-there")
    visit.fill(here_cidrs="172.20.1.0/24", there_cidrs="172.20.2.0/24")
    visit.submit()
    visit.page.get_by_role("list", name="Progress").wait_for()
    visit.page.get_by_role("heading", name="joined-here", exact=True).wait_for(timeout=UP_MILLISECONDS)
    expect(visit.page.get_by_text("1 of 1 up")).to_be_visible(timeout=UP_MILLISECONDS)


def test_a_field_shows_its_error_on_blur(visit: Visit) -> None:
    visit.go("/gateways/new")
    visit.fill(name="no spaces please")
    visit.page.locator("[name=name]").blur()
    wrong = visit.page.locator("#id_name_error")
    expect(wrong).not_to_be_empty()
    visit.fill(name="without")
    visit.page.locator("[name=name]").blur()
    expect(wrong).to_be_empty()


def test_after_a_failure_the_focus_is_on_what_to_put_right(visit: Visit) -> None:
    visit.go("/gateways/new")
    visit.fill(name="no spaces please")
    visit.submit()
    summary = visit.page.get_by_role("alert")
    expect(summary).to_be_focused()
    summary.get_by_role("link").first.click()
    expect(visit.page.locator("[name=name]")).to_be_focused()


def test_a_second_click_makes_no_second_gateway(visit: Visit) -> None:
    visit.go("/gateways/new")
    visit.fill(name="once")
    choose_subnet(visit, "subnet-1")
    visit.submit()
    visit.choose("skip")
    visit.page.locator("main form button.primary").dblclick()
    visit.page.get_by_role("heading", name="once", exact=True).wait_for()
    visit.go("/gateways")
    expect(visit.page.get_by_role("link", name="once", exact=True)).to_have_count(1)


@pytest.mark.timeout(240)
def test_the_wizard_leads_to_real_tunnels(strongswan: Product, context: BrowserContext) -> None:
    visit = signed_in(context, strongswan)
    join(visit, new_psk())
    visit.assert_content()
    here, there = strongswan.instance("vsi-1"), strongswan.instance("vsi-2")
    wait_for(lambda: _pings(here["namespace"], there["address"]), 10)
    wait_for(lambda: _pings(there["namespace"], here["address"]), 10)
    # Both ends begin at the same moment: what is there twice is ended within seconds.
    wait_for(lambda: sum(m["tunnels_up"] for m in strongswan.dataplane()["members"]) == 2, 20)


def _pings(namespace: str, address: str) -> bool:
    command = ["ip", "netns", "exec", namespace, "ping", "-c", "1", "-W", "2", address]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_enter_creates_the_policy_that_is_filled_in(visit: Visit) -> None:
    visit.go("/gateways/new")
    choose_subnet(visit, "subnet-1")
    visit.submit()
    visit.fill(peer_address="203.0.113.9", psk=new_psk(), peer_cidrs="10.79.0.0/24")
    visit.submit()
    for noun, name in (("IPsec policy", "ipsec-entered"), ("IKE policy", "ike-entered")):
        visit.page.get_by_text(f"Create an {noun} here").click()
        field = visit.page.locator(f"[name={name.split('-')[0]}-name]")
        field.fill(name)
        field.press("Enter")
        visit.sees(f"The {noun} {name} is created and selected.")
