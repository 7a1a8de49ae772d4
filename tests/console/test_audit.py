from __future__ import annotations

from uuid import uuid4

from console.actor import Role
from console.audit import record
from console.models import AuditEvent
from console.services import add_member, remove_member, set_role
from tests.factories import PSK, Api, Party, make_connection, make_gateway, path_of


def test_who_what_when_from_where(ana: Party) -> None:
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
    assert (event.target_type, event.target_id) == ("VPN gateway", str(gateway.pk))
    assert event.changes == {"name": ["first", "second"]}


def test_no_secret_is_ever_written_down(ana: Party) -> None:
    connection = make_connection(ana)
    assert ana.api.patch(path_of(connection), {"psk": "another-key"}).status_code == 200
    assert AuditEvent.objects.order_by("id").last().changes["psk"] == "changed"
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
