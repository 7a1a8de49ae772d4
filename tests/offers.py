"""The requests that a page can send: by its links, forms and htmx attributes."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

_LIVE = {f"hx-{method}": method.upper() for method in ("get", "post", "put", "patch", "delete")}


class Offer(NamedTuple):
    """A request that the page can send; `choice` is the pressed button, as name=value."""

    method: str
    path: str
    choice: str = ""


class _Reader(HTMLParser):
    def __init__(self, here: str) -> None:
        super().__init__()
        self.here = here
        self.found: list[Offer] = []
        self.forms: dict[str, Offer] = {}
        self.open: Offer | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in attributes:
            self._add("GET", attributes["href"])
        elif tag == "form":
            self.open = self._add(attributes.get("method", "get").upper(), attributes.get("action", ""))
            self.forms[attributes.get("id", "")] = self.open
        elif tag in ("button", "input"):
            self._press(attributes)
        for name, method in _LIVE.items():
            if name in attributes:
                self._add(method, attributes[name])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None

    def _press(self, attributes: dict[str, str]) -> None:
        form = self.forms.get(attributes["form"]) if "form" in attributes else self.open
        if "formaction" in attributes:
            method = attributes.get("formmethod", form.method if form else "post").upper()
            form = self._add(method, attributes["formaction"])
        if form and attributes.get("type", "submit") == "submit" and attributes.get("name"):
            self.found.append(form._replace(choice=f"{attributes['name']}={attributes.get('value', '')}"))

    def _add(self, method: str, address: str) -> Offer:
        offer = Offer(method, urlsplit(urljoin(self.here, address)).path)
        if not urlsplit(address).scheme:
            self.found.append(offer)
        return offer


def offers_of(html: str, here: str) -> list[Offer]:
    """In order, without duplicates and those to other hosts. A form without an action leads to `here`."""
    reader = _Reader(here)
    reader.feed(html)
    return list(dict.fromkeys(reader.found))
