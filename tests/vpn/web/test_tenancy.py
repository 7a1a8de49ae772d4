"""Every route with another account's ids: nothing is seen, nothing is changed, 404."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from console.core.actor import Role
from console.core.models import AuditEvent
from console.core.services.invitations import create_invitation
from tests.factories import (
    Party,
    errors_of,
    make_connection,
    make_ike_policy,
    make_instance,
    make_ipsec_policy,
)
from vpn.models.drafts import WizardDraft
from vpn.services.handoff import create_link

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Routes without an id of an object, and those of Django and of the account's own people.
NO_OBJECT = ("admin/", "^v1", "manual/", "static", "v1/regions")


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route of the site as (template, pattern)."""
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if not path.startswith(NO_OBJECT):
                yield from routes(entry.url_patterns, path)
        elif not path.startswith(NO_OBJECT) and "<" in path:
            yield path, entry


@pytest.fixture
def theirs(ben: Party) -> dict[str, str]:
    """Something of Ben's for every id that a route may name."""
    ike, ipsec = make_ike_policy(ben), make_ipsec_policy(ben)
    connection = make_connection(ben, ike_policy={"id": str(ike.pk)}, ipsec_policy={"id": str(ipsec.pk)})
    gateway = connection.gateway
    instance = make_instance(ben, gateway.subnet)
    prefix = gateway.vpc.address_prefixes.get()
    expiry = timezone.now() + timedelta(hours=1)
    link, _ = create_link(ben.editor, gateway.pk, connection.pk, hours=1)
    invitation, _ = create_invitation(ben.administrator, role=Role.VIEWER, label="theirs")
    draft = WizardDraft.objects.create(account=ben.account, user=ben.user, expires_at=expiry)
    return {
        "vpn_gateway_id": str(gateway.pk),
        "gateway_id": str(gateway.pk),
        "connection_id": str(connection.pk),
        "ike_policy_id": str(ike.pk),
        "ipsec_policy_id": str(ipsec.pk),
        "vpc_id": str(gateway.vpc_id),
        "prefix_id": str(prefix.pk),
        "subnet_id": str(gateway.subnet_id),
        "member_id": str(gateway.members.first().pk),
        "reserved_ip_id": str(instance.pk),
        "service_connection_id": str(connection.pk),
        "instance_id": str(instance.pk),
        "group_id": str(ben.account.resource_groups.get().pk),
        "key_id": str(ben.account.api_keys.create(name="theirs", digest="x", hint="x").pk),
        "draft_id": str(draft.pk),
        "invitation_id": str(invitation.pk),
        "link_id": str(link.pk),
        "uid": "OTk5",
        "vendor": "strongswan",
        "token": "not-the-one",
        "session_id": str(ben.user.sign_ins.create(session_key="theirs").pk),
        "membership_id": str(ben.account.memberships.get().pk),
        "cidr": "10.0.0.0/24",
        "side": "peer",
    }


def filled(template: str, ids: dict[str, str], kind: str = "") -> str | None:
    """The route with ids in it; None when it names something that is not known here."""
    names = re.findall(r"<(?:\w+:)?(\w+)>", template)
    values = {name: ids.get(name) for name in names}
    if "row_id" in values:
        kind = re.findall(r"/(\w+)s/<", template)[0]
        values["row_id"] = ids[f"{kind}_id"]
    if "policy_id" in values:
        values["policy_id"] = ids["ike_policy_id" if "ike" in template else "ipsec_policy_id"]
    if None in values.values():
        return None
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(values[m[1]]), template)


def test_there_are_routes_to_walk() -> None:
    templates = [template for template, _ in routes()]
    assert sum(template.startswith("v1/") for template in templates) >= 20
    assert sum(not template.startswith("v1/") for template in templates) >= 5


def test_nobody_reaches_another_account(ana: Party, theirs: dict[str, str]) -> None:
    browser, api = ana.browser(), ana.api
    events = AuditEvent.objects.count()
    walked: list[str] = []
    for template, _ in routes():
        path = filled(template, theirs)
        assert path is not None, f"the test does not know an id in {template}"
        for method in METHODS:
            response = api(method, path, {}) if path.startswith("/v1/") else _page(browser, method, path)
            where = f"{method} {path}: {response.status_code}"
            # A status that a page asks for sends the page home when its gateway is not there.
            home = response.get("HX-Redirect") == "/gateways" and not response.content
            assert response.status_code in {404, 405} or home, where
            walked.append(where)
            for value in (b"203.0.113.1", b"VPNDemoPassword"):
                assert value not in response.content, where
        assert "/status" in path or any(": 404" in where for where in walked[-len(METHODS) :]), template
    assert AuditEvent.objects.count() == events
    assert not AuditEvent.objects.filter(account=ana.account, target_type="vpn_gateway").exists()


def _page(browser: Client, method: str, path: str) -> Any:
    return browser.generic(method, path, b"", content_type="application/x-www-form-urlencoded")


def test_lists_show_only_ones_own(ana: Party, theirs: dict[str, str]) -> None:
    for collection in ("vpn_gateways", "ike_policies", "ipsec_policies", "vpcs", "subnets", "instances"):
        page = ana.api.get(f"/v1/{collection}").json()
        assert (page[collection], page["total_count"]) == ([], 0)


def test_nobody_uses_what_another_has(ana: Party, theirs: dict[str, str]) -> None:
    """A reference to another account's thing is a reference to nothing: 400."""
    mine = make_connection(ana)
    path = f"/v1/vpn_gateways/{mine.gateway_id}/connections/{mine.pk}"
    subnet, nic = {"id": theirs["subnet_id"]}, "primary_network_interface"
    ike, ipsec, group = ({"id": theirs[f"{word}_id"]} for word in ("ike_policy", "ipsec_policy", "group"))
    vpc = {"vpc": {"id": theirs["vpc_id"]}, "ipv4_cidr_block": "192.168.1.0/24"}
    for method, where, body, code, field in (
        ("POST", "/v1/vpn_gateways", {"subnet": subnet}, "vpn_gateway_subnet_not_found", "subnet"),
        ("POST", "/v1/subnets", vpc, "vpc_not_found", "vpc"),
        ("POST", "/v1/instances", {nic: {"subnet": subnet}}, "subnet_not_found", f"{nic}.subnet"),
        ("PATCH", path, {"ike_policy": ike}, "ike_policy_not_found", "ike_policy"),
        ("PATCH", path, {"ipsec_policy": ipsec}, "ipsec_policy_not_found", "ipsec_policy"),
        ("POST", "/v1/vpcs", {"resource_group": group}, "validation_invalid_ref", "resource_group"),
    ):
        response = ana.api(method, where, body)
        assert response.status_code == 400, (where, response.content)
        found = [(code, target.removesuffix(".id")) for code, target in errors_of(response)]
        assert found == [(code, field)], where


def test_ids_of_two_accounts_do_not_mix(ana: Party, theirs: dict[str, str]) -> None:
    """One's own gateway does not open another's connection, nor the other way round."""
    mine = make_connection(ana)
    mixed = (
        (str(mine.gateway_id), theirs["connection_id"], "vpn_connection_not_found"),
        (theirs["vpn_gateway_id"], str(mine.pk), "vpn_gateway_not_found"),
    )
    for gateway, connection, code in mixed:
        for tail in ("", "/local_cidrs", "/peer_cidrs/10.0.0.0/24"):
            response = ana.api.get(f"/v1/vpn_gateways/{gateway}/connections/{connection}{tail}")
            assert response.status_code == 404
            assert response.json()["errors"][0]["code"] == code
