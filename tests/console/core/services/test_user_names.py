"""User names that differ only in the case of their letters are one name, whatever creates them."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from console.core.errors import Invalid
from console.core.models import AuditEvent, User
from console.core.services import accounts, create_user
from tests.adminsite import errors, superuser
from tests.factories import PASSWORD, Party

MIGRATION = import_module("console.core.migrations.0010_one_case_of_user_names")
TAKEN = ["There is a user ana already."]


def test_the_database_refuses_it(ana: Party) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(username="ANA")])
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="Ana")


def test_two_at_once_get_the_violation_of_the_rule(ana: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one was committed after the first had been found free."""
    user = accounts.prepare_user("dora", PASSWORD)
    found: list[User | None] = [None, User(username="Dora")]
    monkeypatch.setattr(User.objects, "named_alike", lambda name, exclude: found.pop(0))
    User.objects.bulk_create([User(username="Dora")])
    with pytest.raises(Invalid) as refusal:
        accounts.save_new_user(user)
    assert [one.field for one in refusal.value.violations] == ["username"]


def test_the_admin_site_names_the_field(ana: Party, ben: Party) -> None:
    root = superuser()
    add, change = reverse("admin:console_user_add"), reverse("admin:console_user_change", args=[ben.user.pk])
    assert errors(root.post(add, {"username": "Ana", "email": ""})) == {"username": TAKEN}
    assert errors(root.post(change, {"username": "Ana", "is_active": "on"})) == {"username": TAKEN}
    assert User.objects.get(pk=ben.user.pk).username == "ben"
    # A new case of one's own name is no other person's.
    assert root.post(change, {"username": "Ben", "is_active": "on"}).status_code == 302
    assert User.objects.get(pk=ben.user.pk).username == "Ben"


def test_createsuperuser_says_it(ana: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError, match="There is a user ana already"):
        call_command("createsuperuser", username="Ana", email="", interactive=False)


@pytest.fixture
def duplicates(ana: Party) -> None:
    """As a release before the constraint may have left them."""
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_person_of_each_name")
    User.objects.bulk_create([User(username="Ana"), User(username="dora")])


def test_duplicates_stop_the_migration_until_one_is_renamed(duplicates: None) -> None:
    editor = SimpleNamespace(connection=connection)
    with pytest.raises(CommandError, match=r"letters: Ana, ana\..*rename_user") as refusal:
        MIGRATION.refuse_duplicates(apps, editor)
    assert "dora" not in str(refusal.value)
    call_command("rename_user", "Ana", "ana-2", verbosity=0)
    MIGRATION.refuse_duplicates(apps, editor)
    assert set(User.objects.values_list("username", flat=True)) == {"ana", "ana-2", "dora"}
    event = AuditEvent.objects.get(action="person.update")
    assert event.changes == {"username": [None, "ana-2"], "former_username": [None, "Ana"]}


@pytest.mark.parametrize(
    ("name", "new", "message"),
    [
        ("nobody", "dora", "There is no user nobody."),
        ("ben", "ANA", "There is a user ana already."),
        ("ben", "no spaces", "Enter a valid username"),
        ("ben", " ", "A user name is needed."),
    ],
)
def test_renaming_follows_the_rules(ana: Party, ben: Party, name: str, new: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("rename_user", name, new)
    assert User.objects.get(pk=ben.user.pk).username == "ben"


def test_names_from_any_way_in_have_valid_characters(db: None) -> None:
    with pytest.raises(Invalid, match="valid username"):
        create_user("a\nb", PASSWORD)
