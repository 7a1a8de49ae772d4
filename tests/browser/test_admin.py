"""The admin site: lists, empty forms and rows, light and dark, wide and narrow."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.browser.faults import stock_faults
from tests.browser.populated import Made
from tests.browser.visits import Visit

pytestmark = pytest.mark.browser


_APPS = ("policies", "vpn")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("app", ["", *_APPS])
def test_lists_forms_and_rows(visit: Visit, populated: Made, app: str) -> None:
    """Of one application, or of all others."""
    visit.go("/admin/")
    links = _links(visit, "#content a[href^='/admin/']")
    waiting = [link for link in links if (link.split("/")[2] if link.split("/")[2] in _APPS else "") == app]
    found, seen = [] if app else stock_faults(visit.page), set()
    while waiting:
        path = waiting.pop(0)
        visit.go(path)
        found += stock_faults(visit.page)
        seen.add(path)
        waiting += [link for link in _links(visit, "#result_list tbody th a")[:1] if link not in seen]
    assert not found, "\n".join(found)
    for end in ("/add/", "/change/"):
        assert any(path.endswith(end) for path in seen)


def test_check_boxes_of_rows_have_accessible_names(visit: Visit, populated: Made) -> None:
    visit.go("/admin/vpn/connection/add/")
    box = visit.page.get_by_role("combobox", name="Gateway")
    box.focus()
    visit.page.keyboard.press("Enter")
    visit.page.get_by_role("searchbox", name="Gateway").fill(populated.gateway["name"])
    visit.page.get_by_role("option", name=populated.gateway["name"]).wait_for()
    visit.page.keyboard.press("Enter")
    visit.page.get_by_role("combobox", name=populated.gateway["name"]).wait_for()


def test_a_password_link_is_copied(visit: Visit, populated: Made) -> None:
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.go("/admin/console/user/")
    visit.page.locator("#result_list tbody th a").first.click()
    visit.go(f"{urlsplit(visit.page.url).path}../password/")
    visit.press("Create link")
    visit.press("Copy")
    visit.page.get_by_role("button", name="Copied").wait_for()
    assert "/password-links/" in visit.page.evaluate("navigator.clipboard.readText()")


def _links(visit: Visit, selector: str) -> list[str]:
    """Paths, each once; without the query that leads back to the list."""
    hrefs: list[str] = visit.page.eval_on_selector_all(selector, "links => links.map(link => link.href)")
    return list(dict.fromkeys(urlsplit(href).path for href in hrefs))
