"""The hand-off page in a browser: a device, its file with and without the key, a link without an account."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from console.project.quickstart.datadir import DataDir
from tests.browser.product import Product, new_psk
from tests.browser.visits import Visit

pytestmark = pytest.mark.browser

_PEER = "203.0.113.150"


@pytest.fixture(scope="module")
def made(simulated: Product) -> tuple[str, str]:
    """The path of a connection's hand-off page, and the connection's key."""
    key = DataDir(simulated.directory).read_credentials()["api_key"]
    api = httpx.Client(
        base_url=f"{simulated.url}/v1",
        params={"version": "2019-01-01"},
        headers={"Authorization": f"Bearer {key}"},
        timeout=20,
    )
    with api:
        subnet = api.get("/subnets").json()["subnets"][0]
        gateway = api.post("/vpn_gateways", json={"subnet": {"id": subnet["id"]}}).json()["id"]
        body = {"peer_address": _PEER, "psk": new_psk(), "peer_cidrs": ["10.150.0.0/16"]}
        body["local_cidrs"] = [subnet["ipv4_cidr_block"]]
        connection = api.post(f"/vpn_gateways/{gateway}/connections", json=body).json()["id"]
    return f"/gateways/{gateway}/connections/{connection}/handoff", str(body["psk"])


@pytest.fixture
def psk(visit: Visit, made: tuple[str, str]) -> str:
    """The key, with the hand-off page open."""
    visit.go(made[0])
    return made[1]


def downloaded(page: Page, button: str, role: str = "button") -> str:
    with page.expect_download() as started:
        page.locator(f"{'a' if role == 'link' else 'button'}:text-is('{button}')").click()
    return Path(started.value.path()).read_text()


def test_a_device_is_selected_and_its_file_downloaded(visit: Visit, psk: str) -> None:
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.follow("FortiGate")
    preview = visit.page.get_by_label("Preview")
    expect(preview).to_have_value(re.compile("config vpn ipsec phase1-interface"))
    visit.press("Copy")
    visit.page.get_by_role("button", name="Copied").wait_for()
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied == preview.input_value() and _PEER in copied and psk not in copied
    assert psk not in downloaded(visit.page, "Download without the key", "link")


def test_the_key_comes_with_the_password_only(visit: Visit, psk: str) -> None:
    visit.page.locator("summary:text-is('With the key…')").click()
    visit.fill(password="not the one")
    visit.press("Show with the key")
    visit.sees("This is not your password.")
    assert psk not in visit.page.content()
    visit.fill(password=visit.product.password)
    assert f'secret = "{psk}"' in downloaded(visit.page, "Download with the key")
    visit.press("Show with the key")
    expect(visit.page.get_by_label("Preview")).to_be_visible()


def test_a_stranger_reads_by_link_without_script(visit: Visit, psk: str, chromium: Browser) -> None:
    visit.press("Create a link")
    link = visit.page.get_by_label("The new link").input_value()
    with chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto(link)
        page.get_by_role("link", name="Juniper SRX").click()
        text = page.get_by_label("Preview").input_value()
        assert "set security ike" in text and psk not in page.content()
        assert downloaded(page, "Download", "link").startswith("# Isthmus hand-off 1: Juniper SRX")
        visit.page.get_by_role("button", name="Revoke the link created").click()
        visit.sees("The link is revoked; it is no longer valid.")
        page.reload()
        assert page.get_by_role("heading", name="This link is not valid").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_anyone(visit: Visit, psk: str, scheme: str) -> None:
    page = visit.page
    # A button's colour would still be on its way from the one scheme to the other.
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.locator("summary:text-is('With the key…')").click()
    found = Axe().run(page, context="#main").response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
