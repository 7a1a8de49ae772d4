"""A person without a mouse: navigates by Tab, and must always see the focus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

_FOCUS = Path(__file__).with_name("focus.js").read_text()
# More tab stops than any page has.
_STOPS = 120


class Keyboard:
    """`unseen`: elements whose focus is not visible."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.unseen: list[str] = []

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def to(self, target: Locator, *, back: bool = False) -> None:
        """By Tab, which never goes in circles."""
        for _ in range(_STOPS):
            self.press("Shift+Tab" if back else "Tab")
            self.check_focus()
            if self.at(target):
                return
        raise AssertionError(f"{target} is not reached by Tab on {self.page.url}")

    def check_focus(self) -> None:
        """Record the focused element if its focus is not visible."""
        found: dict[str, Any] | None = self.page.evaluate(_FOCUS)
        if found and not (found["inside"] and found["ringed"] and not found["covered"]):
            self.unseen.append(f"{self.page.url}: {found}")

    def at(self, target: Locator) -> bool:
        """Whether the focus is on it."""
        return target.count() > 0 and bool(target.first.evaluate("it => it === document.activeElement"))

    def write(self, target: Locator, text: str) -> None:
        """Replaces the current text."""
        self.to(target)
        self.press("Control+a")
        self.page.keyboard.type(text)

    def follow(self, name: str) -> None:
        """A link in the page's content or navigation; opens by Enter."""
        self.to(self.page.get_by_role("link", name=name, exact=True).first)
        before = self.page.url
        self.press("Enter")
        self.page.wait_for_url(lambda url: url != before)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)
