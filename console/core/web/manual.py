"""The manual's pages in their order, with their navigation and tables of contents."""

from __future__ import annotations

import re
from typing import NamedTuple

from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString, mark_safe

MANUAL = {
    "index": "Manual",
    "start": "Start here",
    "concepts": "Concepts",
    "console": "Using the console",
    "tunnels": "Tunnels and their status",
    "algorithms": "Algorithms and their strength",
    "peers": "Peer devices",
    "activity": "Activity and auditors",
    "api": "The API",
    "errors": "Error codes",
    "operations": "Operations",
    "performance": "Performance",
    "changes": "Changes",
    "architecture": "Architecture",
    "decisions": "Decisions",
    "contract": "API contract",
}
# The side navigation, in groups.
GROUPS = (
    ("Begin", ("index", "start", "concepts")),
    ("Use", ("console", "tunnels", "algorithms", "peers", "activity")),
    ("Program", ("api", "errors")),
    ("Run", ("operations", "performance", "changes")),
    ("Develop", ("architecture", "decisions", "contract")),
)
_CONTENTS = "<!-- contents -->"
_HEADING = re.compile(r'<(h[2-4]) id="([\w-]+)">(.*?)</\1>', re.S)


class Neighbours(NamedTuple):
    """Slugs of the pages before and after; empty at the ends."""

    before: str
    after: str


def neighbours(slug: str) -> Neighbours:
    order = list(MANUAL)
    place = order.index(slug)
    return Neighbours(order[place - 1] if place else "", [*order, ""][place + 1])


def with_contents(page: str) -> str:
    """The page with a link at each heading, a table of contents, and focusable code blocks."""
    headings = [(ident, strip_tags(text)) for tag, ident, text in _HEADING.findall(page) if tag == "h2"]
    page = _HEADING.sub(_linked, page)
    # Wide blocks are scrolled with the arrow keys.
    page = page.replace("<pre>", '<pre tabindex="0">')
    return page.replace(_CONTENTS, _contents(headings) if len(headings) > 1 else "", 1)


def _linked(found: re.Match[str]) -> str:
    tag, ident, text = found.groups()
    link = format_html(
        '<a class="anchor" href="#{}"><span aria-hidden="true">#</span>'
        '<span class="visually-hidden">Link to this section</span></a>',
        ident,
    )
    return f'<{tag} id="{ident}">{text} {link}</{tag}>'


def _contents(headings: list[tuple[str, str]]) -> SafeString:
    # The titles come from a rendered page, and so are escaped already.
    items = ((ident, mark_safe(title)) for ident, title in headings)  # noqa: S308
    return format_html(
        '<nav class="contents" aria-label="On this page"><p>On this page</p><ul>{}</ul></nav>',
        format_html_join("", '<li><a href="#{}">{}</a></li>', items),
    )
