"""From the hand-off page to a tunnel: the file taken with its key, given to a bare charon as it is."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.dataplane.bare import bare_peer
from tests.e2e.product import LEFT, Product
from tests.e2e.traffic import passes, ping
from tests.waiting import wait_for

pytestmark = pytest.mark.dataplane

ADDRESS, NETWORK, HOST = "198.18.250.77", "10.66.1.0/24", "10.66.1.1"


def sign_in(client: httpx.Client, known: dict[str, str]) -> None:
    fields = {"username": known["username"], "password": known["password"]}
    form = token_of(client.get("/sign-in").text)
    assert client.post("/sign-in", data=fields | form).status_code == 302


def token_of(page: str) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found
    return {"csrfmiddlewaretoken": found[1]}


def file_with_key(product: Product, path: str) -> str:
    with httpx.Client(base_url=product.url, timeout=20) as client:
        sign_in(client, product.credentials)
        page = client.get(path)
        assert page.status_code == 200
        fields = {"password": product.credentials["password"], "how": "download", **token_of(page.text)}
        response = client.post(f"{path}/strongswan", data=fields)
        assert "attachment" in response.headers["Content-Disposition"]
        return response.text


def test_the_file_of_the_page_makes_a_tunnel(product: Product) -> None:
    gateway = product.gateway("subnet-1")["id"]
    product.wait_until_available(gateway)
    connection = product.connect(gateway, ADDRESS, LEFT, NETWORK)
    text = file_with_key(product, f"/gateways/{gateway}/connections/{connection}/handoff")
    with bare_peer(product.installation_word(), ADDRESS, [NETWORK]) as peer:
        peer.load(text)
        wait_for(lambda: product.status(gateway) == "up", 20)
        left = product.host("vsi-1")
        wait_for(lambda: passes(left, HOST), 10)
        assert ping(left, HOST, times=10) == 10
        for way in ("in", "out"):
            # Both sides may have started at once: then there are two SAs, and one carries it all.
            counted = re.findall(rf"\b{way} .*?(\d+) packets", peer.swanctl("--list-sas").stdout)
            assert sum(map(int, counted)) >= 10, peer.log_text()
