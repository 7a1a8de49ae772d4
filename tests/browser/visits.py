"""A person with a browser at the console: their actions, and the errors that the browser reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from tests.browser.product import Product

# A page on a busy machine; provisioning and negotiation.
ANSWER_MILLISECONDS, UP_MILLISECONDS = 15_000, 30_000


@dataclass
class Visit:
    """`page_errors`: errors of the browser's console, violated content policies among them.
    `loads`: addresses of the whole pages loaded, in order."""

    page: Page
    product: Product
    page_errors: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_message)
        self.page.on("pageerror", lambda error: self.page_errors.append(f"{self.page.url}: {error}"))
        self.page.on("request", self._asked)

    def go(self, path: str) -> None:
        self.page.goto(self.product.url + path)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def submit(self) -> None:
        """The one main button of the page, whatever it says."""
        self.page.locator("main form button.primary").click()

    def choose(self, value: str) -> None:
        """Another of a form's buttons."""
        self.page.locator(f"button[value={value}]:not([aria-hidden])").first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def fill(self, **values: str) -> None:
        """Fields by name, as labels have hints in them."""
        for name, value in values.items():
            self.page.locator(f"[name={name}]").fill(value)

    def fact(self, name: str) -> str:
        """What a page's list of facts says under `name`."""
        fact = self.page.locator("dl.facts > div").filter(has=self.page.locator(f"dt:text-is('{name}')"))
        return fact.first.locator("dd").inner_text().strip()

    def comes(self, selector: str, word: str) -> None:
        """Wait until an element contains `word`, without any action."""
        expect(self.page.locator(selector)).to_contain_text(word, timeout=UP_MILLISECONDS)

    def sees(self, text: str, *, within: float = UP_MILLISECONDS) -> None:
        expect(self.page.get_by_text(text, exact=True).first).to_be_visible(timeout=within)

    def another_tab(self) -> Visit:
        """The same session; its errors are added to these."""
        return Visit(self.page.context.new_page(), self.product, self.page_errors)

    def assert_content(self) -> None:
        """No page reported an error; otherwise the servers' last log lines are shown."""
        output = "\n".join(self.page_errors)
        assert not output, f"{output}\n{self.product.log.read_text(errors='replace')[-3000:]}"

    def _on_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            where: Any = message.location
            self.page_errors.append(f"{self.page.url}: {message.text} ({where.get('url', '')})")

    def _asked(self, request: Request) -> None:
        if request.is_navigation_request() and request.frame == self.page.main_frame:
            self.loads.append(request.url)


def signed_in(context: BrowserContext, product: Product) -> Visit:
    """By the sign-in page, with the password that quickstart printed."""
    visit = Visit(context.new_page(), product)
    visit.go("/")
    assert "/sign-in" in visit.page.url
    visit.fill(username=product.username, password=product.password)
    visit.press("Sign in")
    visit.page.wait_for_url(f"{product.url}/")
    return visit
