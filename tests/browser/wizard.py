"""The wizard's steps, as a person takes them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.browser.visits import Visit


@dataclass(frozen=True, slots=True)
class Peer:
    """The parameters of the peer."""

    address: str
    cidr: str
    psk: str


def make_gateway(visit: Visit, name: str, subnet: str, peer: Peer | None = None) -> str:
    """To the new gateway's page, which is left open; without a peer the connection is skipped.
    Answers its public address."""
    visit.go("/gateways/new")
    visit.fill(name=name)
    choose_subnet(visit, subnet)
    visit.submit()
    if peer is None:
        visit.choose("skip")
    else:
        fill_connection(visit, f"{name}-peer", peer)
        visit.submit()
        visit.submit()
    visit.submit()
    visit.page.get_by_role("list", name="Progress").wait_for()
    to_gateway(visit, name)
    return visit.page.locator("[data-public-address]").inner_text().strip()


def to_gateway(visit: Visit, name: str) -> None:
    """From the progress page, which may lead there by itself meanwhile."""
    heading = visit.page.get_by_role("heading", name=name, exact=True)
    link = visit.page.get_by_role("link", name="Go to the gateway", exact=True)
    link.or_(heading).first.wait_for()
    if not heading.is_visible():
        visit.go(visit.page.url.removeprefix(visit.product.url).removesuffix("/progress"))
    heading.wait_for()


def add_connection(visit: Visit, name: str, peer: Peer) -> None:
    """From the page of its gateway, back to it."""
    visit.follow("New connection")
    fill_connection(visit, name, peer)
    visit.submit()
    visit.page.locator("#part-status").wait_for()


def fill_connection(visit: Visit, name: str, peer: Peer) -> None:
    """Local CIDRs stay as they are proposed."""
    visit.fill(name=name, peer_address=peer.address, psk=peer.psk, peer_cidrs=peer.cidr)


def choose_subnet(visit: Visit, name: str) -> None:
    select = visit.page.locator("[name=subnet]")
    select.select_option(select.locator("option").filter(has_text=name).get_attribute("value"))
