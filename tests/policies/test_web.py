"""Pages of policies."""

from __future__ import annotations

import pytest
from django.test import Client

from console.core.actor import Role
from console.core.models import AuditEvent, Membership
from policies.models import IKEPolicy, IPsecPolicy
from tests.factories import Party, make_connection, make_ike_policy, make_ipsec_policy
from tests.pages import text_of

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


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


def test_lists_each_kind_with_its_users(ana: Party, browser: Client) -> None:
    policy = make_ike_policy(ana, "used")
    make_ike_policy(ana, "idle")
    make_ipsec_policy(ana, "elsewhere")
    make_connection(ana, ike_policy={"id": str(policy.pk)})
    page = text_of(browser.get("/policies/ike"))
    assert f'href="/connections?ike_policy={policy.pk}">1<' in page
    assert "idle" in page and "elsewhere" not in page
    assert "elsewhere" in text_of(browser.get("/policies/ipsec"))
    assert browser.get("/policies").headers["Location"] == "/policies/ike"


def test_weak_choices_are_labelled_with_reason_and_rfc(ana: Party, browser: Client) -> None:
    policy = make_ike_policy(
        ana, "old", authentication_algorithm="md5", encryption_algorithm="3des", dh_group=2, ike_version=1
    )
    page = text_of(browser.get(f"/policies/ike/{policy.pk}"))
    for words in ("MD5 is broken.", "RFC 8247", "RFC 9395", "1024 bits are within reach", "3des"):
        assert words in page
    options = text_of(browser.get("/policies/ike/new"))
    for words in (
        "HMAC-MD5 (md5), broken: RFC 8247",
        "IKEv1, weak: RFC 9395",
        "14 (2048 bits)",
        "19 (P-256)",
    ):
        assert words in options
    options = text_of(browser.get("/policies/ipsec/new"))
    for words in (
        "3DES-CBC (3des), broken: RFC 8221",
        "AES-256-GCM (aes256gcm16)",
        "group 20, P-384 (group_20)",
        "built into the cipher (disabled)",
    ):
        assert words in options


@pytest.mark.parametrize(("kind", "fields"), [("ike", IKE), ("ipsec", IPSEC)])
def test_creates(browser: Client, ana: Party, kind: str, fields: dict[str, str]) -> None:
    model = {"ike": IKEPolicy, "ipsec": IPsecPolicy}[kind]
    response = browser.post(f"/policies/{kind}/new", fields)
    policy = model.objects.get(account=ana.account)
    assert response.headers["Location"] == f"/policies/{kind}/{policy.pk}"
    assert policy.encryption_algorithms == ["aes256"] and policy.name == "strong"
    assert AuditEvent.objects.filter(action=f"{kind}_policy.create", via="console").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "1 bad"}, "A name begins with a letter"),
        ({"key_lifetime": "299"}, "key_lifetime must be at least 300; it is 299."),
        ({"key_lifetime": "86401"}, "key_lifetime must be at most 86400"),
        ({"key_lifetime": "long"}, "Enter a whole number."),
        ({"dh_group": "25"}, "25 is not one of the available choices"),
    ],
)
def test_shows_what_is_wrong_and_keeps_what_was_entered(
    browser: Client, changes: dict[str, str], message: str
) -> None:
    response = browser.post("/policies/ike/new", IKE | changes)
    page = text_of(response)
    assert response.status_code == 200 and message in page
    assert 'role="alert"' in page
    assert not IKEPolicy.objects.exists()


def test_edits_only_what_changes(ana: Party, browser: Client) -> None:
    policy = make_ike_policy(ana, "first")
    connection = make_connection(ana, ike_policy={"id": str(policy.pk)})
    before = connection.gateway.generation
    page = text_of(browser.get(f"/policies/ike/{policy.pk}/edit"))
    assert "1 connection uses it. A tunnel that is up" in page
    fields = IKE | {"name": "first", "encryption_algorithm": "aes256", "dh_group": "14"}
    assert browser.post(f"/policies/ike/{policy.pk}/edit", fields).status_code == 302
    event = AuditEvent.objects.get(action="ike_policy.update")
    assert set(event.changes) == {"encryption_algorithm"}
    connection.gateway.refresh_from_db()
    assert connection.gateway.generation > before


@pytest.mark.parametrize("kind", ["ike", "ipsec"])
def test_a_policy_in_use_stays_and_says_who_uses_it(ana: Party, browser: Client, kind: str) -> None:
    policy = {"ike": make_ike_policy, "ipsec": make_ipsec_policy}[kind](ana, "needed")
    connection = make_connection(ana, **{f"{kind}_policy": {"id": str(policy.pk)}})
    url = f"/policies/{kind}/{policy.pk}/delete"
    for response in (browser.get(url), browser.post(url)):
        page = text_of(response)
        assert "cannot be deleted yet" in page and '<form method="post" class="card">' not in page
        assert f'href="/gateways/{connection.gateway_id}/connections/{connection.pk}"' in page
    assert type(policy).objects.filter(pk=policy.pk).exists()


def test_deletes_an_idle_one(ana: Party, browser: Client) -> None:
    policy = make_ike_policy(ana)
    assert "No connection uses it" in text_of(browser.get(f"/policies/ike/{policy.pk}/delete"))
    assert IKEPolicy.objects.exists()
    response = browser.post(f"/policies/ike/{policy.pk}/delete")
    assert response.headers["Location"] == "/policies/ike"
    assert not IKEPolicy.objects.filter(pk=policy.pk).exists()


@pytest.mark.parametrize("path", ["", "/edit", "/clone", "/delete"])
def test_those_of_others_do_not_exist(ana: Party, ben: Party, browser: Client, path: str) -> None:
    policy = make_ike_policy(ben)
    url = f"/policies/ike/{policy.pk}{path}"
    response = browser.post(url) if path == "/delete" else browser.get(url)
    assert response.status_code == 404
    assert policy.name not in text_of(browser.get("/policies/ike"))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_roles_below_editor_may_only_read(ana: Party, browser: Client, role: Role) -> None:
    policy = make_ike_policy(ana)
    Membership.objects.update(role=role.value)
    page = text_of(browser.get("/policies/ike")) + text_of(browser.get(f"/policies/ike/{policy.pk}"))
    for offer in ("New IKE policy", "Edit", "Copy", "Delete", 'type="checkbox"'):
        assert offer not in page
    for path in ("/policies/ike/new", *(f"/policies/ike/{policy.pk}/{p}" for p in ("edit", "clone"))):
        assert browser.get(path).status_code == 403
        assert browser.post(path, IKE).status_code == 403
    assert browser.post(f"/policies/ike/{policy.pk}/delete").status_code == 403
    assert IKEPolicy.objects.get().name == policy.name
