from __future__ import annotations

from uuid import uuid4

import pytest

from console.core.actor import Role
from console.core.errors import Conflict, Invalid, NotAllowed, NotFound
from console.core.models import Account, Membership
from console.core.services import (
    add_member,
    create_account,
    create_user,
    default_resource_group,
    remove_member,
    resolve_resource_group,
    set_role,
)
from tests.factories import Party


def test_an_account_begins_with_its_default_group(ana: Party) -> None:
    group = default_resource_group(ana.account.id)
    assert group.is_default and len(group.id) == 32
    assert resolve_resource_group(ana.editor, None) == group
    assert resolve_resource_group(ana.editor, {"id": group.id}) == group
    assert resolve_resource_group(ana.editor, {"name": "default"}) == group


def test_groups_of_others_do_not_exist(ana: Party, ben: Party) -> None:
    theirs = default_resource_group(ben.account.id)
    for reference in ({"id": theirs.id}, {"id": "nonsense"}, {}):
        with pytest.raises(Invalid):
            resolve_resource_group(ana.editor, reference)


@pytest.mark.parametrize("name", ["", "   ", "x" * 64, "ana"])
def test_invalid_and_duplicate_names_of_accounts(ana: Party, name: str) -> None:
    with pytest.raises(Invalid):
        create_account(name, who="test")
    assert Account.objects.count() == 1


@pytest.mark.parametrize("password", ["ab3-xY!", "password1234", "carla-carla"])
def test_weak_passwords_are_refused(db: None, password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        create_user("carla", password)
    assert password not in str(refusal.value)


def test_the_last_administrator_stays(ana: Party, ben: Party) -> None:
    me = Membership.objects.get(account=ana.account)
    for act in (
        lambda: set_role(ana.administrator, me.pk, Role.EDITOR),
        lambda: remove_member(ana.administrator, me.pk),
    ):
        with pytest.raises(Conflict):
            act()
    other = add_member(ana.administrator, ben.user, Role.ADMINISTRATOR)
    remove_member(ana.administrator, me.pk)
    assert list(Membership.objects.filter(account=ana.account)) == [other]


def test_only_administrators_manage_members_and_only_their_own(ana: Party, ben: Party) -> None:
    theirs = Membership.objects.get(account=ben.account)
    with pytest.raises(NotFound):
        remove_member(ana.administrator, theirs.pk)
    with pytest.raises(NotAllowed):
        add_member(ana.editor, ben.user, Role.VIEWER)
    member = add_member(ana.administrator, ben.user, Role.VIEWER)
    with pytest.raises(Invalid):
        add_member(ana.administrator, ben.user, Role.EDITOR)
    with pytest.raises(NotAllowed):
        set_role(ana.editor, member.pk, Role.ADMINISTRATOR)


def test_an_unknown_account_has_no_limits_of_its_own(db: None) -> None:
    from console.core.quotas import limits_for

    assert limits_for(uuid4())["gateways"] == 20
