"""The frame of every page: menus, themes, and a session that ends meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.product import Product
from tests.browser.visits import ANSWER_MILLISECONDS, Visit, signed_in

pytestmark = pytest.mark.browser

_LIGHT, _DARK = "rgb(246, 245, 241)", "rgb(20, 25, 26)"


@pytest.fixture
def plain(simulated: Product, chromium: Browser) -> Iterator[Visit]:
    with chromium.new_context(java_script_enabled=False, color_scheme="light") as context:
        context.set_default_timeout(ANSWER_MILLISECONDS)
        visit = Visit(context.new_page(), simulated)
        yield visit
        visit.assert_content()


def test_a_theme_is_selected_without_script_and_stays(plain: Visit) -> None:
    body = plain.page.locator("body")
    plain.go("/sign-in")
    expect(body).to_have_css("background-color", _LIGHT)
    plain.press("Dark")
    expect(body).to_have_css("background-color", _DARK)
    plain.go("/manual")
    expect(body).to_have_css("background-color", _DARK)
    plain.press("System")
    expect(body).to_have_css("background-color", _LIGHT)


def test_the_menu_of_a_narrow_screen_opens_with_the_keyboard(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 700})
    visit.go("/account")
    networks = visit.page.get_by_role("link", name="Networks", exact=True)
    expect(networks).to_be_hidden()
    visit.page.get_by_role("button", name="Menu").focus()
    visit.page.keyboard.press("Enter")
    expect(networks).to_be_visible()
    visit.page.keyboard.press("Escape")
    expect(networks).to_be_hidden()
    visit.page.keyboard.press("Enter")
    networks.press("Enter")
    visit.page.wait_for_url("**/networks")


def test_the_menu_of_the_person_closes_again(visit: Visit) -> None:
    visit.go("/account")
    menu, summary = visit.page.locator("details.person"), visit.page.locator("details.person > summary")
    for close in (lambda: visit.page.keyboard.press("Escape"), lambda: visit.page.locator("h1").click()):
        summary.click()
        expect(menu).to_have_attribute("open", "")
        close()
        expect(menu).not_to_have_attribute("open", "")


def _end_session(context: BrowserContext) -> None:
    """What a browser sees when the server has forgotten the session."""
    cookie = next(cookie for cookie in context.cookies() if "session" in cookie.get("name", ""))
    context.add_cookies([{**cookie, "value": "x" * 32}])


def test_a_live_page_leads_to_the_sign_in_and_back(simulated: Product, context: BrowserContext) -> None:
    visit = signed_in(context, simulated)
    visit.go("/gateways?sort=-name")
    _end_session(context)
    visit.page.wait_for_url(re.compile(r"/sign-in\?next=/gateways"))
    expect(visit.page.get_by_text("Your session has ended.")).to_be_visible()
    visit.fill(username=simulated.username, password=simulated.password)
    visit.press("Sign in")
    visit.page.wait_for_url("**/gateways?sort=-name")
    visit.assert_content()
