"""Pages of policies."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from console.actor import Role
from console.models import AuditEvent, Membership
from policies.models import IKEPolicy, IPsecPolicy
from tests.factories import Party, make_connection, make_ike_policy, make_ipsec_policy

IKE = {
    "name": "strong",
    "ike_version": "2",
    "encryption_algorithm": "aes256",
    "authentication_algorithm": "sha256",
    "dh_group": "14",
    "key_lifetime": "28800",
}
IPSEC = {
    "name": "strong",
    "encryption_algorithm": "aes256",
    "authentication_algorithm": "sha256",
    "pfs": "group_14",
    "key_lifetime": "3600",
}


def text_of(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


def test_lists_both_kinds_with_their_users(ana: Party, browser: Client) -> None:
    policy = make_ike_policy(ana, "used")
    make_ipsec_policy(ana, "idle")
    make_connection(ana, ike_policy={"id": str(policy.pk)})
    page = text_of(browser.get("/policies"))
    assert '<td data-label="Used by">1</td>' in page
    assert '<td data-label="Used by">0</td>' in page


def test_the_list_costs_the_same_however_long(
    ana: Party, browser: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        make_ike_policy(ana, f"ike-{number}")
    with django_assert_max_num_queries(7):
        assert browser.get("/policies").status_code == 200


def test_weak_choices_are_labelled_with_reason_and_rfc(ana: Party, browser: Client) -> None:
    policy = make_ike_policy(
        ana, "old", authentication_algorithm="md5", encryption_algorithm="3des", dh_group=2, ike_version=1
    )
    page = text_of(browser.get(f"/policies/ike/{policy.pk}"))
    for words in ("MD5 is broken.", "RFC 8247", "RFC 9395", "1024 bits are within reach", "3des"):
        assert words in page
    options = text_of(browser.get("/policies/ike/new"))
    assert "md5 (broken: RFC 8247)" in options and "IKEv1 (weak: RFC 9395)" in options
    assert "3des (broken: RFC 8221)" in text_of(browser.get("/policies/ipsec/new"))


@pytest.mark.parametrize(("kind", "fields"), [("ike", IKE), ("ipsec", IPSEC)])
def test_creates(browser: Client, ana: Party, kind: str, fields: dict[str, str]) -> None:
    model = {"ike": IKEPolicy, "ipsec": IPsecPolicy}[kind]
    assert browser.post(f"/policies/{kind}/new", fields).headers["Location"] == "/policies"
    policy = model.objects.get(account=ana.account)  # type: ignore[attr-defined]
    assert policy.encryption_algorithms == ["aes256"] and policy.name == "strong"
    assert AuditEvent.objects.filter(action=f"{kind}_policy.create", via="console").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "1 bad"}, "A name begins with a letter"),
        ({"key_lifetime": "299"}, "key_lifetime must be at least 300; it is 299."),
        ({"key_lifetime": "86401"}, "key_lifetime must be at most 86400"),
        ({"key_lifetime": "long"}, "Enter a whole number."),
        ({"dh_group": "24"}, "24 is not one of the available choices"),
    ],
)
def test_shows_what_is_wrong_and_keeps_what_was_entered(
    browser: Client, changes: dict[str, str], message: str
) -> None:
    answer = browser.post("/policies/ike/new", IKE | changes)
    page = text_of(answer)
    assert answer.status_code == 200 and message in page
    assert 'role="alert"' in page
    assert not IKEPolicy.objects.exists()


def test_edits_only_what_changes(ana: Party, browser: Client) -> None:
    policy = make_ike_policy(ana, "first")
    connection = make_connection(ana, ike_policy={"id": str(policy.pk)})
    before = connection.gateway.generation
    page = text_of(browser.get(f"/policies/ike/{policy.pk}/edit"))
    assert "1 connection uses it and will negotiate again." in page
    fields = IKE | {"name": "first", "encryption_algorithm": "aes256", "dh_group": "14"}
    assert browser.post(f"/policies/ike/{policy.pk}/edit", fields).status_code == 302
    event = AuditEvent.objects.get(action="ike_policy.update")
    assert set(event.changes) == {"encryption_algorithm"}
    connection.gateway.refresh_from_db()
    assert connection.gateway.generation > before


def test_a_policy_in_use_stays_and_says_why(ana: Party, browser: Client) -> None:
    policy = make_ipsec_policy(ana, "needed")
    make_connection(ana, ipsec_policy={"id": str(policy.pk)})
    answer = browser.post(f"/policies/ipsec/{policy.pk}/delete", follow=True)
    assert 'class="notice error"' in text_of(answer)
    assert IPsecPolicy.objects.filter(pk=policy.pk).exists()


def test_deletes_an_idle_one(ana: Party, browser: Client) -> None:
    policy = make_ike_policy(ana)
    assert browser.get(f"/policies/ike/{policy.pk}/delete").status_code == 405
    assert browser.post(f"/policies/ike/{policy.pk}/delete").headers["Location"] == "/policies"
    assert not IKEPolicy.objects.filter(pk=policy.pk).exists()


@pytest.mark.parametrize("path", ["", "/edit", "/delete"])
def test_those_of_others_do_not_exist(ana: Party, ben: Party, browser: Client, path: str) -> None:
    policy = make_ike_policy(ben)
    url = f"/policies/ike/{policy.pk}{path}"
    answer = browser.post(url) if path == "/delete" else browser.get(url)
    assert answer.status_code == 404
    assert policy.name not in text_of(browser.get("/policies"))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_below_editor_one_may_only_look(ana: Party, browser: Client, role: Role) -> None:
    policy = make_ike_policy(ana)
    Membership.objects.update(role=role.value)
    page = text_of(browser.get("/policies")) + text_of(browser.get(f"/policies/ike/{policy.pk}"))
    for offer in ("New IKE policy", "Edit", "Delete"):
        assert offer not in page
    for path in ("/policies/ike/new", f"/policies/ike/{policy.pk}/edit"):
        assert browser.get(path).status_code == 403
        assert browser.post(path, IKE).status_code == 403
    assert browser.post(f"/policies/ike/{policy.pk}/delete").status_code == 403
    assert IKEPolicy.objects.get().name == policy.name
