"""The API and the pages report which tunnels an edit ends before it is made."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from console.core.models import AuditEvent
from policies.models import IKEPolicy
from tests.factories import (
    Party,
    errors_of,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_ipsec_policy,
    path_of,
)
from tests.vpn.up import up

DRY = "?dry_run=true"


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def policy(ana: Party) -> IKEPolicy:
    return make_ike_policy(
        ana, authentication_algorithm="sha256", encryption_algorithm="aes256", dh_group=14, ike_version=2
    )


@pytest.mark.parametrize(
    ("body", "ends"),
    [
        ({"name": "another-name"}, 0),
        ({"psk": "another-key-1"}, 0),
        ({"dead_peer_detection": {"action": "restart", "interval": 2, "timeout": 10}}, 0),
        ({"peer_address": "198.18.200.9"}, 1),
        ({"admin_state_up": False}, 1),
    ],
)
def test_a_connection_says_whether_its_tunnel_ends(ana: Party, body: dict[str, Any], ends: int) -> None:
    row = up(make_connection(ana))
    events = AuditEvent.objects.filter(action="vpn_connection.update").count()
    before = ana.api.get(path_of(row)).json()
    response = ana.api.patch(path_of(row) + DRY, body)
    assert response.status_code == 200, response.json()
    found = response.json()
    assert (found["dry_run"], found["interrupted_connections"]) == (True, ends)
    assert [one["code"] for one in found["warnings"]] == ["tunnel_interrupted"] * ends
    name = next(iter(body))
    assert found["would_update"][name] == body[name]
    assert ana.api.get(path_of(row)).json() == before
    assert AuditEvent.objects.filter(action="vpn_connection.update").count() == events


def test_what_is_down_is_not_interrupted(ana: Party) -> None:
    row = make_connection(ana)
    found = ana.api.patch(path_of(row) + DRY, {"peer_address": "198.18.200.9"}).json()
    assert (found["interrupted_connections"], found["warnings"]) == (0, [])


def test_mistakes_are_reported_as_without_it(ana: Party) -> None:
    row = up(make_connection(ana))
    for body in ({"psk": "x"}, {"peer_address": "nowhere"}):
        dry, wet = ana.api.patch(path_of(row) + DRY, body), ana.api.patch(path_of(row), body)
        assert dry.status_code == wet.status_code == 400
        assert errors_of(dry) == errors_of(wet)


def test_a_policy_counts_all_connections_whose_tunnel_ends(ana: Party, policy: IKEPolicy) -> None:
    gateway = make_gateway(ana)
    rows = [
        make_connection(ana, gateway=gateway, ike_policy={"id": str(policy.pk)}, number=n) for n in (1, 2, 3)
    ]
    for row in rows[:2]:
        up(row)
    path = f"/v1/ike_policies/{policy.pk}{DRY}"
    for body, ends in (
        ({"key_lifetime": 3600}, 0),
        ({"encryption_algorithm": "aes128"}, 2),
        ({"ike_version": 1}, 2),
    ):
        found = ana.api.patch(path, body).json()
        assert found["interrupted_connections"] == ends, found
    assert all(row.name in found["warnings"][0]["message"] for row in rows[:2])
    policy.refresh_from_db()
    assert policy.ike_version == 2


def test_an_ipsec_policy_too(ana: Party) -> None:
    policy = make_ipsec_policy(
        ana, authentication_algorithm="sha256", encryption_algorithm="aes256", pfs="disabled"
    )
    up(make_connection(ana, ipsec_policy={"id": str(policy.pk)}))
    path = f"/v1/ipsec_policies/{policy.pk}{DRY}"
    for body, ends in (
        ({"key_lifetime": 1800}, 0),
        ({"encryption_algorithm": "aes128"}, 1),
        ({"pfs": "group_14"}, 1),
    ):
        assert ana.api.patch(path, body).json()["interrupted_connections"] == ends, body


def test_nobody_elses(ana: Party, ben: Party, policy: IKEPolicy) -> None:
    row = up(make_connection(ana))
    for path in (path_of(row), f"/v1/ike_policies/{policy.pk}"):
        assert ben.api.patch(path + DRY, {"name": "mine"}).status_code == 404


def test_the_pages_ask_before_they_end_a_tunnel(ana: Party, policy: IKEPolicy, browser: Client) -> None:
    row = up(make_connection(ana, ike_policy={"id": str(policy.pk)}))
    url = reverse("ike_policy_edit", args=[policy.pk])
    fields = _posted(browser.get(url)) | {"ike_version": 1}
    asked = browser.post(url, fields)
    found = asked.content.decode()
    assert asked.status_code == 200 and "1 tunnel ends and is negotiated again" in found and row.name in found
    policy.refresh_from_db()
    assert policy.ike_version == 2
    assert browser.post(url, fields | {"interrupt": "1"}).status_code == 302
    policy.refresh_from_db()
    assert policy.ike_version == 1
    assert browser.post(url, fields | {"ike_version": 2, "key_lifetime": 3600}).status_code == 302


def test_the_page_of_a_connection_asks_too(ana: Party, browser: Client) -> None:
    row = up(make_connection(ana))
    url = reverse("connection_edit", args=[row.gateway_id, row.pk])
    fields = _posted(browser.get(url)) | {"peer_address": "198.18.200.9"}
    asked = browser.post(url, fields)
    assert asked.status_code == 200 and "the peer address changes" in asked.content.decode()
    row.refresh_from_db()
    assert row.peer_address != "198.18.200.9"
    assert browser.post(url, fields | {"interrupt": "1"}).status_code == 302
    row.refresh_from_db()
    assert row.peer_address == "198.18.200.9"


def _posted(page: Any) -> dict[str, Any]:
    """What a browser sends of a form that nobody touched."""
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False, "")}
