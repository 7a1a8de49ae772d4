"""The manual's API contract has every section that the code cites, and the figures of the code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse

from console.core.api.versions import FORMS
from tests.factories import dpd_defaults
from vpn.domain.checks.common import Quotas
from vpn.domain.cidrs import RESERVED
from vpn.domain.reasons import Code

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[4]
FOLDERS = ("console", "policies", "vpn", "tests")
NUMBER = r"\d{1,2}(?:\.\d{1,2})*(?![\d-])"
CITATION = re.compile(rf"\bcontract (?:sections? )?({NUMBER}(?:(?:, and|,| and| to) {NUMBER})*)", re.I)
HEADINGS = ("h2", "h3", "h4")
# In the manual's page of error codes, and in no response of the API.
CONSOLE_CODES = {"invalid_state"}


class Page(HTMLParser):
    """Headings by their ids, the error codes that are anchors, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: dict[str, str] = {}
        self.rows: list[str] = []
        self.text = ""
        self._ident = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        ident = dict(attrs).get("id") or ""
        if tag in ("td", "th", "p"):
            self.text += " "
        if tag in HEADINGS:
            self._ident = ident
            self.headings[ident] = ""
        elif tag == "tr" and ident:
            self.rows.append(ident)

    def handle_endtag(self, tag: str) -> None:
        if tag in HEADINGS:
            self._ident = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._ident:
            self.headings[self._ident] += data


def page(slug: str = "contract") -> Page:
    response = Client().get(reverse("manual", args=[slug]))
    assert response.status_code == 200
    return Page(response.content.decode())


def sections_cited(text: str) -> set[str]:
    """Numbers of sections, all those of a range. A comment may wrap within a citation."""
    found: set[str] = set()
    for numbers in CITATION.findall(re.sub(r"\s+(?:# +)?", " ", text)):
        found |= set(re.findall(NUMBER, numbers))
        for first, last in re.findall(rf"({NUMBER}) to ({NUMBER})", numbers):
            chapter, _, low = first.rpartition(".")
            high = last.rpartition(".")[2]
            found |= {f"{chapter}.{number}" for number in range(int(low), int(high) + 1)}
    return found


def without_heading(cited: Iterable[str], headings: dict[str, str]) -> list[str]:
    """Sections that no heading has as its id and its number."""
    numbers = {ident: title.split()[0].removesuffix(".") for ident, title in headings.items() if title}
    return sorted(one for one in cited if numbers.get(f"section-{one.replace('.', '-')}") != one)


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("{} section 2.3).", {"2.3"}),
        ("{} sections 3.3, 5.3 and 7.2.", {"3.3", "5.3", "7.2"}),
        ("{} sections 4.5 to 4.7)", {"4.5", "4.6", "4.7"}),
        ("{} section 1.3, 2023-05-18)", {"1.3"}),
        ("{} section 10, rows 1 to 4", {"10"}),
        ("{}\n    # section 2.6.1: never", {"2.6.1"}),
        ("({} 9.5)", {"9.5"}),
        ("RFC 7296 section 3.3, {} tests", set()),
    ],
)
def test_citations_are_found(text: str, cited: set[str]) -> None:
    assert sections_cited(text.format("contract")) == cited


def test_every_cited_section_exists() -> None:
    files = [
        path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".toml")
    ]
    cited = set().union(*(sections_cited(path.read_text(encoding="utf-8")) for path in files))
    headings = page().headings
    assert {"1", "1.3", "2.6.1", "9.1", "10"} <= cited
    assert without_heading(cited, headings) == []
    for one in cited:
        ident = f"section-{one.replace('.', '-')}"
        less = {name: title for name, title in headings.items() if name != ident}
        assert without_heading(cited, less) == [one]
        assert without_heading(cited, {**headings, ident: "99 Another"}) == [one]


def test_every_error_code_is_in_the_contract() -> None:
    text = page().text
    codes = [code for code in page("errors").rows if code not in CONSOLE_CODES]
    assert len(codes) > 80
    # Those of IPsec policies and of peer CIDRs are called "the same".
    alike = [code.replace("ipsec_", "ike_").replace("_peer_subnets", "_local_subnets") for code in codes]
    assert [code for code in alike if not re.search(rf"\b{code}\b", text)] == []


def test_figures_are_those_of_the_code() -> None:
    found = page()
    text = " ".join(found.text.split())
    assert [form.date for form in FORMS if f"{form.date} " not in text] == []
    for name, default in ((name, getattr(Quotas(), name)) for name in Quotas.__slots__):
        assert re.search(rf"\b{name}\b[^0-9]* {default}\b", text), name
    assert ", ".join(map(str, RESERVED)) in text
    for generation in (1, 2):
        action, interval, timeout = dpd_defaults(generation)
        assert f"{action}, interval {interval}, timeout {timeout}" in text
    assert [code for code in Code if not re.search(rf"\b{code.value}\b", text)] == []


def test_tables_name_the_column_of_each_cell() -> None:
    source = '{% load reference %}{% reference "Signs and so on" "Sign|Meaning" %}ROW{% endreference %}'
    row = "<tr>\n<th>`a &lt; b`</th><td> less </td></tr>"
    html = Template(source.replace("ROW", row)).render(Context())
    assert 'aria-label="Signs and so on"' in html
    assert '<th scope="col">Sign</th><th scope="col">Meaning</th>' in html
    assert (
        '<td data-label="Meaning">less</td>' in html and '<th scope="row"><code>a &lt; b</code></th>' in html
    )
    with pytest.raises(ValueError, match="1 cells for the columns Sign, Meaning"):
        Template(source.replace("ROW", "<tr><td>x</td></tr>")).render(Context())
