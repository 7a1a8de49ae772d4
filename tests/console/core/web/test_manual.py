"""The manual: every page renders, every link leads somewhere, every error code is explained."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise, product
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.test import Client
from django.urls import resolve, reverse

from console.core.web.manual import GROUPS, MANUAL
from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION, PFS
from tests.pages import text_of
from vpn.domain.initiation import BACK_OFF, FLAP_DAMPING, STEADY
from vpn.domain.reasons import REMEDIES, SENTENCES, Code
from vpn.domain.suites import CLAMPED_MSS, TUNNEL_MTU, effective_mtu
from vpn.handoff.vendors import VENDORS

pytestmark = pytest.mark.django_db

SOURCES = ("console", "policies", "vpn")
# What the variable parts of codes may be; an expression that is not here fails the test.
PARTS = {
    "kind": ("ike", "ipsec", "ike_policy", "ipsec_policy"),
    "_kind(rows.model)": ("ike_policy", "ipsec_policy"),
    "side": ("local", "peer"),
    "path": ("local_cidrs", "peer_cidrs"),
    "code": ("vpn_connection_local_subnets_quota_exceeded", "vpn_connection_peer_subnets_quota_exceeded"),
}
CODE = re.compile(r"[a-z]+(_[a-z0-9]+)+")


class Page(HTMLParser):
    """What the tests ask of a page: ids, links, headings, unescaped text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.styled: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if ident := given.get("id"):
            self.ids.append(ident)
        if tag == "a" and (href := given.get("href")):
            self.links.append(href)
        if "style" in given or any(name.startswith("on") for name in given):
            self.styled.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def address(slug: str) -> str:
    return reverse("manual_index") if slug == "index" else reverse("manual", args=[slug])


def page(client: Client, slug: str) -> Page:
    response = client.get(address(slug))
    assert response.status_code == 200
    return Page(text_of(response))


@pytest.mark.parametrize("slug", MANUAL)
def test_page_renders_signed_out(client: Client, slug: str) -> None:
    found = page(client, slug)
    assert found.tags.count("h1") == 1
    assert len(found.ids) == len(set(found.ids))
    assert not found.styled
    assert "{{" not in found.text and "{%" not in found.text
    for other in MANUAL:
        assert address(other) in found.links


def test_every_page_has_its_place(client: Client) -> None:
    assert [name for _, names in GROUPS for name in names] == list(MANUAL)
    order = list(MANUAL)
    for slug, following in pairwise(order):
        text = text_of(client.get(address(slug)))
        around = text.partition('class="around"')[2].partition("</nav>")[0]
        assert f'class="after" href="{address(following)}"' in around
        assert f'class="before" href="{address(slug)}"' in text_of(client.get(address(following)))


def test_every_section_can_be_linked_to(client: Client) -> None:
    """A link beside each heading, and the contents of the page, once each section."""
    text = text_of(client.get(address("tunnels")))
    found = page(client, "tunnels")
    headings = re.findall(r'<h2 id="([\w-]+)"', text)
    contents = text.partition('class="contents"')[2].partition("</nav>")[0]
    assert re.findall(r'href="#([\w-]+)"', contents) == headings
    for ident in headings:
        assert found.links.count(f"#{ident}") >= 2
    pages = [text_of(client.get(address(slug))) for slug in MANUAL]
    assert all(" id=" in tag for each in pages for tag in re.findall(r"<h2[^>]*>", each))


def test_every_device_is_documented(client: Client) -> None:
    found = page(client, "peers")
    for vendor in VENDORS.values():
        assert vendor.slug in found.ids
        for words in (vendor.name, vendor.where, *vendor.notes, *vendor.verify):
            assert words.replace("`", "") in found.text
    assert "3des, md5: there is no configuration for policies" in found.text


def test_every_reason_is_documented_for_the_peer(client: Client) -> None:
    text = page(client, "peers").text
    ours = {Code.INTERNAL_ERROR, Code.CANNOT_RESERVE_ADDRESS, Code.CANNOT_CREATE_ROUTE}
    for code in set(Code) - ours:
        assert code.value in text


def test_figures_of_packets_are_those_of_the_pages(client: Client) -> None:
    suites = (("aes256-sha256", True), ("aes256-sha256", False), ("3des-md5", True))
    inside, outside, old = [size.overhead for suite, udp in suites if (size := effective_mtu(suite, udp=udp))]
    assert old <= outside
    text = page(client, "tunnels").text
    assert f"adds up to {inside} bytes to a packet with AES inside of UDP, {outside} without UDP" in text
    assert f"has an MTU of {TUNNEL_MTU}" in text and f"to {CLAMPED_MSS}, in both directions" in text


def test_help_leads_to_sections_that_exist(client: Client) -> None:
    """Every link of a page of the console into the manual."""
    wanted = set()
    for file in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        wanted |= set(re.findall(r"url 'manual' '(\w+)' %}(?:#([\w-]+))?", file.read_text()))
    ids = {slug: set(page(client, slug).ids) for slug in {slug for slug, _ in wanted}}
    assert [(slug, anchor) for slug, anchor in wanted if anchor and anchor not in ids[slug]] == []


def test_audited_actions_exist(client: Client) -> None:
    """What the page for auditors names is recorded somewhere."""
    text = text_of(client.get(address("activity")))
    rows = " ".join(re.findall(r'<th scope="row" class="mono">([^<]*)', text))
    source = "".join(
        file.read_text() for app in SOURCES for file in Path(settings.BASE_DIR, app).rglob("*.py")
    )
    named = set(re.findall(r"\b[a-z_]+\.[a-z_]+\b", rows))
    assert len(named) > 8
    for action in named:
        assert f'"{action}"' in source, action


def test_figures_are_those_of_the_installation(client: Client, settings: LazySettings) -> None:
    settings.HISTORY_DAYS, settings.LOCKOUT_FAILURES = 11, 7
    assert "kept for 376 days" in page(client, "activity").text
    assert "After 7 wrong passwords" in page(client, "console").text


def test_unknown_page_is_404(client: Client) -> None:
    assert client.get(reverse("manual", args=["no-such-page"])).status_code == 404


def test_every_template_is_a_page() -> None:
    files = {path.stem for path in Path(settings.BASE_DIR, "templates/docs").glob("[a-z]*.html")}
    assert files == set(MANUAL)


def test_internal_links_lead_somewhere(client: Client) -> None:
    pages = {address(slug): page(client, slug) for slug in MANUAL}
    for here, found in pages.items():
        for link in found.links:
            if link.startswith("https://"):
                continue
            path, _, anchor = link.partition("#")
            target = path.partition("?")[0] or here
            resolve(target)
            if anchor and target in pages:
                assert anchor in pages[target].ids, f"{here} links to {link}"


def test_every_error_code_has_an_entry(client: Client) -> None:
    used = set(codes_in_source())
    assert {"validation_enum", "ike_policy_in_use", "vpn_connection_local_cidrs_required"} <= used
    assert sorted(used - set(page(client, "errors").ids)) == []


def test_every_reason_is_explained(client: Client) -> None:
    found = page(client, "tunnels")
    for code, sentence in SENTENCES.items():
        assert code.value in found.ids
        assert sentence in found.text
        assert REMEDIES[code] in found.text


def test_every_algorithm_is_judged(client: Client) -> None:
    found = page(client, "algorithms")
    verdicts = [v for a in (*ENCRYPTION.values(), *AUTHENTICATION.values(), *DH_GROUPS.values())
                for v in (a.ike, a.esp)]  # fmt: skip
    for verdict in [*verdicts, *PFS.values()]:
        assert verdict.reason in found.text
        number = verdict.rfc.removeprefix("RFC ")
        assert f"https://www.rfc-editor.org/rfc/rfc{number}" in found.links


def test_back_off_is_the_plans(client: Client) -> None:
    text = " ".join(page(client, "tunnels").text.split())
    assert ", ".join(map(str, BACK_OFF[1:])) in text
    assert "at most {:g}, {:g} and {:g} seconds".format(*FLAP_DAMPING[1:]) in text
    assert f"stay up for {STEADY.total_seconds():g} seconds" in text


def test_every_route_of_the_api_is_listed(client: Client) -> None:
    text = page(client, "api").text
    for path in api_paths():
        assert path in text, path


def api_paths() -> Iterator[str]:
    """Every named route below /v1 as the manual writes it: {id} for each variable part."""
    from console.core.api.urls import urlpatterns as of_console
    from policies.api.urls import urlpatterns as of_policies
    from vpn.api.urls import urlpatterns as of_vpn

    for pattern in (*of_vpn, *of_policies, *of_console):
        route = str(pattern.pattern)
        if pattern.name and route:
            named = re.sub(r"<\w+:(\w+)>", r"{\1}", route)
            yield named.replace("{cidr}", "{prefix_address}/{prefix_length}")


def codes_in_source() -> Iterator[str]:
    """Codes given to Violation, not_found and path_id, to `code=`, and in tables named _CODES."""
    for app in SOURCES:
        for file in sorted(Path(settings.BASE_DIR, app).rglob("*.py")):
            if "migrations" not in file.parts:
                yield from _codes(ast.parse(file.read_text(encoding="utf-8")))


def _codes(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")
            place = {"Violation": 0, "not_found": 0, "path_id": 1, "_outside": 1}.get(name)
            if place is not None and len(node.args) > place:
                yield from _values(node.args[place])
            for keyword in node.keywords:
                if keyword.arg == "code":
                    yield from (value for value in _values(keyword.value) if CODE.fullmatch(value))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            yield from _assigned(node)


def _assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for name, value in zip(names, values, strict=False):
            word = getattr(name, "id", "")
            if value is not None and (word in {"code", "TYPE"} or word.startswith("_")):
                found = value.values if isinstance(value, ast.Dict) and word == "_CODES" else [value]
                sure = word in {"code", "TYPE", "_CODES"}
                kinds = ast.Constant | ast.JoinedStr | ast.IfExp if sure else ast.Constant
                strings = [one for one in found if isinstance(one, kinds)]
                plain = [text for one in strings for text in _values(one)]
                yield from (text for text in plain if _is_code(text, sure=sure))


def _is_code(text: str, *, sure: bool) -> bool:
    """A private constant may be any word: only those that resemble a code count."""
    if not CODE.fullmatch(text):
        return False
    return sure or text.startswith(("validation_", "vpn_connection_cidr", "invalid_"))


def _values(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _values(node.body)
        yield from _values(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        parts = [_part(value) for value in node.values]
        yield from (text for text in map("".join, product(*parts)) if _exists(text))


def _part(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.FormattedValue):
        return PARTS[ast.unparse(node.value)]
    return (str(node.value),) if isinstance(node, ast.Constant) else ()


def _exists(text: str) -> bool:
    """`kind` is ike in one place and ike_policy in another; these mixtures nobody makes."""
    return "_policy_policy_" not in text and text not in {"ike_in_use", "ipsec_in_use"}
