"""Every page, light and dark, wide and narrow: no complaint, nothing beside the screen, all to be read."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.urls import resolve, reverse

from tests.browser.product import new_psk
from tests.browser.visits import Visit
from tests.browser.wizard import Peer, fill_connection, make_gateway

pytestmark = pytest.mark.browser

_SIZES = ((1280, 900), (390, 844), (320, 700))
_READING = Path(__file__).with_name("reading.js").read_text()
_LEFT_ALONE = ("/v1", "/static", "/admin", "/sign-out")
_EXPECTED = {
    "gateways",
    "gateway",
    "gateway_new",
    "gateway_rename",
    "gateway_delete",
    "wizard_gateway",
    "wizard_connection",
    "wizard_review",
    "connection",
    "connection_new",
    "connection_edit",
    "connection_key",
    "connection_delete",
    "networks",
    "subnets",
    "instances",
    "vpc_new",
    "subnet_new",
    "instance_new",
    "ike_policies",
    "ipsec_policies",
    "ike_policy_clone",
    "ike_policy_delete",
    "connections",
    "ike_policy_new",
    "ike_policy",
    "ike_policy_edit",
    "ipsec_policy_new",
    "ipsec_policy",
    "ipsec_policy_edit",
    "api_keys",
    "manual_index",
    "manual",
}


@pytest.mark.timeout(240)
def test_every_page_in_every_dress(visit: Visit) -> None:
    """All that links lead to, from the list of gateways on."""
    waiting = ["/", *_furnish(visit)]
    known, seen = set(waiting), set()
    faults: list[str] = []
    while waiting:
        path = waiting.pop(0)
        visit.go(path)
        seen.add(resolve(urlsplit(path).path).url_name)
        faults += _faults(visit)
        fresh = [link for link in _links(visit) if link not in known and not link.startswith(_LEFT_ALONE)]
        known |= set(fresh)
        waiting += fresh
    assert not faults, "\n".join(faults)
    assert seen >= _EXPECTED


def test_pages_of_refusal_and_sign_in(visit: Visit) -> None:
    visit.page.context.clear_cookies()
    for path in ("/sign-in", "/manual"):
        visit.go(path)
        assert _faults(visit) == []
    assert visit.complaints == []
    visit.go("/no-such-page")
    assert _faults(visit) == []
    assert visit.page.get_by_role("heading").first.is_visible()
    assert visit.page.get_by_role("link", name="Isthmus").is_visible()
    # The browser itself reports the status of the page asked for.
    assert all("404" in complaint for complaint in visit.complaints)
    visit.complaints.clear()


def _furnish(visit: Visit) -> list[str]:
    """One of everything, with long names, and a draft; the paths of its steps, which no link leads to."""
    psk = new_psk()
    make_gateway(visit, "g" * 58, "subnet-2", Peer("203.0.113.200", "10.200.0.0/16", psk))
    for kind in ("ike", "ipsec"):
        visit.go(reverse(f"{kind}_policy_new"))
        visit.fill(name=f"{kind}-" + "p" * 57)
        visit.submit()
        visit.page.wait_for_url(re.compile(rf"/policies/{kind}/[0-9a-f-]{{36}}$"))
    visit.go("/gateways/new")
    visit.submit()
    connection = urlsplit(visit.page.url).path
    fill_connection(visit, "c" * 63, Peer("203.0.113.201", "10.201.0.0/16", psk))
    visit.submit()
    return [connection, urlsplit(visit.page.url).path]


def _links(visit: Visit) -> list[str]:
    """Paths of the links to pages of the console, files left out; each once, each route's query left out."""
    hrefs: list[str] = visit.page.eval_on_selector_all(
        "a[href]:not([download])", "links => links.map(link => link.href)"
    )
    here = [urlsplit(href) for href in hrefs if href.startswith(visit.product.url)]
    return list(dict.fromkeys(parts.path for parts in here))


def _faults(visit: Visit) -> list[str]:
    """Where the page must be moved sideways, cannot be read, or has a control without a name."""
    found = []
    for scheme in ("light", "dark"):
        visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width, height in _SIZES:
            visit.page.set_viewport_size({"width": width, "height": height})
            beyond = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            found += [f"{visit.page.url} at {width} ({scheme}): {beyond} too wide"] if beyond > 0 else []
        unread: list[str] = visit.page.evaluate(_READING)
        found += [f"{visit.page.url} ({scheme}): {fault}" for fault in unread]
    return found
