"""The admin site says how many tunnels a form, a deletion or an action ends, before it ends them."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from policies.models import IKEPolicy
from tests.adminsite import change, delete, errors, superuser
from tests.factories import (
    Party,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_ipsec_policy,
)
from tests.pages import text_of
from tests.vpn.admin.test_forms import connection_form
from tests.vpn.up import up
from vpn.models import Connection, Gateway
from vpn.services.connections import cidrs_of

HIDDEN = '<input type="hidden" name="interrupt" value="1">'
PEERS = ["10.0.0.0/24", "10.5.0.0/16"]


@pytest.fixture
def root(db: None) -> Client:
    return superuser()


@pytest.fixture
def row(ana: Party) -> Connection:
    return up(make_connection(ana, peer_cidrs=PEERS))


def unescaped(response: Any) -> str:
    return unescape(text_of(response))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"peer_address": "203.0.113.99"}, "1 tunnel ends and is negotiated again: connection-0: "),
        ({"admin_state_up": ""}, "1 tunnel that is up ends: connection-0: the connection is disabled."),
        ({"peer_cidrs": PEERS[0]}, "CIDR pairs of 1 tunnel end, others go on: connection-0: "),
    ],
)
def test_the_form_of_a_connection(
    root: Client, row: Connection, changes: dict[str, str], expected: str
) -> None:
    fields = connection_form(row, **changes)
    before = (Connection.objects.values().get(), cidrs_of(Connection.objects.get()))
    asked = change(root, "vpn_connection", row, **fields)
    (message,) = errors(asked)["__all__"]
    assert message.startswith(f"Nothing is saved yet. {expected}") and HIDDEN in unescaped(asked)
    assert (Connection.objects.values().get(), cidrs_of(Connection.objects.get())) == before
    assert change(root, "vpn_connection", row, **fields, interrupt="1").status_code == 302
    assert (Connection.objects.values().get(), cidrs_of(Connection.objects.get())) != before


def test_what_ends_no_tunnel_is_saved_at_once(root: Client, row: Connection) -> None:
    page = unescaped(root.get(reverse("admin:vpn_connection_change", args=[row.pk])))
    assert 'name="interrupt"' not in page
    fields = connection_form(row, name="renamed", peer_cidrs="\n".join([*PEERS, "10.7.0.0/16"]))
    assert change(root, "vpn_connection", row, **fields).status_code == 302
    row.refresh_from_db()
    assert row.name == "renamed" and "10.7.0.0/16" in cidrs_of(Connection.objects.get())[1]


def test_the_form_of_a_policy(root: Client, ana: Party) -> None:
    policy = make_ike_policy(ana, encryption_algorithm="aes256")
    gateway = make_gateway(ana)
    for number in (1, 2):
        up(make_connection(ana, gateway, number, ike_policy={"id": str(policy.pk)}))
    page = root.get(reverse("admin:policies_ikepolicy_change", args=[policy.pk]))
    form = page.context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    fields = {name: value for name, value in values.items() if value is not None}
    asked = change(root, "policies_ikepolicy", policy, **fields | {"encryption_algorithm": "aes128"})
    assert "2 tunnels end and are negotiated again: " in errors(asked)["__all__"][0]
    assert IKEPolicy.objects.get().encryption_algorithms == ["aes256"]
    sent = fields | {"encryption_algorithm": "aes128", "interrupt": "1"}
    assert change(root, "policies_ikepolicy", policy, **sent).status_code == 302
    assert IKEPolicy.objects.get().encryption_algorithms == ["aes128"]


def test_pages_of_deletion(root: Client, ana: Party, row: Connection) -> None:
    up(make_connection(ana, row.gateway, 1))
    make_connection(ana, row.gateway, 2)
    for kind, one, count in (("connection", row, 1), ("gateway", row.gateway, 2)):
        page = unescaped(root.get(reverse(f"admin:vpn_{kind}_delete", args=[one.pk])))
        assert f"Tunnels that are up and end: {count}" in page
    assert Connection.objects.count() == 3 and Gateway.objects.get().deleted_at is None
    unused = make_ipsec_policy(ana)
    page = unescaped(root.get(reverse("admin:policies_ipsecpolicy_delete", args=[unused.pk])))
    assert "that are up" not in page
    delete(root, "vpn_connection", row)
    assert Connection.objects.count() == 2


@pytest.mark.parametrize("kind", ["gateway", "connection"])
def test_the_action_that_restarts(root: Client, ana: Party, ben: Party, row: Connection, kind: str) -> None:
    other = up(make_connection(ben, number=1))
    make_connection(ana, row.gateway, 2)
    rows: list[Connection | Gateway] = [row, other] if kind == "connection" else [row.gateway, other.gateway]
    data = {"action": "reset", "_selected_action": [str(one.pk) for one in rows]}
    url = reverse(f"admin:vpn_{kind}_changelist")
    asked = root.post(url, data)
    page = unescaped(asked)
    assert asked.status_code == 200
    assert "Nothing is changed yet. 2 tunnels end and are negotiated again: " in page and HIDDEN in page
    for one in rows:
        assert f'<input type="hidden" name="_selected_action" value="{one.pk}">' in page
    assert not Connection.objects.exclude(restart_at=None).exists()
    done = root.post(url, data | {"interrupt": "1"}, follow=True)
    assert "Tunnels to be negotiated again: " in unescaped(done)
    assert Connection.objects.exclude(restart_at=None).count() == (2 if kind == "connection" else 3)
