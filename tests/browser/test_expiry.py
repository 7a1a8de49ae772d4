"""A session that ends on the server in the middle of work: to the sign-in, and back to a whole page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.product import Product
from tests.browser.visits import Visit, signed_in
from tests.browser.wizard import choose_subnet

pytestmark = pytest.mark.browser


@pytest.fixture
def begun(simulated: Product, context: BrowserContext) -> Iterator[Visit]:
    """In the wizard, with a session of one's own."""
    visit = signed_in(context, simulated)
    visit.go("/gateways/new")
    visit.fill(name="interrupted")
    choose_subnet(visit, "subnet-1")
    visit.submit()
    visit.page.wait_for_url("**/connection")
    yield visit
    visit.assert_content()


def test_a_form_that_is_sent_too_late(begun: Visit) -> None:
    step = urlsplit(begun.page.url).path
    begun.fill(name="too-late")
    _forget(begun)
    begun.submit()
    _sign_in_again(begun)
    assert urlsplit(begun.page.url).path == step
    # What was sent before is kept.
    begun.choose("back")
    expect(begun.page.locator("[name=name]")).to_have_value("interrupted")
    _is_whole(begun)


def test_a_field_that_is_left_too_late(begun: Visit) -> None:
    step = urlsplit(begun.page.url).path
    _forget(begun)
    begun.fill(peer_address="not an address")
    begun.page.locator("[name=peer_address]").blur()
    _sign_in_again(begun)
    assert urlsplit(begun.page.url).path == step
    _is_whole(begun)


def test_a_page_that_refreshes_itself(begun: Visit) -> None:
    begun.go("/connections?sort=name")
    _forget(begun)
    _sign_in_again(begun)
    assert begun.page.url.endswith("/connections?sort=name")
    _is_whole(begun)


def _forget(visit: Visit) -> None:
    """The server's row of this session is gone, the browser does not know."""
    cookies = visit.page.context.cookies()
    key = next(cookie["value"] for cookie in cookies if cookie["name"].startswith("isthmus_session"))
    with closing(sqlite3.connect(visit.product.directory / "isthmus.sqlite3", timeout=30)) as database:
        with database:
            gone = database.execute("DELETE FROM django_session WHERE session_key = ?", [key])
        assert gone.rowcount == 1


def _sign_in_again(visit: Visit) -> None:
    visit.page.wait_for_url(lambda url: "/sign-in?next=" in url)
    expect(visit.page.get_by_text("Your session has ended.")).to_be_visible()
    _is_whole(visit)
    visit.fill(username=visit.product.username, password=visit.product.password)
    visit.press("Sign in")
    visit.page.wait_for_url(lambda url: "/sign-in" not in url)


def _is_whole(visit: Visit) -> None:
    """One page, not a page in a part of another."""
    for part in ("h1", "main", "footer"):
        expect(visit.page.locator(part)).to_have_count(1)
