"""Pictures of the console for the README: `python -m tests.browser.shots DIR`."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.populated import Made, connection, make, make_subnet
from tests.browser.product import Product, new_psk, running
from tests.browser.visits import Visit, signed_in
from tests.browser.wizard import Peer, choose_subnet, fill_connection
from tests.waiting import wait_for

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_TALL, _WIDE, _PHONE = (1120, 940), (1120, 780), (390, 780)
_FRANKFURT, _LISBON = "10.10.0.0/24", "10.20.0.0/24"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    directory: Path = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    with running("simulated", roomy=False) as product, sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        take(browser, product, directory)
        browser.close()


def take(browser: Browser, product: Product, directory: Path) -> None:
    """Every picture, of a small network in which one tunnel is down."""
    made = _network(product)
    context = browser.new_context(reduced_motion="reduce")
    visit = signed_in(context, product)
    review = _review(visit)
    shots = {
        "overview": ("/", _TALL),
        "connection": (made.connection(), _WIDE),
        "wizard": (review, _WIDE),
        "phone": (made.path, _PHONE),
    }
    for name, (path, size) in shots.items():
        visit.page.set_viewport_size({"width": size[0], "height": size[1]})
        visit.go(path)
        for scheme in SCHEMES:
            _shoot(visit.page, directory / f"{name}-{scheme}.png", scheme)
    context.close()


def _shoot(page: Page, path: Path, scheme: Scheme) -> None:
    page.emulate_media(color_scheme=scheme)
    page.mouse.move(0, 0)
    page.screenshot(path=path, animations="disabled", caret="hide", scale="css")


def _network(product: Product) -> Made:
    """Two connected VPCs, an office whose device does not respond, and a disabled laboratory."""
    psk = new_psk()
    lisbon = make(product, make_subnet(product, "lisbon", _LISBON), "lisbon")
    joined = {"peer_address": lisbon.address, "peer_cidrs": [_LISBON], "psk": psk}
    frankfurt = make(
        product,
        make_subnet(product, "frankfurt", _FRANKFURT),
        "frankfurt",
        connection("to-lisbon", 1, _FRANKFURT, **joined),
        connection("to-office", 40, _FRANKFURT),
        connection("to-laboratory", 41, _FRANKFURT, admin_state_up=False),
    )
    back = {"peer_address": frankfurt.address, "peer_cidrs": [_FRANKFURT], "psk": psk}
    path = f"vpn_gateways/{lisbon.gateway['id']}/connections"
    product.ask("POST", path, connection("to-frankfurt", 2, _LISBON, **back))
    rows = f"vpn_gateways/{frankfurt.gateway['id']}/connections"

    def settled() -> bool:
        found = {row["name"]: row for row in product.ask("GET", rows)["connections"]}
        return found["to-lisbon"]["status"] == "up" and bool(found["to-office"]["status_reasons"])

    wait_for(settled, 60, every=0.5)
    return frankfurt


def _review(visit: Visit) -> str:
    """The path of the wizard's last step."""
    visit.go("/gateways/new")
    visit.fill(name="porto")
    choose_subnet(visit, "subnet-1")
    visit.submit()
    fill_connection(visit, "to-office", Peer("203.0.113.40", "10.40.0.0/16", new_psk()))
    visit.submit()
    visit.submit()
    expect(visit.page.get_by_role("heading", name="What this uses")).to_be_visible()
    return visit.page.url.removeprefix(visit.product.url)


if __name__ == "__main__":
    main()
