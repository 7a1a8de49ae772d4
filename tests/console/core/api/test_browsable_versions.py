"""The forms of the browsable API offer what the version of their page takes."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from console.core.api.versions import FORMS, ApiVersion
from tests.console.core.api.test_browsable import names, page
from tests.factories import Party, make_connection, make_gateway, make_ike_policy, make_subnet, path_of

FORM = pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.generation}-{form.date}")
FIRST = "?version=2019-01-01"


class Choices(HTMLParser):
    """`values`: what a browser sends for the unchanged fields; `options` of each select."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.options: dict[str, list[str]] = {}
        self.select = ""
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        name, value = attributes.get("name") or "", attributes.get("value") or ""
        if tag == "select":
            self.select = name
            self.options[name] = []
        elif tag == "option":
            if "selected" in attributes or not self.options[self.select]:
                self.values[self.select] = value
            self.options[self.select].append(value)
        elif tag == "input" and attributes.get("type", "text") in ("text", "number") and name:
            self.values[name] = value


@FORM
def test_a_prefilled_form_can_be_posted_unchanged(ana: Party, form: ApiVersion) -> None:
    browser = ana.browser()
    query = f"?version={form.date}&generation={form.generation}"
    gateway = make_gateway(ana)
    place = {"subnet.id": str(make_subnet(ana).pk)}
    ends = {"peer.address": "203.0.113.9", "peer.cidrs": "10.9.0.0/24", "local.cidrs": "192.168.0.0/24"}
    algorithms = {"authentication_algorithm": "sha256", "encryption_algorithm": "aes256"}
    needed: dict[str, dict[str, str]] = {
        "/v1/vpn_gateways": place,
        f"{path_of(gateway)}/connections": ends | {"psk": "AnotherPassword1"},
        "/v1/ike_policies": algorithms | {"dh_group": "14", "ike_version": "2"},
        "/v1/ipsec_policies": algorithms | {"pfs": "group_14"},
        "/v1/vpcs": {},
        f"/v1/vpcs/{gateway.vpc_id}/address_prefixes": {"cidr": "10.77.0.0/16", "zone.name": "us-south-1"},
        "/v1/instances": {"primary_network_interface.subnet.id": place["subnet.id"]},
    }
    for path, fields in needed.items():
        began = Choices(page(browser, "GET", path + query)).values
        assert began, path
        assert fields.keys() <= began.keys(), path
        # What is needed and begins with something is sent as it began.
        sent = began | {name: value for name, value in fields.items() if not began[name]}
        made = page(browser, "POST", path + query, sent)
        assert made.status_code == 201, (path, sent, re.findall(r"&quot;message.*", made.content.decode()))


@FORM
def test_every_word_of_a_form_is_known_to_its_version(ana: Party, form: ApiVersion) -> None:
    query = f"?version={form.date}&generation={form.generation}"
    options = Choices(page(ana.browser(), "GET", f"/v1/ipsec_policies{query}")).options
    for name in ("authentication_algorithm", "encryption_algorithm", "pfs"):
        for word in filter(None, options[name]):
            body = {
                "authentication_algorithm": "sha256",
                "encryption_algorithm": "aes256",
                "pfs": "disabled",
                name: word,
            }
            if "gcm16" in word:
                body["authentication_algorithm"] = "disabled"
            elif (name, word) == ("authentication_algorithm", "disabled"):
                body["encryption_algorithm"] = "aes256gcm16"
            path = f"/v1/ipsec_policies?generation={form.generation}&dry_run=true"
            assert ana.api.post(path, body, version=str(form.date)).status_code == 200, (name, word)


def test_the_first_version_has_no_field_that_came_later(ana: Party) -> None:
    browser = ana.browser()
    gateway = make_gateway(ana)
    assert not {"mode", "availability_mode"} & names(page(browser, "GET", f"/v1/vpn_gateways{FIRST}"))
    assert "establish_mode" not in names(page(browser, "GET", f"{path_of(gateway)}/connections{FIRST}"))
    shown = Choices(page(browser, "GET", f"/v1/ike_policies{FIRST}"))
    assert not {"dh_groups", "encryption_algorithms", "authentication_algorithms"} & shown.values.keys()
    assert shown.options["dh_group"] == ["", "14", "5", "2"]


def test_what_a_version_cannot_say_stays_as_it_is(ana: Party) -> None:
    """A word that the form does not offer must not turn into the first that it does."""
    browser = ana.browser()
    policy = make_ike_policy(ana)
    policy.dh_groups, policy.authentication_algorithms = [31], ["sha512"]
    policy.save()
    path = f"/v1/ike_policies/{policy.pk}{FIRST}"
    values = Choices(page(browser, "GET", path)).values
    assert (values["dh_group"], values["authentication_algorithm"]) == ("", "")
    assert page(browser, "PATCH", path, values).status_code == 200
    policy.refresh_from_db()
    assert (policy.dh_groups, policy.authentication_algorithms) == ([31], ["sha512"])


def test_a_disabled_connection_stays_disabled(ana: Party) -> None:
    browser = ana.browser()
    row = make_connection(ana, admin_state_up=False)
    values = Choices(page(browser, "GET", path_of(row) + FIRST)).values
    assert page(browser, "PATCH", path_of(row) + FIRST, values).status_code == 200
    row.refresh_from_db()
    assert not row.admin_state_up


@pytest.mark.parametrize("form", [FORMS[0], FORMS[-1]], ids=str)
def test_a_prefilled_raw_form_can_be_sent_unchanged(ana: Party, form: ApiVersion) -> None:
    row = make_connection(ana)
    query = f"?version={form.date}&generation={form.generation}"
    content = page(ana.browser(), "GET", path_of(row) + query).content.decode()
    found = re.search(r'<textarea name="_content"[^>]*>(.*?)</textarea>', content, re.DOTALL)
    assert found
    body = json.loads(unescape(found[1]))
    assert ("peer_address" in body) == (form.generation == 1) and ("peer" in body) != ("peer_address" in body)
    path = f"{path_of(row)}?generation={form.generation}"
    assert ana.api.patch(path, body, version=str(form.date)).status_code == 200


def test_no_page_has_styles_of_its_own(ana: Party) -> None:
    browser = ana.browser()
    row = make_connection(ana)
    for path in ("/v1/vpn_gateways", "/v1/subnets", path_of(row), f"{path_of(row.gateway)}/connections"):
        response = page(browser, "GET", path)
        assert "<fieldset" in response.content.decode() and "style=" not in response.content.decode(), path
