"""Headless Chromium, and the product that it visits."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, StorageState, ViewportSize, sync_playwright

from tests.browser.populated import Made, populate
from tests.browser.product import Product, running
from tests.browser.visits import ANSWER_MILLISECONDS, Visit, signed_in
from tests.dataplane.parts import require_parts

# Playwright keeps an event loop in the test's thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

_WINDOW: ViewportSize = {"width": 1280, "height": 900}
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        _lacking("browser tests need Chromium: apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def simulated() -> Iterator[Product]:
    """Everything but the data plane is real."""
    with running("simulated") as product:
        yield product


@pytest.fixture(scope="session")
def populated(simulated: Product) -> Made:
    return populate(simulated)


@pytest.fixture
def strongswan() -> Iterator[Product]:
    """Everything is real."""
    require_parts()
    with running("strongswan") as product:
        yield product


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """Of a browser that is not signed in."""
    with chromium.new_context(viewport=_WINDOW) as made:
        made.set_default_timeout(ANSWER_MILLISECONDS)
        yield made


@pytest.fixture(scope="session")
def session(simulated: Product, chromium: Browser) -> StorageState:
    """One person's cookies for all tests: passwords are slow on purpose."""
    with chromium.new_context() as context:
        signed_in(context, simulated)
        return context.storage_state()


@pytest.fixture
def visit(simulated: Product, chromium: Browser, session: StorageState) -> Iterator[Visit]:
    """A signed-in person at the simulated product; no page may have complained at the end."""
    with chromium.new_context(viewport=_WINDOW, storage_state=session) as context:
        context.set_default_timeout(ANSWER_MILLISECONDS)
        visit = Visit(context.new_page(), simulated)
        yield visit
        visit.assert_content()


def _lacking(text: str) -> None:
    if os.environ.get("ISTHMUS_REQUIRE_ALL") == "1":
        pytest.fail(text)
    pytest.skip(text)
