"""The admin site: for superusers, through the services, without secrets."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from console.core.actor import Role
from console.core.environment import TrustedProxies
from console.core.models import Account, AuditEvent, Membership, ResourceGroup, User
from console.core.services import add_member, create_api_key
from console.core.services.administration import create_resource_group
from tests.adminsite import errors, superuser
from tests.factories import PASSWORD, Party, make_connection, make_vpc
from tests.pages import text_of


@pytest.fixture
def root(db: None) -> Client:
    """A superuser who belongs to no account."""
    return superuser()


def add_url(name: str) -> str:
    return reverse(f"admin:{name}_add")


def change_url(name: str, row: Any) -> str:
    return reverse(f"admin:{name}_change", args=[row.pk])


def delete_url(name: str, row: Any) -> str:
    return reverse(f"admin:{name}_delete", args=[row.pk])


def test_every_model_of_the_product_is_there() -> None:
    missing = [
        model
        for app in ("console", "policies", "vpn")
        for model in apps.get_app_config(app).get_models()
        if model not in admin.site._registry
    ]
    assert not missing


def test_every_list_and_every_add_form_opens(root: Client, ana: Party) -> None:
    make_connection(ana)
    for model, site in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        assert root.get(reverse(f"admin:{name}_changelist"), {"q": "a"}).status_code == 200, name
        add = root.get(add_url(name))
        assert add.status_code == (200 if site.has_add_permission(add.wsgi_request) else 403), name


def test_an_administrator_of_an_account_is_sent_away(ana: Party) -> None:
    browser = ana.browser()
    for url in (reverse("admin:index"), reverse("admin:vpn_gateway_changelist")):
        response = browser.get(url)
        assert response.status_code == 302 and response["Location"].startswith(reverse("admin:login"))


def test_a_new_account_gets_its_resource_group(root: Client) -> None:
    root.post(add_url("console_account"), {"name": "cleo"})
    account = Account.objects.get(name="cleo")
    assert ResourceGroup.objects.get(account=account).is_default
    assert AuditEvent.objects.get(account=account).who == "root"


def test_limits_of_an_account(root: Client, ana: Party) -> None:
    url = change_url("console_account", ana.account)
    form = {"name": "ana", "api_keys_read_psk": "on"}
    response = root.post(url, {**form, "quotas": '{"gateways": -1, "gatways": 3}'})
    assert len(errors(response)["quotas"]) == 2
    assert root.post(url, {**form, "quotas": '{"gateways": 50}'}).status_code == 302
    ana.account.refresh_from_db()
    assert ana.account.quotas == {"gateways": 50}
    event = AuditEvent.objects.get(action="account.update")
    assert (event.who, event.via, event.changes) == ("root", "admin", {"quotas": [{}, {"gateways": 50}]})


def test_a_name_in_use_is_reported_at_its_field(root: Client, ana: Party, ben: Party) -> None:
    response = root.post(change_url("console_account", ben.account), {"name": "ana", "quotas": "{}"})
    assert errors(response) == {"name": ["Another account is called ana."]}


def test_accounts_and_people_are_never_deleted(root: Client, ana: Party) -> None:
    assert root.post(delete_url("console_account", ana.account), {"post": "yes"}).status_code == 403
    assert root.post(delete_url("console_user", ana.user), {"post": "yes"}).status_code == 403


def test_resource_groups(root: Client, ana: Party) -> None:
    root.post(add_url("console_resourcegroup"), {"account": str(ana.account.pk), "name": "lab"})
    lab = ResourceGroup.objects.get(name="lab", account=ana.account)
    assert lab.account == ana.account and not lab.is_default
    root.post(change_url("console_resourcegroup", lab), {"name": "laboratory"})
    lab.refresh_from_db()
    assert lab.name == "laboratory"
    root.post(delete_url("console_resourcegroup", lab), {"post": "yes"})
    assert not ResourceGroup.objects.filter(pk=lab.pk).exists()


def test_a_resource_group_in_use_stays(root: Client, ana: Party) -> None:
    make_vpc(ana)
    default = ResourceGroup.objects.get(account=ana.account)
    page = root.post(delete_url("console_resourcegroup", default), {"post": "yes"}, follow=True)
    assert "keeps its default resource group" in text_of(page)
    group = create_resource_group(ana.administrator, "lab")
    vpc = make_vpc(ana)
    type(vpc).objects.filter(pk=vpc.pk).update(resource_group=group)
    page = root.post(delete_url("console_resourcegroup", group), {"post": "yes"}, follow=True)
    assert "The resource group lab is not empty" in text_of(page)
    assert ResourceGroup.objects.filter(pk=group.pk).exists()


def test_members(root: Client, ana: Party, ben: Party) -> None:
    """Nobody is made a member without accepting: there is nothing to add here."""
    fields = {"account": str(ana.account.pk), "user": ben.user.pk, "role": "viewer"}
    assert root.post(add_url("console_membership"), fields).status_code == 403
    assert not Membership.objects.filter(account=ana.account, user=ben.user).exists()
    member = add_member(ana.administrator, ben.user, Role.VIEWER)
    root.post(change_url("console_membership", member), {"role": "operator"})
    member.refresh_from_db()
    assert member.role == "operator"
    row, _ = create_api_key(replace(ana.administrator, user_id=ben.user.pk), name="deploy", role=Role.EDITOR)
    page = root.post(delete_url("console_membership", member), {"post": "yes"}, follow=True)
    valid = f"API keys that ben created and that remain valid: deploy ({row.hint}…)."
    assert valid in text_of(page)
    assert not Membership.objects.filter(pk=member.pk).exists()


def test_the_last_administrator_stays(root: Client, ana: Party) -> None:
    member = Membership.objects.get(account=ana.account)
    page = root.post(delete_url("console_membership", member), {"post": "yes"}, follow=True)
    assert "An account needs an administrator" in text_of(page)
    response = root.post(change_url("console_membership", member), {"role": "viewer"})
    assert "role" in errors(response)
    member.refresh_from_db()
    assert member.role == "administrator"


def test_a_new_person_has_no_password_that_others_know(root: Client) -> None:
    fields = {"username": "cleo", "email": "cleo@example.com", "password": PASSWORD}
    assert root.post(add_url("console_user"), fields).status_code == 302
    cleo = User.objects.get(username="cleo")
    assert not cleo.has_usable_password() and not cleo.is_superuser and not cleo.is_staff
    assert errors(root.post(add_url("console_user"), fields))["username"]


def test_a_superuser_is_staff_and_cannot_lock_himself_out(root: Client, ana: Party) -> None:
    fields = {"username": "ana", "email": "", "is_active": "on", "is_superuser": "on"}
    root.post(change_url("console_user", ana.user), fields)
    ana.user.refresh_from_db()
    assert ana.user.is_staff
    me = User.objects.get(username="root")
    response = root.post(change_url("console_user", me), {"username": "root"})
    assert set(errors(response)) == {"is_active", "is_superuser"}


def test_keys_are_revoked_not_made(root: Client, ana: Party) -> None:
    key, _ = create_api_key(ana.administrator, name="deploy", role=Role.EDITOR)
    assert root.get(add_url("console_apikey")).status_code == 403
    url = reverse("admin:console_apikey_changelist")
    root.post(url, {"action": "revoke", "_selected_action": [str(key.pk)]})
    key.refresh_from_db()
    assert not key.usable
    event = AuditEvent.objects.get(action="api_key.revoke")
    assert (event.account_id, event.via) == (ana.account.pk, "admin")


def test_the_audit_trail_is_only_read(root: Client, ana: Party) -> None:
    event = AuditEvent.objects.filter(account=ana.account).first()
    assert root.post(change_url("console_auditevent", event), {"who": "nobody"}).status_code == 403
    assert root.post(delete_url("console_auditevent", event), {"post": "yes"}).status_code == 403


def test_a_choice_shows_the_tenant(root: Client, ana: Party, ben: Party) -> None:
    url = reverse("admin:row_choices")
    asked = {"app_label": "vpn", "model_name": "vpc", "field_name": "resource_group", "term": "default"}
    results = root.get(url, asked).json()["results"]
    assert {found["text"] for found in results} == {"default (ana)", "default (ben)"}
    assert ana.browser().get(url, asked).status_code == 302
    assert url in text_of(root.get(add_url("vpn_vpc")))


def test_changes_of_people_are_audited(root: Client, settings: LazySettings) -> None:
    root.post(add_url("console_user"), {"username": "dora", "email": "d@example.com"})
    dora = User.objects.get(username="dora")
    url = reverse("admin:auth_user_password_change", args=[dora.pk])
    settings.TRUSTED_PROXIES = TrustedProxies((ip_network("127.0.0.1"),))
    headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.5"}
    assert root.post(url, headers=headers).status_code == 200
    events = AuditEvent.objects.filter(target_type="person", target_name="dora").order_by("id")
    assert [(e.action, e.who) for e in events] == [
        ("person.create", "root"),
        ("person.password_link", "root"),
    ]
    assert events[1].address == "203.0.113.5" and events[1].via == "admin"
