from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from console.core.actor import Role
from console.core.errors import Invalid, NotAllowed, NotFound
from console.core.models import ApiKey, AuditEvent
from console.core.services import create_account, create_api_key, revoke_api_key
from console.core.services.administration import create_resource_group
from console.core.services.keys import find_key
from tests.factories import Api, Party, errors_of
from tests.pages import text_of


def test_a_key_is_shown_once_and_kept_as_a_digest(ana: Party) -> None:
    row, key = create_api_key(ana.administrator, name="deploy", role=Role.EDITOR)
    assert re.fullmatch(r"isth_[-_A-Za-z0-9]{43}", key)
    row.refresh_from_db()
    assert key not in str(vars(row))
    assert key.startswith(row.hint) and len(row.hint) < 12
    found = find_key(key)
    assert found is not None and found.pk == row.pk


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "{}", "  Bearer   {}  "])
def test_the_key_works_with_and_without_the_word_bearer(ana: Party, form: str) -> None:
    headers = {"Authorization": form.format(ana.key())}
    assert Api().get("/v1/vpn_gateways", headers=headers).status_code == 200


def test_no_key_is_token_missing(ana: Party) -> None:
    response = Api().get("/v1/vpn_gateways")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert errors_of(response) == [("token_missing", "Authorization")]
    assert response.json()["errors"][0]["target"]["type"] == "header"


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "wrong", "Basic YTpi", "Bearer " + "x" * 5000, "Bearer é"]
)
def test_a_wrong_key_is_token_invalid(ana: Party, header: str) -> None:
    response = Api().get("/v1/vpn_gateways", headers={"Authorization": header})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert errors_of(response) == [("token_invalid", "Authorization")]


def test_a_revoked_key_stops_at_once(ana: Party) -> None:
    row, key = create_api_key(ana.administrator, name="deploy", role=Role.EDITOR)
    api = Api(key)
    assert api.get("/v1/vpcs").status_code == 200
    revoke_api_key(ana.administrator, row.pk)
    revoke_api_key(ana.administrator, row.pk)
    assert errors_of(api.get("/v1/vpcs")) == [("token_invalid", "Authorization")]
    assert AuditEvent.objects.filter(action="api_key.revoke").count() == 1


def test_an_expired_key_is_refused(ana: Party) -> None:
    soon = timezone.now() + timedelta(hours=1)
    row, key = create_api_key(ana.administrator, name="deploy", role=Role.EDITOR, expires_at=soon)
    assert find_key(key) is not None
    ApiKey.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    assert find_key(key) is None


def test_only_administrators_manage_keys(ana: Party, ben: Party) -> None:
    row, _ = create_api_key(ana.administrator, name="deploy", role=Role.EDITOR)
    for act in (
        lambda: create_api_key(ana.editor, name="other", role=Role.VIEWER),
        lambda: revoke_api_key(ana.editor, row.pk),
    ):
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(NotFound):
        revoke_api_key(ben.administrator, row.pk)
    row.refresh_from_db()
    assert row.revoked_at is None


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"name": ""}, ["validation_invalid_name"]),
        ({"name": "x" * 64}, ["validation_invalid_name"]),
        ({"name": "taken"}, ["validation_unique_failed"]),
        (
            {"name": "taken", "expires_at": timezone.now() - timedelta(days=1)},
            ["validation_unique_failed", "validation_min_value"],
        ),
    ],
)
def test_what_a_key_must_not_be(ana: Party, fields: dict[str, Any], codes: list[str]) -> None:
    create_api_key(ana.administrator, name="taken", role=Role.VIEWER)
    with pytest.raises(Invalid) as refusal:
        create_api_key(ana.administrator, role=Role.VIEWER, **fields)
    assert [violation.code for violation in refusal.value.violations] == codes
    assert ApiKey.objects.count() == 1


def test_a_revoked_name_is_free_again(ana: Party) -> None:
    row, _ = create_api_key(ana.administrator, name="deploy", role=Role.VIEWER)
    revoke_api_key(ana.administrator, row.pk)
    create_api_key(ana.administrator, name="deploy", role=Role.VIEWER)


def test_its_use_is_noted_once_a_minute_and_costs_one_query(ana: Party) -> None:
    key = ana.key()
    assert find_key(key) is not None
    noted = ApiKey.objects.get().last_used_at
    assert noted is not None
    with CaptureQueriesContext(
        connection,
    ) as queries:
        find_key(key)
    assert len(queries) == 1
    assert ApiKey.objects.get().last_used_at == noted
    ApiKey.objects.update(last_used_at=noted - timedelta(seconds=601))
    find_key(key)
    assert ApiKey.objects.get().last_used_at > noted


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a\nb", "U+000A"),
        ("a\x00b", "U+0000"),
        ("a\u202eb", "U+202E"),
        ("a\u200bb", "U+200B"),
        ("a\x1b[0m", "U+001B"),
    ],
)
def test_names_have_printable_characters_only(ana: Party, name: str, code: str) -> None:
    """They reach terminals, logs and the CSV of the activity."""
    with pytest.raises(Invalid) as raised:
        create_api_key(ana.administrator, name=name, role=Role.VIEWER)
    (violation,) = raised.value.violations
    assert (violation.code, violation.field) == ("validation_invalid_name", "name")
    assert code in violation.message and "position 2" in violation.message
    for make in (create_account, lambda name, who: create_resource_group(ana.administrator, name)):
        with pytest.raises(Invalid):
            make(name, who="test")
    page = text_of(ana.browser().post("/keys", {"name": name, "role": "viewer"}))
    assert ("printable characters only" in page) is (not name.startswith("a\x00"))
    assert not ApiKey.objects.exists()


def test_an_account_has_a_bounded_number_of_usable_keys(ana: Party, settings: LazySettings) -> None:
    settings.QUOTAS = {**settings.QUOTAS, "api_keys": 2}
    first, _ = create_api_key(ana.administrator, name="one", role=Role.VIEWER)
    create_api_key(ana.administrator, name="two", role=Role.VIEWER)
    with pytest.raises(Invalid) as raised:
        create_api_key(ana.administrator, name="three", role=Role.VIEWER)
    assert "limit of 2 usable API keys" in raised.value.violations[0].message
    revoke_api_key(ana.administrator, first.pk)
    create_api_key(ana.administrator, name="three", role=Role.VIEWER)
