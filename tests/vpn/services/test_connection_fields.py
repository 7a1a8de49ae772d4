"""Every declared field of a connection reaches row, audit trail, ETag and the update, by its declaration."""

from __future__ import annotations

from typing import Any, cast

import pytest

from console.core.models import AuditEvent
from tests.factories import Party, make_connection, make_gateway
from vpn.api.etag import etag_of
from vpn.domain.connection_drafts import DECLARED
from vpn.domain.declarations import put_at
from vpn.models import Connection
from vpn.services.connection_drafts import draft_of, fields_of
from vpn.services.connections import create_connection, get_connection, update_connection
from vpn.services.fields import ConnectionFields

CHANGED = {
    "name": "other",
    "peer_address": "203.0.113.77",
    "psk": "AnotherPassword1",
    "admin_state_up": False,
    "dpd_action": "clear",
    "dpd_interval": 7,
    "dpd_timeout": 77,
    "establish_mode": "peer_only",
}
FIXED = {
    "local_cidrs": ["192.168.101.0/24"],
    "peer_cidrs": ["10.77.0.0/24"],
    "local_identity": {"type": "fqdn", "value": "here.example.com"},
    "peer_identity": {"type": "key_id", "value": "Kg=="},
}


def body_of(**values: Any) -> ConnectionFields:
    found: dict[str, Any] = {}
    for name, value in values.items():
        put_at(found, DECLARED[name].path, value)
    return cast(ConnectionFields, found)


def test_nothing_declared_is_left_out_here() -> None:
    assert {*CHANGED, *FIXED, "peer_fqdn", "api_generation"} == set(DECLARED)


@pytest.mark.django_db
@pytest.mark.parametrize("name", CHANGED)
def test_a_change_of_a_field_arrives_everywhere(ana: Party, name: str) -> None:
    row = make_connection(ana)
    before, tag = draft_of(row), etag_of(row)
    update_connection(ana.editor, row.gateway_id, row.pk, body_of(**{name: CHANGED[name]}))
    row = get_connection(ana.editor, row.gateway_id, row.pk)
    after = draft_of(row)
    changed = [one for one in DECLARED if getattr(before, one) != getattr(after, one)]
    assert changed == [name] and getattr(after, name) == CHANGED[name]
    assert etag_of(row) != tag
    event = AuditEvent.objects.filter(action="vpn_connection.update").get()
    expected: Any = "changed" if name == "psk" else [getattr(before, name), CHANGED[name]]
    assert event.changes == {DECLARED[name].audited: expected}


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*CHANGED, *FIXED])
def test_a_field_of_a_new_connection_arrives(ana: Party, name: str) -> None:
    gateway = make_gateway(ana)
    plain = {
        "peer_address": "203.0.113.9", "psk": "VPNDemoPassword",
        "local_cidrs": ["192.168.100.0/24"], "peer_cidrs": ["10.1.0.0/24"],
    }  # fmt: skip
    value = (CHANGED | FIXED)[name]
    made = create_connection(ana.editor, gateway.pk, body_of(**plain | {name: value}))
    row = Connection.objects.get(pk=made.pk)
    assert getattr(draft_of(row), name) == DECLARED[name].parse(value)


@pytest.mark.django_db
def test_the_other_end_gets_the_settings_that_both_share(ana: Party) -> None:
    row = make_connection(ana, dead_peer_detection={"action": "clear", "interval": 7, "timeout": 77})
    found = fields_of(row)
    assert set(found) == {
        "psk", "admin_state_up", "dead_peer_detection", "api_generation", "ike_policy", "ipsec_policy",
    }  # fmt: skip
    assert found["dead_peer_detection"] == {"action": "clear", "interval": 7, "timeout": 77}
