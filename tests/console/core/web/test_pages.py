"""Signing in, accounts, API keys, refusals and the manual."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.test import Client
from django.utils import timezone

from console.core.actor import Role
from console.core.models import ApiKey, AuditEvent, Membership
from console.core.services import add_member, revoke_api_key
from console.core.web.manual import MANUAL
from tests.factories import PASSWORD, Party
from tests.pages import text_of

HTMX = {"HX-Request": "true"}


def as_role(party: Party, role: Role) -> Client:
    """The party's browser after its person's role was changed."""
    Membership.objects.filter(account=party.account, user=party.user).update(role=role.value)
    return party.browser()


def test_signs_in_and_out(ana: Party) -> None:
    client = Client()
    assert client.get("/").headers["Location"] == "/sign-in?next=/"
    page = client.get("/sign-in?next=/networks")
    assert b">User name</label>" in page.content and b"Username" not in page.content
    assert 'autocomplete="current-password"' in text_of(page)
    response = client.post("/sign-in", {"username": "ana", "password": PASSWORD, "next": "/networks"})
    assert response.headers["Location"] == "/networks"
    assert client.get("/networks").status_code == 200
    assert client.post("/sign-out").headers["Location"] == "/sign-in"
    assert client.get("/networks").status_code == 302


def test_a_wrong_password_says_so_and_nothing_else(ana: Party) -> None:
    client = Client()
    known = client.post("/sign-in", {"username": "ana", "password": "wrong"})
    unknown = client.post("/sign-in", {"username": "nobody", "password": "wrong"})
    assert known.status_code == unknown.status_code == 200
    alert = re.compile(r'role="alert".*?</div>', re.S)
    assert alert.findall(text_of(known)) == alert.findall(text_of(unknown)) != []


def test_does_not_redirect_to_strangers(ana: Party) -> None:
    data = {"username": "ana", "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post("/sign-in", data).headers["Location"] == "/"


def test_sign_out_needs_a_post(ana: Party) -> None:
    assert ana.browser().get("/sign-out").status_code == 405


def test_a_poll_after_the_session_leads_to_the_sign_in(db: None) -> None:
    response = Client().get("/", headers=HTMX)
    assert response.headers["HX-Redirect"] == "/sign-in?next=/"


def test_every_response_has_a_request_id_and_a_policy(ana: Party) -> None:
    response = ana.browser().get("/", headers={"X-Request-Id": "mine-12345678"})
    assert response.headers["X-Request-Id"] == "mine-12345678"
    assert ana.browser().get("/", headers={"X-Request-Id": "no good\n"}).headers["X-Request-Id"] != "no good"
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    assert response.headers["Cache-Control"] == "no-store"
    assert "HX-Request" in response.headers["Vary"]


def test_without_an_account_there_is_nothing_to_see(ana: Party) -> None:
    Membership.objects.all().delete()
    response = ana.browser().get("/")
    assert response.status_code == 403
    assert "You belong to no account." in text_of(response) and "No account yet" in text_of(response)


def test_switches_between_accounts(ana: Party, ben: Party) -> None:
    add_member(ben.administrator, ana.user, Role.VIEWER)
    client = ana.browser()
    assert "Switch" in text_of(client.get("/"))
    assert client.get("/keys").status_code == 200
    client.post("/account/switch", {"account": str(ben.account.id)})
    refused = client.get("/keys")
    assert refused.status_code == 403
    assert "This needs the role administrator; ana is viewer in this account." in text_of(refused)


def test_accounts_of_others_cannot_be_switched_to(ana: Party, ben: Party) -> None:
    client = ana.browser()
    assert client.post("/account/switch", {"account": str(ben.account.id)}).status_code == 404
    assert client.post("/account/switch", {"account": "nonsense"}).status_code == 404
    assert client.get("/keys").status_code == 200


def test_a_key_is_shown_once(ana: Party) -> None:
    client = ana.browser()
    response = client.post("/keys", {"name": "deploy", "role": "viewer"})
    found = re.search(r'value="(isth_[-\w]+)"', text_of(response))
    assert found
    key = found.group(1)
    assert response.headers["Cache-Control"] == "no-store"
    row = ApiKey.objects.get(name="deploy")
    assert row.role == "viewer" and row.created_by == "ana"
    assert key not in text_of(client.get("/keys"))
    used = Client().get("/v1/vpn_gateways?version=2019-01-01", headers={"Authorization": f"Bearer {key}"})
    assert used.status_code == 200
    event = AuditEvent.objects.get(action="api_key.create", target_id=str(row.pk))
    assert event.via == "console" and key not in str(event.changes)


def test_a_key_lasts_until_the_end_of_its_day(ana: Party) -> None:
    tomorrow = timezone.now().date() + timedelta(days=1)
    ana.browser().post("/keys", {"name": "short", "role": "viewer", "expires_at": tomorrow.isoformat()})
    expiry = ApiKey.objects.get(name="short").expires_at
    assert expiry is not None and expiry.date() == tomorrow and expiry.hour == 23


def test_violations_are_shown_at_their_fields(ana: Party) -> None:
    client = ana.browser()
    past = {"name": "", "role": "viewer", "expires_at": "2020-01-01"}
    page = text_of(client.post("/keys", past))
    assert "2 errors" in page
    assert page.count("The expiry must lie in the future.") == 2
    assert 'href="#id_expires_at"' in page and 'aria-invalid="true"' in page
    assert not ApiKey.objects.filter(account=ana.account, name="").exists()


def test_revokes_a_key(ana: Party, ben: Party) -> None:
    client = ana.browser()
    client.post("/keys", {"name": "old", "role": "viewer"})
    row = ApiKey.objects.get(name="old")
    assert ben.browser().post(f"/keys/{row.pk}/revoke").status_code == 404
    assert client.get(f"/keys/{row.pk}/revoke").status_code == 405
    assert client.post(f"/keys/{row.pk}/revoke").status_code == 302
    row.refresh_from_db()
    assert row.revoked_at is not None
    revoke_api_key(ana.administrator, row.pk)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.EDITOR])
def test_only_administrators_see_keys(ana: Party, role: Role) -> None:
    client = as_role(ana, role)
    assert "API keys" not in text_of(client.get("/"))
    assert client.get("/keys").status_code == 403
    assert client.post("/keys", {"name": "mine", "role": "administrator"}).status_code == 403
    assert not ApiKey.objects.filter(name="mine").exists()


def test_forms_need_their_token(ana: Party) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana.user)
    response = client.post("/keys", {"name": "forged", "role": "administrator"})
    assert response.status_code == 403
    assert "This form has expired" in text_of(response)
    assert not ApiKey.objects.filter(name="forged").exists()


@pytest.mark.parametrize("slug", [slug for slug in MANUAL if slug != "index"])
def test_the_manual_is_for_everyone(db: None, slug: str) -> None:
    response = Client().get(f"/manual/{slug}")
    assert response.status_code == 200
    assert text_of(response).count("<h1") == 1


def test_links_within_the_manual_lead_somewhere(db: None) -> None:
    client = Client()
    pages = {slug: text_of(client.get(f"/manual/{slug}")) for slug in MANUAL}
    for slug, page in pages.items():
        for target, anchor in re.findall(r'href="/manual/([-\w]+)(?:#([-\w]+))?"', page):
            assert target in MANUAL, (slug, target)
            assert not anchor or f'id="{anchor}"' in pages[target], (slug, target, anchor)


def test_the_manual_has_no_other_pages(db: None) -> None:
    response = Client().get("/manual/nothing")
    assert response.status_code == 404
    assert "<h1>Not found</h1>" in text_of(response)


def test_every_error_code_is_in_the_manual(db: None) -> None:
    """Codes that are literals in the sources; the API links to each."""
    page = text_of(Client().get("/manual/errors"))
    documented = set(re.findall(r'<tr id="(\w+)"', page))
    root = Path(settings.BASE_DIR)
    sources = [p for app in ("console", "policies", "vpn") for p in (root / app).rglob("*.py")]
    literal = re.compile(r'(?:Violation|not_found)\(\s*"([a-z]+(?:_[a-z0-9]+)+)"')
    used = {code for path in sources for code in literal.findall(path.read_text())}
    assert len(used) > 30
    assert used <= documented, used - documented


def test_pages_of_refusals_are_whole_pages(ana: Party) -> None:
    response = ana.browser().get("/nothing/here")
    assert response.status_code == 404
    assert "Skip to the content" in text_of(response)


@pytest.mark.parametrize("carries_packets", [True, False])
def test_pages_say_if_no_packets_are_carried(
    ana: Party, settings: LazySettings, carries_packets: bool
) -> None:
    settings.CARRIES_PACKETS = carries_packets
    assert ("no packets are carried" in text_of(ana.browser().get("/networks"))) is not carries_packets
