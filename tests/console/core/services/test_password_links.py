"""Links by which people set their own password: nobody sets another person's."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from console.core.models import AuditEvent, User
from tests.adminsite import superuser
from tests.factories import PASSWORD, Party
from tests.pages import text_of

NEW = "another-good-one-7316"


@pytest.fixture
def root(db: None) -> Client:
    return superuser()


def link_for(root: Client, person: User) -> str:
    page = text_of(root.post(reverse("admin:auth_user_password_change", args=[person.pk])))
    found = re.search(r'value="https?://[^/"]+(/password-links/[^"]+)"', page)
    assert found, page
    return found[1]


def test_a_person_sets_the_password_once(root: Client, ana: Party) -> None:
    client, before = Client(), ana.browser()
    path = link_for(root, ana.user)
    assert client.get(path).headers["Location"] == "/password-link"
    page = text_of(client.get("/password-link"))
    assert "For the user ana" in page and path.rpartition("/")[2] not in page
    assert "too short" in text_of(client.post("/password-link", {"new": "short", "again": "short"}))
    assert client.post("/password-link", {"new": NEW, "again": NEW}).headers["Location"] == "/sign-in"
    ana.user.refresh_from_db()
    assert ana.user.check_password(NEW)
    assert client.post("/password-link", {"new": PASSWORD, "again": PASSWORD}).status_code == 404
    assert Client().get(path).status_code == 404
    assert before.get("/").status_code == 302
    assert AuditEvent.objects.get(action="person.update").who == "ana"


def test_the_audit_trail_names_the_creator_and_no_secret(root: Client, ana: Party) -> None:
    path = link_for(root, ana.user)
    made = AuditEvent.objects.get(action="person.password_link")
    assert (made.who, made.target_name) == ("root", "ana")
    assert path.rpartition("/")[2] not in str(list(AuditEvent.objects.values()))


def test_the_page_has_a_button_that_copies_the_link(root: Client, ana: Party) -> None:
    url = reverse("admin:auth_user_password_change", args=[ana.user.pk])
    assert 'data-copy="#shown"' not in text_of(root.get(url))
    page = text_of(root.post(url))
    assert re.search(r'<input [^>]*id="shown"', page) and re.search(r'<button [^>]*data-copy="#shown"', page)
    assert re.search(r'<script src="/static/console[^"]*\.js" defer>', page)


def test_the_present_password_works_until_then(root: Client, ana: Party) -> None:
    path = link_for(root, ana.user)
    assert Client().post("/sign-in", {"username": "ana", "password": PASSWORD}).status_code == 302
    # Who signs in has no need of the link: it is over.
    assert Client().get(path).status_code == 404


@pytest.mark.parametrize("path", ["/password-links/x/y", "/password-links/OTk5OTk5OTk5OTk5OTk5OTk5OTk5/a-b"])
def test_nonsense_opens_nothing(db: None, path: str) -> None:
    assert Client().get(path).status_code == 404
    assert Client().get("/password-link").status_code == 404


def test_links_for_inactive_people_or_by_others_are_refused(root: Client, ana: Party) -> None:
    path = link_for(root, ana.user)
    User.objects.filter(pk=ana.user.pk).update(is_active=False)
    assert Client().get(path).status_code == 404
    url = reverse("admin:auth_user_password_change", args=[ana.user.pk])
    assert "password-links" not in text_of(root.post(url))
    assert ana.browser().post(url).status_code in (302, 403)
    assert AuditEvent.objects.filter(action="person.password_link").count() == 1


@pytest.mark.parametrize("lost", ["is_superuser", "is_active"])
def test_a_link_expires_with_the_rights_of_its_creator(root: Client, ana: Party, lost: str) -> None:
    """Otherwise they could keep it, and return as another person."""
    path, client = link_for(root, ana.user), Client()
    assert client.get(path).status_code == 302
    User.objects.filter(username="root").update(**{lost: False})
    assert client.post("/password-link", {"new": NEW, "again": NEW}).status_code == 404
    assert Client().get(path).status_code == 404
    ana.user.refresh_from_db()
    assert ana.user.check_password(PASSWORD)


def test_a_link_names_its_maker_and_no_other(root: Client, ana: Party) -> None:
    path = link_for(root, ana.user)
    maker = User.objects.get(username="root").pk
    head, _, token = path.rpartition("/")
    assert token.startswith(f"{maker}-")
    for other in (0, ana.user.pk):
        assert Client().get(f"{head}/{other}-{token.partition('-')[2]}").status_code == 404


def test_the_admin_site_has_no_field_for_a_password(root: Client, ana: Party) -> None:
    page = text_of(root.get(reverse("admin:console_user_add")))
    assert 'type="password"' not in page
    url = reverse("admin:auth_user_password_change", args=[ana.user.pk])
    assert 'type="password"' not in text_of(root.get(url))
    root.post(url, {"password1": NEW, "password2": NEW, "new": NEW})
    ana.user.refresh_from_db()
    assert ana.user.check_password(PASSWORD)
    created = root.post(reverse("admin:console_user_add"), {"username": "dora", "password": NEW})
    assert created.status_code == 302
    assert not User.objects.get(username="dora").has_usable_password()
