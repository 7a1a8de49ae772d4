"""The browsable API: the same endpoints with forms, for a person who is signed in."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tests.factories import (
    PSK,
    Party,
    connection_fields,
    make_connection,
    make_gateway,
    make_ike_policy,
    path_of,
)
from vpn.models import Connection, Gateway

HTML = {"Accept": "text/html,application/xhtml+xml"}


def page(client: Client, method: str, path: str, data: dict[str, Any] | None = None) -> Any:
    """As a browser's form sends it: multipart."""
    call = getattr(client, method.lower())
    if method == "PATCH":
        from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

        return call(
            path, encode_multipart(BOUNDARY, data or {}), content_type=MULTIPART_CONTENT, headers=HTML
        )
    return call(path, data, headers=HTML) if data is not None else call(path, headers=HTML)


def names(response: Any) -> set[str]:
    """Of the fields in the page's forms."""
    return set(re.findall(r'<(?:input|select|textarea)\s+[^>]*?name="([\w.]+)"', response.content.decode()))


def test_a_signed_in_person_needs_no_version(ana: Party) -> None:
    make_connection(ana)
    browser = ana.browser()
    gateway = Gateway.objects.get()
    for path in (
        "/v1",
        "/v1/vpn_gateways",
        path_of(gateway),
        f"{path_of(gateway)}/connections",
        "/v1/ike_policies",
    ):
        response = page(browser, "GET", path)
        assert response.status_code == 200, path
        assert response["Content-Type"].startswith("text/html")
        assert "Isthmus API" in response.content.decode()
    assert browser.get("/v1/vpn_gateways?version=nonsense").status_code == 400


def test_no_sign_in_is_required(db: None) -> None:
    response = page(Client(), "GET", "/v1/vpn_gateways")
    assert response.status_code == 401
    assert "Sign in" in response.content.decode()


def test_nothing_of_the_page_breaks_its_policy(ana: Party) -> None:
    response = page(ana.browser(), "GET", "/v1/vpn_gateways")
    content = response.content.decode()
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert "<style>" not in content
    assert not re.search(r"<script(?![^>]*(src=|application/json))", content)
    assert not re.search(r"\son\w+=", content)


def test_a_response_that_is_not_a_document_may_load_nothing(ana: Party) -> None:
    for path in ("/v1/vpn_gateways?version=2019-01-01", "/v1/nowhere?version=2019-01-01"):
        response = ana.browser().get(path, headers={"Accept": "application/json"})
        assert response["Content-Type"].startswith("application/json")
        assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_a_gateway_by_form(ana: Party) -> None:
    subnet = make_gateway(ana).subnet
    browser = ana.browser()
    form = page(browser, "GET", "/v1/vpn_gateways")
    assert {"name", "subnet.id", "resource_group.id"} <= names(form)
    assert "subnet.crn" not in names(form)
    made = page(
        browser,
        "POST",
        "/v1/vpn_gateways",
        {"name": "by-form", "subnet.id": str(subnet.pk), "resource_group.id": ""},
    )
    assert made.status_code == 201, unescape(made.content.decode())[-3000:]
    assert Gateway.objects.filter(name="by-form").exists()


def test_a_connection_by_form(ana: Party) -> None:
    gateway, policy = make_gateway(ana), make_ike_policy(ana)
    data = {
        **connection_fields(1),
        "local_cidrs": "192.168.100.0/24",
        "peer_cidrs": "10.1.0.0/24, 10.2.0.0/24",
        "admin_state_up": "False",
        "dead_peer_detection.action": "restart",
        "dead_peer_detection.interval": "15",
        "dead_peer_detection.timeout": "",
        "ike_policy.id": str(policy.pk),
        "ipsec_policy.id": "",
    }
    made = page(ana.browser(), "POST", f"{path_of(gateway)}/connections", data)
    assert made.status_code == 201, unescape(made.content.decode())[-3000:]
    row = Connection.objects.get()
    assert [cidr.cidr for cidr in row.cidrs.filter(side="peer")] == ["10.1.0.0/24", "10.2.0.0/24"]
    assert (row.admin_state_up, row.dpd_action, row.dpd_interval, row.dpd_timeout) == (
        False,
        "restart",
        15,
        120,
    )
    assert (row.ike_policy, row.ipsec_policy) == (policy, None)


def test_a_refused_form_shows_again_what_was_sent_but_the_key(ana: Party) -> None:
    gateway = make_gateway(ana)
    data = {
        "name": "kept",
        "peer_address": "nonsense",
        "psk": "secret-key",
        "peer_cidrs": "10.1.0.0/24, 10.2.0.0/24",
    }
    refused = page(ana.browser(), "POST", f"{path_of(gateway)}/connections", data)
    content = refused.content.decode()
    assert refused.status_code == 400
    assert 'value="kept"' in content and 'value="10.1.0.0/24, 10.2.0.0/24"' in content
    assert "secret-key" not in content
    assert "validation_invalid_ipv4_address" in content


def test_a_change_by_form(ana: Party) -> None:
    row = make_connection(ana)
    browser = ana.browser()
    form = page(browser, "GET", path_of(row))
    content = form.content.decode()
    assert f'value="{row.name}"' in content
    assert f'value="{PSK}"' not in content, "the answer shows it, no field does"
    changed = page(browser, "PATCH", path_of(row), {"name": "renamed", "psk": "", "admin_state_up": "False"})
    assert changed.status_code == 200, unescape(changed.content.decode())[-3000:]
    row.refresh_from_db()
    assert (row.name, row.admin_state_up, row.open_psk()) == ("renamed", False, PSK)


def test_a_policy_by_form(ana: Party) -> None:
    data = {
        "name": "by-form",
        "authentication_algorithm": "sha256",
        "encryption_algorithm": "3des",
        "dh_group": "14",
        "ike_version": "2",
        "key_lifetime": "",
    }
    made = page(ana.browser(), "POST", "/v1/ike_policies", data)
    assert made.status_code == 201
    wrong = page(ana.browser(), "POST", "/v1/ike_policies", {**data, "name": "x", "key_lifetime": "long"})
    assert "validation_invalid_field_type" in wrong.content.decode()


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_changes_need_the_csrf_token(ana: Party, method: str) -> None:
    gateway = make_gateway(ana)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana.user)
    path = "/v1/vpn_gateways" if method == "POST" else path_of(gateway)
    refused = browser.generic(method, path, b'{"name": "forged"}', content_type="application/json")
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["code"] == "not_authorized"
    gateway.refresh_from_db()
    assert gateway.name != "forged" and gateway.deleted_at is None and Gateway.objects.count() == 1


def test_a_form_with_its_token(ana: Party) -> None:
    subnet = make_gateway(ana).subnet
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana.user)
    form = page(browser, "GET", "/v1/vpn_gateways").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert found
    data = {"csrfmiddlewaretoken": found[1], "name": "by-form", "subnet.id": str(subnet.pk)}
    assert page(browser, "POST", "/v1/vpn_gateways", data).status_code == 201
    refused = page(browser, "POST", "/v1/vpn_gateways", {**data, "csrfmiddlewaretoken": "x" * 64})
    assert refused.status_code == 403


def test_options_describe_an_endpoint(ana: Party) -> None:
    response = ana.api("OPTIONS", "/v1/vpn_gateways")
    assert response.status_code == 200
    assert response.json()["parses"][0] == "application/json"
