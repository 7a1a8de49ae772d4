"""The page of an account's members: who may use it, and what it leaves in the audit trail."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from console.actor import Role
from console.models import AuditEvent, Membership, User
from console.services import add_member
from tests.factories import PASSWORD, Party

LOWER = [role for role in Role if role is not Role.ADMINISTRATOR]
LAST = "An account needs an administrator; name another one first."


def text_of(response: Any) -> str:
    return str(response.content.decode())


def of(party: Party, user: User) -> Membership:
    return Membership.objects.get(account=party.account, user=user)


def event(party: Party, action: str) -> AuditEvent:
    return AuditEvent.objects.get(account_id=party.account.id, action=action, via="console")


@pytest.mark.parametrize("role", LOWER)
def test_is_for_administrators(ana: Party, ben: Party, role: Role) -> None:
    other = add_member(ana.administrator, ben.user, Role.ADMINISTRATOR)
    Membership.objects.filter(account=ana.account, user=ana.user).update(role=role.value)
    client = ana.browser()
    assert client.get("/members").status_code == 403
    assert client.post("/members", {"username": "ben", "role": "viewer"}).status_code == 403
    assert client.post(f"/members/{other.pk}/role", {"role": "viewer"}).status_code == 403
    assert client.post(f"/members/{other.pk}/remove").status_code == 403
    assert of(ana, ben.user).role == "administrator"
    assert 'href="/members"' not in text_of(client.get("/"))


def test_lists_and_adds_a_person(ana: Party, ben: Party) -> None:
    client = ana.browser()
    assert 'href="/members"' in text_of(client.get("/"))
    page = text_of(client.post("/members", {"username": "ben", "role": "operator"}, follow=True))
    assert "ben is operator in this account now." in page and "Role of ben" in page
    assert of(ana, ben.user).role == "operator"
    assert event(ana, "member.add").who == "ana"


def test_creates_a_person_who_can_sign_in(ana: Party) -> None:
    data = {"username": "carla", "role": "viewer", "password": PASSWORD}
    assert ana.browser().post("/members", data).status_code == 302
    assert of(ana, User.objects.get(username="carla")).role == "viewer"
    data = {"username": "carla", "password": PASSWORD}
    assert Client().post("/sign-in", data).headers["Location"] == "/"
    created = event(ana, "person.create")
    assert created.who == "ana" and PASSWORD not in str(created.changes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"username": "nobody"}, "There is no user nobody"),
        ({"username": "ana"}, "ana belongs to this account already."),
        ({"username": "ben", "password": PASSWORD}, "There is a user ben already."),
        ({"username": "carla", "password": "short"}, "too short"),
        ({"username": "no spaces"}, "Enter a valid username"),
    ],
)
def test_says_what_is_wrong(ana: Party, ben: Party, data: dict[str, str], message: str) -> None:
    answer = ana.browser().post("/members", {"role": "viewer", **data})
    assert answer.status_code == 200 and message in text_of(answer)
    assert Membership.objects.filter(account=ana.account).count() == 1
    assert not User.objects.filter(username="carla").exists()


def test_changes_a_role_and_removes(ana: Party, ben: Party) -> None:
    member = add_member(ana.administrator, ben.user, Role.VIEWER)
    client = ana.browser()
    assert client.post(f"/members/{member.pk}/role", {"role": "editor"}).headers["Location"] == "/members"
    assert of(ana, ben.user).role == "editor"
    assert event(ana, "member.update").changes["role"] == ["viewer", "editor"]
    client.post(f"/members/{member.pk}/role", {"role": "king"})
    assert of(ana, ben.user).role == "editor"
    client.post(f"/members/{member.pk}/remove")
    assert not Membership.objects.filter(pk=member.pk).exists()
    assert event(ana, "member.remove").who == "ana"


def test_keeps_the_last_administrator(ana: Party) -> None:
    me, client = of(ana, ana.user), ana.browser()
    assert LAST in text_of(client.post(f"/members/{me.pk}/role", {"role": "viewer"}, follow=True))
    assert LAST in text_of(client.post(f"/members/{me.pk}/remove", follow=True))
    assert of(ana, ana.user).role == "administrator"


def test_leads_away_those_who_lower_themselves(ana: Party, ben: Party) -> None:
    add_member(ana.administrator, ben.user, Role.ADMINISTRATOR)
    answer = ana.browser().post(f"/members/{of(ana, ana.user).pk}/role", {"role": "viewer"})
    assert answer.headers["Location"] == "/account"


def test_members_of_other_accounts_are_not_there(ana: Party, ben: Party) -> None:
    theirs, client = of(ben, ben.user), ana.browser()
    assert client.post(f"/members/{theirs.pk}/role", {"role": "viewer"}).status_code == 404
    assert client.post(f"/members/{theirs.pk}/remove").status_code == 404
    assert of(ben, ben.user).role == "administrator"
    assert ">ben" not in text_of(client.get("/members"))
