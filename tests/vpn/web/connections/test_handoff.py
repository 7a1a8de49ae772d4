"""The hand-off page: what the other side gets, who may take the key, links that end."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from console.core.actor import Role
from console.core.models import AuditEvent, Membership
from tests.factories import (
    PASSWORD,
    PSK,
    Party,
    make_connection,
    make_ike_policy,
    make_ipsec_policy,
)
from tests.pages import text_of
from vpn.handoff.vendors import VENDORS
from vpn.models import Connection, HandoffLink
from vpn.services import handoff

SLUGS = [*VENDORS, "parameters"]


def path_of(connection: Connection, rest: str = "") -> str:
    return f"/gateways/{connection.gateway_id}/connections/{connection.pk}/handoff{rest}"


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def connection(ana: Party) -> Connection:
    return make_connection(ana, peer_cidrs=["10.0.0.0/24", "10.0.1.0/24"])


def share(browser: Client, connection: Connection, hours: int = 24) -> str:
    """The path of a new link."""
    response = browser.post(path_of(connection, "/links"), {"hours": hours})
    url = str(response.context["link"])
    assert url in text_of(response) and url.startswith("http://testserver/shared/")
    return url.removeprefix("http://testserver")


def actions() -> list[str]:
    events = AuditEvent.objects.order_by("id").values_list("action", flat=True)
    return [action for action in events if "handoff" in action]


def test_the_page_swaps_the_roles(browser: Client, connection: Connection) -> None:
    page = text_of(browser.get(path_of(connection)))
    for words in ("Your address", connection.peer_address, connection.gateway.public_address):
        assert words in page
    assert "10.0.0.0/24, 10.0.1.0/24" in page and "aes256-sha256-modp2048" in page
    assert f"local_addrs = {connection.peer_address}" in page
    assert PSK not in page


@pytest.mark.parametrize("slug", SLUGS)
def test_every_device_has_a_page_and_a_file_without_the_key(
    browser: Client, connection: Connection, slug: str
) -> None:
    page = text_of(browser.get(path_of(connection, f"?vendor={slug}")))
    response = browser.get(path_of(connection, f"/{slug}"))
    file = f'attachment; filename="{connection.name}-{slug}.'
    assert response.status_code == 200 and response["Content-Disposition"].startswith(file)
    assert response["Cache-Control"] == "no-store"
    for text in (page, text_of(response)):
        assert connection.gateway.public_address in text and PSK not in text
    assert actions() == []


def test_the_policies_of_the_connection_are_in_the_file(ana: Party, browser: Client) -> None:
    ike = make_ike_policy(ana, ike_version=1, encryption_algorithm="aes256", dh_group=5)
    ipsec = make_ipsec_policy(ana, authentication_algorithm="sha1")
    row = make_connection(ana, ike_policy={"id": str(ike.pk)}, ipsec_policy={"id": str(ipsec.pk)})
    text = text_of(browser.get(path_of(row, "/strongswan")))
    assert "version = 1" in text and "proposals = aes256-sha256-modp1536" in text
    assert "esp_proposals = aes128-sha1-modp2048" in text


def test_an_unknown_device_is_not_found(browser: Client, connection: Connection) -> None:
    assert browser.get(path_of(connection, "/toaster")).status_code == 404
    assert "strongSwan" in text_of(browser.get(path_of(connection, "?vendor=toaster")))


@pytest.mark.parametrize("slug", SLUGS)
def test_an_editor_takes_the_key_with_his_password(
    browser: Client, connection: Connection, slug: str
) -> None:
    fields = {"password": PASSWORD, "how": "download"}
    response = browser.post(path_of(connection, f"/{slug}"), fields)
    assert PSK in text_of(response) and response["Cache-Control"] == "no-store"
    shown = browser.post(path_of(connection, f"/{slug}"), fields | {"how": "show"})
    assert PSK in text_of(shown) and "<html" in text_of(shown) and shown["Cache-Control"] == "no-store"
    assert actions() == ["vpn_connection.handoff_key"] * 2
    recorded = AuditEvent.objects.filter(action="vpn_connection.handoff_key").values_list(
        "changes", flat=True
    )
    assert list(recorded) == [{"device": [None, slug]}] * 2
    assert PSK not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("password", "message"), [("", "Enter your password."), ("wrong one", "This is not your password.")]
)
def test_without_the_password_no_key(
    browser: Client, connection: Connection, password: str, message: str
) -> None:
    response = browser.post(path_of(connection, "/strongswan"), {"password": password})
    page = text_of(response)
    assert message in page and PSK not in page
    assert 'aria-invalid="true"' in page and "wrong one" not in page
    failed = AuditEvent.objects.filter(action="person.password_failed")
    assert failed.count() == bool(password) and "wrong one" not in str(list(failed.values()))
    assert actions() == []


def test_a_key_that_cannot_be_decrypted_is_reported(browser: Client, connection: Connection) -> None:
    Connection.objects.update(psk_sealed="nothing that opens")
    response = browser.post(path_of(connection, "/strongswan"), {"password": PASSWORD})
    assert response.status_code == 200 and "Set a new pre-shared key" in text_of(response)
    assert actions() == []


def test_a_key_that_a_device_would_misread_is_not_in_its_file(ana: Party, browser: Client) -> None:
    row = make_connection(ana, psk="$9$looks-encrypted")
    response = browser.post(path_of(row, "/juniper"), {"password": PASSWORD})
    assert "for an encrypted one" in text_of(response) and "looks-encrypted" not in text_of(response)
    assert actions() == []


def test_a_device_that_cannot_has_no_file(ana: Party, browser: Client) -> None:
    legacy = make_ike_policy(ana, encryption_algorithm="3des", authentication_algorithm="md5")
    row = make_connection(ana, ike_policy={"id": str(legacy.pk)})
    page = text_of(browser.get(path_of(row, "?vendor=pfsense")))
    assert (
        "pfSense has no 3DES-CBC and no HMAC-MD5" in page
        and "Download" not in page
        and "With the key" not in page
    )
    assert browser.get(path_of(row, "/pfsense")).status_code == 409
    assert browser.post(path_of(row, "/pfsense"), {"password": PASSWORD}).status_code == 409
    path = share(browser, row)
    assert "pfSense has no 3DES" in text_of(Client().get(f"{path}?vendor=pfsense"))
    assert Client().get(f"{path}/pfsense").status_code == 404
    assert PSK not in page and "vpn_connection.handoff_key" not in actions()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_who_may_not_edit_gets_no_key_and_makes_no_link(
    ana: Party, browser: Client, connection: Connection, role: Role
) -> None:
    link, _ = handoff.create_link(ana.editor, connection.gateway_id, connection.pk, hours=1)
    Membership.objects.update(role=role.value)
    page = text_of(browser.get(path_of(connection)))
    for offer in ("With the key", "Create a link", "Revoke"):
        assert offer not in page
    assert browser.get(path_of(connection, "/strongswan")).status_code == 200
    for rest in ("/strongswan", "/links", f"/links/{link.pk}/revoke"):
        response = browser.post(path_of(connection, rest), {"password": PASSWORD, "hours": 1})
        assert response.status_code == 403 and PSK not in text_of(response)
    assert HandoffLink.objects.count() == 1


def test_a_link_is_read_without_an_account_and_without_the_key(
    browser: Client, connection: Connection
) -> None:
    path = share(browser, connection)
    reader = Client()
    response = reader.get(path)
    assert response.status_code == 200
    assert connection.gateway.public_address in text_of(response) and PSK not in text_of(response)
    assert f'datetime="{HandoffLink.objects.get().expires_at.isoformat()}"' in text_of(response)
    assert response["Referrer-Policy"] == "no-referrer" and "noindex" in response["X-Robots-Tag"]
    assert response["Cache-Control"] == "no-store"
    for slug in SLUGS:
        page, file = reader.get(f"{path}?vendor={slug}"), reader.get(f"{path}/{slug}")
        assert f"{path}/{slug}" in text_of(page)
        assert "attachment" in file["Content-Disposition"] and file["Referrer-Policy"] == "no-referrer"
        assert PSK not in text_of(page) + text_of(file)
    assert not reader.session.keys()


def test_a_link_is_kept_as_a_digest_and_shown_once(browser: Client, connection: Connection) -> None:
    token = share(browser, connection).rpartition("/")[2]
    assert len(token) >= 43
    assert token not in str(list(HandoffLink.objects.values())) + str(list(AuditEvent.objects.values()))
    page = text_of(browser.get(path_of(connection)))
    assert token not in page and "never" in page and "live" in page


def test_reading_is_noted_but_not_every_time(browser: Client, connection: Connection) -> None:
    path = share(browser, connection)
    for _ in range(3):
        Client().get(path)
    assert actions() == ["vpn_connection.handoff_share", "vpn_connection.handoff_read"]
    event = AuditEvent.objects.get(action="vpn_connection.handoff_read")
    assert event.who == handoff.READ_BY_LINK and event.address == "127.0.0.1"
    HandoffLink.objects.update(read_at=timezone.now() - timedelta(minutes=2))
    Client().get(path)
    assert actions().count("vpn_connection.handoff_read") == 2


def test_a_link_ends(browser: Client, connection: Connection) -> None:
    path = share(browser, connection, hours=1)
    link = HandoffLink.objects.get()
    assert timedelta(minutes=59) < link.expires_at - timezone.now() <= timedelta(hours=1)
    HandoffLink.objects.update(expires_at=timezone.now())
    for there in (path, f"{path}/strongswan", "/shared/no-such-token"):
        response = Client().get(there)
        assert response.status_code == 404 and response["Referrer-Policy"] == "no-referrer"
        assert "not valid" in text_of(response) and connection.name not in text_of(response)
    assert "expired" in text_of(browser.get(path_of(connection)))


def test_a_revoked_link_leads_nowhere(browser: Client, connection: Connection) -> None:
    path = share(browser, connection)
    revoke = path_of(connection, f"/links/{HandoffLink.objects.get().pk}/revoke")
    assert browser.post(revoke).headers["Location"] == path_of(connection)
    assert Client().get(path).status_code == 404
    assert browser.post(revoke).status_code == 404
    assert actions() == ["vpn_connection.handoff_share", "vpn_connection.handoff_revoke"]


def test_a_link_of_a_gateway_that_goes_leads_nowhere(browser: Client, connection: Connection) -> None:
    path = share(browser, connection)
    browser.post(f"/gateways/{connection.gateway_id}/delete", {"name": connection.gateway.name})
    connection.gateway.refresh_from_db()
    assert connection.gateway.deleted_at and Client().get(path).status_code == 404


def test_links_live_as_long_as_the_form_offers(browser: Client, connection: Connection) -> None:
    response = browser.post(path_of(connection, "/links"), {"hours": "100000"})
    assert response.context["link_form"].errors["hours"] and not HandoffLink.objects.exists()


def test_links_are_not_without_number(
    monkeypatch: pytest.MonkeyPatch, browser: Client, connection: Connection
) -> None:
    monkeypatch.setattr(handoff, "MAX_LINKS", 2)
    share(browser, connection)
    share(browser, connection)
    response = browser.post(path_of(connection, "/links"), {"hours": 1})
    assert "revoke one that is not needed" in text_of(response)
    HandoffLink.objects.update(expires_at=timezone.now())
    share(browser, connection)
    assert HandoffLink.objects.count() == 1


def test_links_only_answer_reads(browser: Client, connection: Connection) -> None:
    path = share(browser, connection)
    for method in ("post", "put", "delete"):
        assert getattr(Client(), method)(path).status_code == 405


def test_who_tries_links_has_to_wait(browser: Client, connection: Connection) -> None:
    path = share(browser, connection)
    codes = [Client().get(f"/shared/guess-{number}").status_code for number in range(32)]
    assert codes[0] == 404 and codes[-1] == 429
    assert Client().get(path).status_code == 200


def test_no_log_contains_a_link(
    browser: Client, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    path = share(browser, connection)
    caplog.set_level(logging.DEBUG)
    Client().get(path)
    Client().post(path)
    Client(enforce_csrf_checks=True).post(path)
    browser.post(path_of(connection, f"/links/{HandoffLink.objects.get().pk}/revoke"))
    Client().get(path)
    token = path.rpartition("/")[2]
    lines = [record.getMessage() for record in caplog.records if record.name != "django.db.backends"]
    assert [line for line in lines if token in line] == []
    assert sum("/shared/…" in line for line in lines) >= 3


@pytest.mark.parametrize(
    ("rest", "codes"), [("", [404, 405]), ("/strongswan", [404] * 2), ("/links", [404] * 2)]
)
def test_those_of_others_do_not_exist(ben: Party, browser: Client, rest: str, codes: list[int]) -> None:
    theirs = make_connection(ben, name="of-others")
    answers = browser.get(path_of(theirs, rest)), browser.post(path_of(theirs, rest), {"hours": 1})
    assert [response.status_code for response in answers] == codes
    assert all(theirs.name not in text_of(response) for response in answers)
    assert not HandoffLink.objects.exists()
