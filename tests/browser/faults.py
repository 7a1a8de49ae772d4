"""Faults of an open page, found by axe, by its size and by its text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page

SCHEMES = ("light", "dark")
SIZES = ((1280, 900), (390, 844), (320, 700))
_READING = Path(__file__).with_name("reading.js").read_text()
_AXE = AXE_FILE_PATH.read_text()
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_ALL = {"resultTypes": ["violations"], "preload": False, "runOnly": {"type": "tag", "values": _RULES}}
# What a theme can change.
_COLOURS = _ALL | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


# A library that draws a part of a page brings landmarks and headings of its own.
_NOT_OURS = _ALL | {"runOnly": {"type": "tag", "values": _RULES[:-1]}}


def faults(page: Page, *, thorough: bool = True, ours: bool = True) -> list[str]:
    """In both themes and three sizes; `thorough`: axe's rules too, WCAG alone where it is not `ours`."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        found += [*_beyond(page, scheme), *page.evaluate(_READING)]
        if thorough:
            found += violations(page, _rules(ours) if scheme == SCHEMES[0] else _COLOURS)
    where = urlsplit(page.url).path
    return [f"{where}: {fault}" for fault in dict.fromkeys(found)]


def stock_faults(page: Page) -> list[str]:
    """Of a page that a library draws for the most part: axe's rules and its size, in both themes."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        found += [*_beyond(page, scheme), *violations(page, _ALL if scheme == SCHEMES[0] else _COLOURS)]
    where = urlsplit(page.url).path
    return [f"{where}: {fault}" for fault in dict.fromkeys(found)]


def _rules(ours: bool) -> dict[str, Any]:
    return _ALL if ours else _NOT_OURS


def violations(page: Page, options: dict[str, Any] = _ALL) -> list[str]:
    """What axe says, one line for each element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    found = page.evaluate("options => axe.run(options).then(results => results.violations)", options)
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]} {_why(node)}"
        for rule in found
        for node in rule["nodes"]
    ]


def _beyond(page: Page, scheme: str) -> Iterator[str]:
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if beyond > 0:
            yield f"at {width} ({scheme}): {beyond} too wide"
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})


def _why(node: dict[str, Any]) -> str:
    messages = [one["message"] for kind in ("any", "all", "none") for one in node[kind]]
    return "; ".join(messages)[:200]
