"""Every page, light and dark, wide and narrow: no errors, no overflow, sufficient contrast."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

import pytest
from django.urls import resolve

from tests.browser.faults import faults
from tests.browser.populated import Made
from tests.browser.visits import Visit
from tests.browser.wizard import Peer, choose_subnet, fill_connection
from tests.routes import NEEDS

pytestmark = pytest.mark.browser

_LEFT_ALONE = ("/v1", "/static", "/admin", "/sign-out", "/openapi/")
# Pages of one route differ in their rows only, but for these: each of the manual is another.
_OFTEN = {"connection": 3, "gateway": 2, "manual": 100}
# What no link of a page leads to: parts of pages, what buttons ask for, old names.
_UNLINKED = {
    *("gateway_status", "connection_status", "gateway_events", "connection_events"),
    *("gateways_bulk", "connections_bulk", "vpcs_bulk", "subnets_bulk", "instances_bulk"),
    *("ike_policies_bulk", "ipsec_policies_bulk", "local_cidrs", "peer_cidrs", "policies"),
    *("handoff_file", "handoff_links", "shared_handoff", "shared_file", "account_login"),
    "openapi_document",
}


@pytest.mark.timeout(300)
def test_every_page_in_every_dress(visit: Visit, populated: Made) -> None:
    """All that links lead to, from the overview on."""
    waiting = ["/", *_drafts(visit, populated), f"{populated.path}/progress", populated.path]
    waiting += [populated.connection(number) for number in range(3)]
    # The link is gone from its page as soon as there is another side.
    waiting.append(f"{populated.connection()}/other-side")
    found = _invite(visit)
    # That page goes on to the gateway by itself when all is up.
    visit.page.route("**/progress?done=1", lambda route: route.fulfill(status=204))
    known, seen = set(waiting), Counter[str]()
    while waiting:
        path = waiting.pop(0)
        name = str(resolve(path).url_name)
        if seen[name] >= _OFTEN.get(name, 1):
            continue
        visit.go(path)
        if name == "openapi":
            # Drawn by its script, of a document that it fetches.
            visit.page.locator(".opblock").first.wait_for()
        found += faults(visit.page, thorough=not seen[name], ours=name != "openapi")
        seen[name] += 1
        fresh = [link for link in _links(visit) if link not in known and not link.startswith(_LEFT_ALONE)]
        known |= set(fresh)
        waiting += fresh
    assert not found, "\n".join(found)
    unseen = {name for name, (get, _) in NEEDS.items() if get} - _UNLINKED - set(seen)
    assert not unseen, unseen


def test_pages_of_refusal_and_sign_in(visit: Visit) -> None:
    visit.page.context.clear_cookies()
    for path in ("/sign-in", "/manual"):
        visit.go(path)
        assert faults(visit.page) == []
    assert visit.page_errors == []
    visit.go("/no-such-page")
    assert faults(visit.page) == []
    assert visit.page.get_by_role("heading").first.is_visible()
    assert visit.page.get_by_role("link", name="Isthmus").is_visible()
    # The browser itself reports the status of the page asked for.
    assert all("404" in error for error in visit.page_errors)
    visit.page_errors.clear()


def test_what_opens_and_what_goes_wrong(visit: Visit, populated: Made) -> None:
    """States of pages that no link leads to."""
    found = []
    visit.go("/gateways/new")
    visit.fill(name="no spaces please")
    visit.submit()
    visit.page.get_by_role("alert").wait_for()
    visit.page.locator("summary").first.click()
    found += faults(visit.page)
    visit.go("/connections")
    visit.page.locator("[data-row]").first.check()
    visit.page.locator("button[name=do][value=delete]").click()
    visit.page.locator("[name=typed]").wait_for()
    found += faults(visit.page)
    visit.go("/gateways?q=nothing-is-called-so")
    found += faults(visit.page)
    visit.go(f"{populated.connection()}/edit")
    for part in visit.page.locator("main details:not([open]) > summary").all():
        part.click()
    found += faults(visit.page)
    assert not found, "\n".join(found)


def test_faults_are_found(visit: Visit) -> None:
    """A page that is broken on purpose."""
    visit.go("/manual")
    visit.page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend',"
        ' \'<img src="/static/favicon.svg"><div class="bar"><select></select></div>\')'
    )
    found = "\n".join(faults(visit.page))
    for rule in ("image-alt", "select-name", "no name"):
        assert rule in found
    visit.page_errors.clear()


def _drafts(visit: Visit, populated: Made) -> list[str]:
    """A gateway and a pair begun; the paths of their steps, which no link leads to."""
    visit.go("/gateways/new")
    choose_subnet(visit, "lisbon")
    visit.submit()
    paths = [urlsplit(visit.page.url).path]
    fill_connection(visit, "c" * 63, Peer("203.0.113.203", "10.203.0.0/16", "k" * 32))
    for _ in range(2):
        visit.submit()
        paths.append(urlsplit(visit.page.url).path)
    visit.go("/connections/connect")
    for name, address in (("here", populated.gateway["name"]), ("there", "lisbon")):
        choice = visit.page.locator(f"[name={name}]")
        option = choice.locator("option[value^=gateway]").filter(has_text=address)
        choice.select_option(option.first.get_attribute("value"))
    visit.submit()
    return [*paths, urlsplit(visit.page.url).path]


def _invite(visit: Visit) -> list[str]:
    """Another person joins by a link, in a browser of their own; the faults of the page that asks them."""
    visit.go("/members")
    visit.fill(label="Bea of the peer's side")
    visit.submit()
    link = visit.page.locator("#shown").input_value()
    browser = visit.page.context.browser
    assert browser is not None
    with browser.new_context() as theirs:
        guest = Visit(theirs.new_page(), visit.product, visit.page_errors)
        guest.page.goto(link)
        found = faults(guest.page)
        guest.fill(username="bea", new="wide-river-two-bridges", again="wide-river-two-bridges")
        guest.submit()
        guest.page.wait_for_url(lambda url: "/invitation" not in url)
    return found


def _links(visit: Visit) -> list[str]:
    """Paths of the links to pages of the console, files left out; each once, each route's query left out."""
    # Links inside pictures have no plain href.
    hrefs: list[str] = visit.page.eval_on_selector_all(
        "a[href]:not([download])",
        "links => links.map(link => new URL(link.getAttribute('href'), document.baseURI).href)",
    )
    here = [urlsplit(href) for href in hrefs if href.startswith(visit.product.url)]
    return list(dict.fromkeys(parts.path for parts in here))
