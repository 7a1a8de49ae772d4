"""Without a mouse: from sign-in to a live tunnel, always seeing where the focus is."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.keyboard import Keyboard
from tests.browser.populated import Made, connection, make, make_subnet
from tests.browser.product import Product, new_psk
from tests.browser.visits import UP_MILLISECONDS, Visit

pytestmark = pytest.mark.browser

_HERE, _THERE = "10.41.0.0/24", "10.42.0.0/24"


def test_from_sign_in_to_a_live_tunnel(simulated: Product, context: BrowserContext) -> None:
    make_subnet(simulated, "keys-here", _HERE)
    other = make(simulated, make_subnet(simulated, "keys-there", _THERE), "far-end")
    psk = new_psk()
    visit = Visit(context.new_page(), simulated)
    page, keys = visit.page, Keyboard(visit.page)
    visit.go("/")
    _sign_in(keys, simulated)
    keys.follow("VPN gateways")
    keys.follow("New gateway")
    _gateway_step(keys, "by-keys")
    _connection_step(keys, other.address, psk)
    keys.to(keys.button("Review"))
    keys.press("Enter")
    _arrives(keys, "review")
    keys.to(keys.button("Create both"))
    keys.press("Enter")
    _arrives(keys, "progress")
    made = re.findall(r"[0-9a-f-]{36}", page.url)[0]
    address = simulated.ask("GET", f"vpn_gateways/{made}")["public_ip"]["address"]
    back = connection("back", 0, _THERE, peer_address=address, peer_cidrs=[_HERE], psk=psk)
    simulated.ask("POST", f"vpn_gateways/{other.gateway['id']}/connections", back)
    page.wait_for_url(f"{simulated.url}/gateways/{made}", timeout=UP_MILLISECONDS)
    expect(page.get_by_text("1 of 1 up")).to_be_visible(timeout=UP_MILLISECONDS)
    assert keys.unseen == []
    visit.assert_content()


def _arrives(keys: Keyboard, step: str) -> None:
    """A fragment of the address goes along from page to page."""
    keys.page.wait_for_url(re.compile(rf"/{step}(#.*)?$"))


def _sign_in(keys: Keyboard, product: Product) -> None:
    page = keys.page
    if not keys.at(page.locator("[name=username]")):
        keys.to(page.locator("[name=username]"))
    page.keyboard.type(product.username)
    keys.to(page.locator("[name=password]"))
    page.keyboard.type(product.password)
    keys.press("Enter")
    page.wait_for_url(f"{product.url}/")


def _gateway_step(keys: Keyboard, name: str) -> None:
    """The first attempt is refused: the focus is on the errors, and leads to the field."""
    page = keys.page
    keys.write(page.locator("[name=name]"), "no spaces please")
    keys.press("Enter")
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    keys.press("Tab", "Enter")
    expect(page.locator("[name=name]")).to_be_focused()
    keys.check_focus()
    keys.press("Control+a")
    page.keyboard.type(name)
    for part, text in (("vpc", "keys-here"), ("subnet", "keys-here")):
        keys.to(page.locator(f"[name={part}]"))
        # The subnets of another VPC come when it is chosen.
        expect(page.locator(f"[name={part}]")).to_contain_text(text)
        page.keyboard.type(text)
        expect(page.locator(f"[name={part}] option:checked")).to_contain_text(text)
    keys.to(keys.button("Continue").last)
    keys.press("Enter")
    _arrives(keys, "connection")


def _connection_step(keys: Keyboard, address: str, psk: str) -> None:
    page = keys.page
    keys.write(page.locator("[name=peer_address]"), address)
    key = page.locator("[name=psk]")
    keys.to(key)
    keys.to(keys.button("Generate"))
    keys.press("Space")
    expect(key).to_have_value(re.compile("^[A-Za-z][A-Za-z0-9]{43}$"))
    expect(keys.button("Generate")).to_be_focused()
    keys.to(key, back=True)
    keys.press("Control+a")
    page.keyboard.type(psk)
    cidrs = page.locator("[name=peer_cidrs]")
    keys.write(cidrs.first, _THERE)
    keys.to(page.get_by_role("button", name="Add another of the Peer CIDRs"))
    keys.press("Enter")
    expect(cidrs.nth(1)).to_be_focused()
    keys.to(page.get_by_role("button", name="Remove the empty line"))
    keys.press("Enter")
    expect(cidrs.first).to_be_focused()
    keys.to(keys.button("Continue").last)
    keys.press("Enter")
    _arrives(keys, "security")


def test_the_way_past_the_navigation(visit: Visit) -> None:
    visit.go("/gateways")
    keys = Keyboard(visit.page)
    skip = visit.page.get_by_role("link", name="Skip to the content")
    keys.to(skip)
    assert keys.unseen == []
    keys.press("Enter")
    expect(visit.page.locator("#main")).to_be_focused()
    keys.press("Tab")
    assert visit.page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_every_stop_of_the_long_pages_is_seen(visit: Visit, populated: Made) -> None:
    """Once around each, at a size where not all of it fits the screen."""
    keys = Keyboard(visit.page)
    visit.page.set_viewport_size({"width": 390, "height": 500})
    # Nothing moves under the keyboard meanwhile.
    visit.page.route("**/*seen=*", lambda route: route.fulfill(status=204))
    for path in ("/", "/connections", populated.path, "/activity"):
        visit.go(path)
        keys.to(visit.page.locator("footer a").first)
    assert not keys.unseen, "\n".join(keys.unseen)
