"""Changes in the admin site: refused with the rule's message, and recorded only if something differs."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from console.core.actor import Role
from console.core.models import AuditEvent, Membership, ResourceGroup
from console.core.services import set_role
from console.core.services.administration import rename_resource_group, update_account
from tests.adminsite import change, errors, superuser
from tests.factories import Party, make_connection
from tests.pages import text_of


@pytest.fixture
def root(db: None) -> Client:
    """A superuser who belongs to no account."""
    return superuser()


@pytest.mark.parametrize("quotas", ["[1]", "[]", '"x"', "5", "true"])
def test_quotas_are_an_object(root: Client, ana: Party, quotas: str) -> None:
    response = change(root, "console_account", ana.account, name="ana", quotas=quotas)
    assert errors(response) == {
        "quotas": ['quotas is an object of limits and whole numbers, such as {"gateways": 50}; this is not.']
    }
    ana.account.refresh_from_db()
    assert ana.account.quotas == {}


@pytest.mark.parametrize("quotas", ["", "null", "{}"])
def test_quotas_can_be_removed(root: Client, ana: Party, quotas: str) -> None:
    update_account(ana.administrator, quotas={"gateways": 3})
    form = {"name": "ana", "quotas": quotas, "initial-quotas": '{"gateways": 3}'}
    assert change(root, "console_account", ana.account, **form).status_code == 302
    ana.account.refresh_from_db()
    assert ana.account.quotas == {}


@pytest.mark.parametrize("quotas", ["", "null", "{}"])
def test_an_account_saved_as_it_was_leaves_no_event(root: Client, ana: Party, quotas: str) -> None:
    form = {"name": "ana", "quotas": quotas, "api_keys_read_psk": "on"}
    assert change(root, "console_account", ana.account, **form).status_code == 302
    assert not AuditEvent.objects.filter(action="account.update").exists()


def test_services_record_only_what_differs(ana: Party) -> None:
    member = Membership.objects.get(account=ana.account)
    group = ResourceGroup.objects.get(account=ana.account)
    before = AuditEvent.objects.count()
    set_role(ana.administrator, member.pk, Role.ADMINISTRATOR)
    rename_resource_group(ana.administrator, group.pk, f" {group.name} ")
    update_account(ana.administrator, name="ana")
    assert AuditEvent.objects.count() == before


def test_a_person_saved_as_they_were_leaves_no_event(root: Client, ana: Party) -> None:
    url = reverse("admin:console_user_change", args=[ana.user.pk])
    form = root.get(url).context["adminform"].form
    fields = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    assert root.post(url, fields).status_code == 302
    assert not AuditEvent.objects.filter(action="person.update").exists()


def test_the_audit_trail_is_filtered_by_interface_action_and_time(root: Client, ana: Party) -> None:
    make_connection(ana)
    root.post(reverse("admin:console_account_add"), {"name": "made-here"})
    url = reverse("admin:console_auditevent_changelist")

    def actions(**query: str) -> set[str]:
        found = root.get(url, query)
        assert found.status_code == 200
        return {event.action for event in found.context["cl"].result_list}

    assert actions(via="admin") == {"account.create"}
    assert actions(action="vpn_gateway.create") == {"vpn_gateway.create"}
    assert "vpn_gateway.create" in actions(at__gte="2019-01-01 00:00:00+00:00")
    assert actions(at__lt="2019-01-01 00:00:00+00:00") == set()
    assert actions(via="admin", action="vpn_gateway.create") == set()
    page = text_of(root.get(url, {"action": "no.such"}))
    for words in ("By via", "By action", "vpn_connection.create", "Past 7 days"):
        assert words in page


def test_filters_of_the_audit_trail_read_only_the_latest_events(
    root: Client, ana: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.core.admin.records._LATEST", 1)
    make_connection(ana)
    page = text_of(root.get(reverse("admin:console_auditevent_changelist")))
    assert "?action=vpn_connection.create" in page and "?action=vpn_gateway.create" not in page
    assert "Show counts" not in page
