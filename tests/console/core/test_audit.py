from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection as database

from console.core.actor import Role
from console.core.audit import record, target_label
from console.core.models import AuditEvent
from console.core.services import add_member, remove_member, set_role
from tests.factories import PSK, Api, Party, make_connection, make_gateway, path_of
from vpn.models import Gateway


def test_an_event_has_actor_action_time_and_address(ana: Party) -> None:
    gateway = make_gateway(ana, name="first")
    key = ana.key()
    AuditEvent.objects.all().delete()
    response = Api(key).patch(
        path_of(gateway),
        {"name": "second"},
        headers={"X-Request-Id": "deploy-17"},
        REMOTE_ADDR="192.0.2.77",
    )
    assert response.status_code == 200
    event = AuditEvent.objects.get()
    assert event.action == "vpn_gateway.update"
    assert (event.account_id, event.via, event.address) == (ana.account.id, "api", "192.0.2.77")
    assert event.request_id == "deploy-17"
    assert event.who.startswith("key ") and key not in event.who
    assert (event.target_type, event.target_id) == ("vpn_gateway", str(gateway.pk))
    assert event.changes == {"name": ["first", "second"]}


def test_no_secret_is_ever_written_down(ana: Party) -> None:
    connection = make_connection(ana)
    assert ana.api.patch(path_of(connection), {"psk": "another-key"}).status_code == 200
    update = AuditEvent.objects.get(action="vpn_connection.update")
    assert update.changes["psk"] == "changed"
    trail = str(list(AuditEvent.objects.values()))
    for secret in (PSK, "another-key", connection.psk_sealed, ana.api.headers["Authorization"]):
        assert secret not in trail


def test_what_did_not_change_is_left_out(ana: Party) -> None:
    row = make_gateway(ana)
    event = record(ana.editor, "test", row, {"name": ("a", "a"), "id": (None, uuid4()), "cidrs": ([], ["x"])})
    assert set(event.changes) == {"id", "cidrs"}
    assert event.changes["cidrs"] == [[], ["x"]]


def test_a_refused_change_leaves_no_trace(ana: Party) -> None:
    gateway, api = make_gateway(ana), ana.api
    count = AuditEvent.objects.count()
    assert api.patch(path_of(gateway), {"name": "1 bad name"}).status_code == 400
    assert api.patch(path_of(gateway), {"name": gateway.name}).status_code == 200
    assert AuditEvent.objects.count() == count


def test_members_are_audited(ana: Party, ben: Party) -> None:
    member = add_member(ana.administrator, ben.user, Role.VIEWER)
    set_role(ana.administrator, member.pk, Role.EDITOR)
    remove_member(ana.administrator, member.pk)
    actions = AuditEvent.objects.filter(account=ana.account).order_by("id").values_list("action", flat=True)
    assert list(actions)[-3:] == ["member.add", "member.update", "member.remove"]


def test_a_request_id_is_stored_completely(ana: Party) -> None:
    longest = "r" * 128
    response = ana.api.patch(path_of(make_gateway(ana)), {"name": "named"}, headers={"X-Request-Id": longest})
    assert response.headers["X-Request-Id"] == longest
    assert AuditEvent.objects.order_by("-id")[0].request_id == longest


def test_a_renamed_label_keeps_history_together(ana: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = make_gateway(ana)
    before = record(ana.editor, "vpn_gateway.update", gateway, {})
    monkeypatch.setattr(Gateway._meta, "verbose_name", "tunnel endpoint")
    after = record(ana.editor, "vpn_gateway.update", gateway, {})
    assert before.target_type == after.target_type == "vpn_gateway"
    assert target_label("vpn_gateway") == "tunnel endpoint"
    page = ana.browser().get("/activity?type=vpn_gateway").content.decode()
    assert "tunnel endpoint" in page and gateway.name in page


def test_each_kind_of_object_has_a_code_of_its_own() -> None:
    codes = [model.audit_type for model in apps.get_models() if hasattr(model, "audit_type")]
    assert len(set(codes)) == len(codes) >= 13
    assert all(code.islower() and code.isidentifier() for code in codes)
    assert target_label("something_gone") == "something gone"


def test_a_cidr_is_a_change_of_its_connection(ana: Party) -> None:
    """Adding one is not "created VPN connection", removing one not "deleted VPN connection"."""
    path = path_of(make_connection(ana))
    for method in (ana.api.put, ana.api.delete):
        assert method(f"{path}/peer_cidrs/10.77.0.0/16").status_code < 300
    events = AuditEvent.objects.order_by("-id")[:2]
    assert [(e.action, e.target_type) for e in events] == [
        ("vpn_connection.remove_peer_cidr", "vpn_connection"),
        ("vpn_connection.add_peer_cidr", "vpn_connection"),
    ]
    page = ana.browser().get("/activity").content.decode()
    assert "removed a peer CIDR from" in page and "added a peer CIDR to" in page


@pytest.mark.django_db
def test_old_events_get_the_codes() -> None:
    old = AuditEvent.objects.create(
        who="ana",
        via="api",
        action="vpn_connection_peer_cidr.delete",
        target_type="VPN connection",
        target_id="1",
    )
    module = import_module("console.core.migrations.0004_audit_codes")
    module.to_codes(apps, SimpleNamespace(connection=database))
    old.refresh_from_db()
    assert (old.action, old.target_type) == ("vpn_connection.remove_peer_cidr", "vpn_connection")
    module.to_labels(apps, SimpleNamespace(connection=database))
    old.refresh_from_db()
    assert (old.action, old.target_type) == ("vpn_connection_peer_cidr.delete", "VPN connection")
