"""The browsable API in generation 2: forms of the newest version, whichever version is requested."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from policies.models import IKEPolicy
from tests.console.core.api.test_browsable import names, page
from tests.factories import (
    PSK,
    Party,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_ipsec_policy,
    path_of,
)
from vpn.models import Connection

TODAY = "?version=2026-10-06&generation=2"


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


def test_every_page_has_its_forms(ana: Party, browser: Client) -> None:
    ike, ipsec = make_ike_policy(ana), make_ipsec_policy(ana)
    row = make_connection(ana)
    for path, wanted in (
        ("/v1/vpn_gateways", {"name", "mode", "subnet.id"}),
        (path_of(row.gateway), {"name"}),
        (f"{path_of(row.gateway)}/members", set()),
        (
            f"{path_of(row.gateway)}/connections",
            {"peer.address", "peer.cidrs", "local.cidrs", "establish_mode"},
        ),
        (path_of(row), {"peer.address", "dead_peer_detection.interval"}),
        ("/v1/ike_policies", {"dh_groups", "dh_group", "encryption_algorithms"}),
        (f"/v1/ike_policies/{ike.pk}", {"dh_groups"}),
        (f"/v1/ipsec_policies/{ipsec.pk}", {"pfs_groups"}),
    ):
        response = page(browser, "GET", path + TODAY)
        assert response.status_code == 200, path
        assert wanted <= names(response), path
        assert "ike_identities" not in names(response)


def test_a_connection_and_a_policy_by_their_forms(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    form: dict[str, Any] = {
        "psk": PSK,
        "peer.address": "203.0.113.9",
        "peer.cidrs": "10.1.0.0/24, 10.2.0.0/24",
        "local.cidrs": "192.168.100.0/24",
        "establish_mode": "peer_only",
    }
    assert page(browser, "POST", f"{path_of(gateway)}/connections{TODAY}", form).status_code == 201
    row = Connection.objects.get()
    assert (row.establish_mode, row.api_generation, row.cidrs.count()) == ("peer_only", 2, 3)
    form = {
        "encryption_algorithms": "aes256 aes192",
        "authentication_algorithm": "sha256",
        "dh_groups": "31, 14",
    }
    made = page(browser, "POST", f"/v1/ike_policies{TODAY}", form | {"ike_version": "2"})
    assert made.status_code == 201
    policy = IKEPolicy.objects.get()
    assert (policy.encryption_algorithms, policy.dh_groups) == (["aes256", "aes192"], [31, 14])
    path = f"/v1/ike_policies/{policy.pk}{TODAY}"
    assert page(browser, "PATCH", path, {"dh_groups": "20"}).status_code == 200
    refused = page(browser, "PATCH", path, {"dh_groups": "twenty"})
    assert refused.status_code == 400 and "A whole number is needed" in refused.content.decode()
    dry = page(browser, "POST", f"/v1/ike_policies{TODAY}&dry_run=true", form | {"ike_version": "2"})
    assert dry.status_code == 200 and IKEPolicy.objects.count() == 1


def entered(response: Any) -> dict[str, str]:
    """What a form of the page holds, as a browser would send it back."""
    reader = FormReader()
    reader.feed(response.content.decode())
    return reader.values


class FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "select":
            self.select = attributes.get("name") or ""
        elif tag == "option" and "selected" in attributes and self.select:
            self.values[self.select] = attributes.get("value") or ""
        elif (
            tag == "input" and attributes.get("type", "text") in ("text", "number") and attributes.get("name")
        ):
            self.values[str(attributes["name"])] = attributes.get("value") or ""


@pytest.mark.parametrize("query", ["", TODAY])
@pytest.mark.parametrize("several", [False, True])
def test_a_form_sent_back_as_it_came_changes_nothing(
    ana: Party, browser: Client, query: str, several: bool
) -> None:
    policy = make_ike_policy(ana)
    if several:
        policy.dh_groups = [31, 14]
        policy.save()
    path = f"/v1/ike_policies/{policy.pk}{query}"
    values = entered(page(browser, "GET", path))
    shown = {"dh_groups": "31, 14"} if several and query else {} if several else {"dh_group": "14"}
    assert {name: values[name] for name in ("dh_group", "dh_groups") if values.get(name)} == shown
    assert page(browser, "PATCH", path, values).status_code == 200
    again = IKEPolicy.objects.get()
    assert (again.dh_groups, again.encryption_algorithms) == (policy.dh_groups, policy.encryption_algorithms)
    row = make_connection(ana)
    connection = f"{path_of(row)}{query}"
    values = entered(page(browser, "GET", connection))
    assert values["peer.address"] == row.peer_address
    assert page(browser, "PATCH", connection, values).status_code == 200
