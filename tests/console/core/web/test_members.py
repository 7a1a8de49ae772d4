"""The page of an account's members: who may use it, and what it leaves in the audit trail."""

from __future__ import annotations

import pytest
from django.test import Client

from console.core.actor import Role
from console.core.models import ApiKey, AuditEvent, Membership, User
from console.core.services import add_member
from tests.factories import Party
from tests.pages import text_of

LOWER = [role for role in Role if role is not Role.ADMINISTRATOR]
LAST = "An account needs an administrator; name another one first."


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
    assert client.post("/members", {"label": "ben", "role": "viewer"}).status_code == 403
    assert client.post(f"/members/{other.pk}/role", {"role": "viewer"}).status_code == 403
    assert client.post(f"/members/{other.pk}/remove").status_code == 403
    assert of(ana, ben.user).role == "administrator"
    assert 'href="/members"' not in text_of(client.get("/"))


def test_lists_people_and_open_invitations(ana: Party, ben: Party) -> None:
    client = ana.browser()
    assert 'href="/members"' in text_of(client.get("/"))
    add_member(ana.administrator, ben.user, Role.OPERATOR)
    client.post("/members", {"label": "Carla of the NOC", "role": "operator"})
    page = text_of(client.get("/members"))
    assert "Role of ben" in page and "Carla of the NOC" in page


@pytest.mark.parametrize("name", ["ben", "nobody"])
def test_does_not_disclose_which_names_exist(ana: Party, ben: Party, name: str) -> None:
    """An invitation names no user: the same answer for a name that exists and for one that does not."""
    answers = ana.browser().post("/members", {"username": name, "label": name, "role": "viewer"})
    assert answers.status_code == 200 and f"The invitation for {name} is ready" in text_of(answers)
    assert Membership.objects.filter(account=ana.account).count() == 1


def test_changes_a_role_and_removes(ana: Party, ben: Party) -> None:
    member = add_member(ana.administrator, ben.user, Role.VIEWER)
    client = ana.browser()
    assert client.post(f"/members/{member.pk}/role", {"role": "editor"}).headers["Location"] == "/members"
    assert of(ana, ben.user).role == "editor"
    assert event(ana, "member.update").changes["role"] == ["viewer", "editor"]
    client.post(f"/members/{member.pk}/role", {"role": "king"})
    assert of(ana, ben.user).role == "editor"
    assert "Remove ben" in text_of(client.get(f"/members/{member.pk}/remove"))
    client.post(f"/members/{member.pk}/remove")
    assert not Membership.objects.filter(pk=member.pk).exists()
    assert event(ana, "member.remove").who == "ana"


def test_keeps_the_last_administrator(ana: Party) -> None:
    me, client = of(ana, ana.user), ana.browser()
    assert LAST in text_of(client.post(f"/members/{me.pk}/role", {"role": "viewer"}, follow=True))
    assert client.post(f"/members/{me.pk}/remove").headers["Location"] == "/account/leave"
    assert LAST in text_of(client.post("/account/leave", follow=True))
    assert of(ana, ana.user).role == "administrator"


def test_redirects_those_who_lower_their_own_role(ana: Party, ben: Party) -> None:
    add_member(ana.administrator, ben.user, Role.ADMINISTRATOR)
    response = ana.browser().post(f"/members/{of(ana, ana.user).pk}/role", {"role": "viewer"})
    assert response.headers["Location"] == "/account"


def test_members_of_other_accounts_are_not_there(ana: Party, ben: Party) -> None:
    theirs, client = of(ben, ben.user), ana.browser()
    assert client.post(f"/members/{theirs.pk}/role", {"role": "viewer"}).status_code == 404
    assert client.post(f"/members/{theirs.pk}/remove").status_code == 404
    assert of(ben, ben.user).role == "administrator"
    assert ">ben" not in text_of(client.get("/members"))


@pytest.mark.parametrize("role", Role)
def test_a_member_can_leave(ana: Party, ben: Party, role: Role) -> None:
    add_member(ana.administrator, ben.user, role)
    client = ben.browser()
    client.post("/account/switch", {"account": str(ana.account.pk)})
    assert f"Leave the account {ana.account.name}" in text_of(client.get("/account/leave"))
    page = text_of(client.post("/account/leave", follow=True))
    assert f"You left the account {ana.account.name}. No API key that you created remains valid." in page
    assert not Membership.objects.filter(account=ana.account, user=ben.user).exists()
    left = event(ana, "member.remove")
    assert (left.who, left.changes["user"]) == ("ben", ["ben", None])


def key_of(client: Client, name: str) -> ApiKey:
    client.post("/keys", {"name": name, "role": "viewer"})
    return ApiKey.objects.get(name=name)


def test_removing_offers_to_revoke_the_keys_that_the_member_made(ana: Party, ben: Party) -> None:
    member = add_member(ana.administrator, ben.user, Role.ADMINISTRATOR)
    theirs, mine = ben.browser(), ana.browser()
    theirs.post("/account/switch", {"account": str(ana.account.pk)})
    keys = {name: key_of(theirs, name) for name in ("first", "second", "third")}
    own = key_of(mine, "own")
    User.objects.filter(pk=ben.user.pk).update(username="renamed")
    mine.post(f"/keys/{keys['third'].pk}/revoke")
    page = text_of(mine.get(f"/members/{member.pk}/remove"))
    assert all(f'value="{keys[name].pk}"' in page for name in ("first", "second"))
    assert f'<label for="revoke-{keys["first"].pk}">' in page and "never used" in page
    assert str(keys["third"].pk) not in page and str(own.pk) not in page
    chosen = [str(keys["first"].pk), str(own.pk), "nonsense"]
    page = text_of(mine.post(f"/members/{member.pk}/remove", {"revoke": chosen}, follow=True))
    assert f"remain valid: second ({keys['second'].hint}…)" in page
    usable = ApiKey.objects.filter(account=ana.account, revoked_at=None).values_list("name", flat=True)
    assert set(usable) == {"second", "own"}


def test_leaving_offers_only_what_the_role_allows(ana: Party, ben: Party) -> None:
    """Below administrator nobody revokes keys; the page says who can."""
    member = add_member(ana.administrator, ben.user, Role.ADMINISTRATOR)
    client = ben.browser()
    client.post("/account/switch", {"account": str(ana.account.pk)})
    key = key_of(client, "deploy")
    Membership.objects.filter(pk=member.pk).update(role=Role.VIEWER.value)
    assert "an administrator can revoke it" in text_of(client.get("/account/leave"))
    page = text_of(client.post("/account/leave", {"revoke": [str(key.pk)]}, follow=True))
    assert "remain valid: deploy" in page
    key.refresh_from_db()
    assert key.revoked_at is None


def test_an_impersonating_superuser_cannot_leave_the_account(ana: Party) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    client.post("/account/switch", {"account": str(ana.account.pk)})
    assert client.get("/account/leave").status_code == 404
    assert "/account/leave" not in text_of(client.get("/account"))
