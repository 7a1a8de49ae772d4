"""An API key for a short-lived token, the way official clients ask for one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from console.core.actor import Role
from console.core.api.identity import GRANT
from console.core.models import ApiKey
from console.core.services.keys import create_api_key, revoke_api_key
from tests.factories import Api, Party, errors_of

pytestmark = pytest.mark.django_db
PATH = "/identity/token"


def asked(key: str, grant: str = GRANT) -> Any:
    return Client().post(PATH, {"grant_type": grant, "apikey": key, "response_type": "cloud_iam"})


def token_of(key: str) -> str:
    return str(asked(key).json()["access_token"])


def status_with(token: str) -> int:
    return int(Api(token).get("/v1/vpn_gateways").status_code)


def test_a_token_acts_as_its_key(ana: Party) -> None:
    response = asked(ana.key(Role.VIEWER))
    body = response.json()
    assert (response.status_code, body["token_type"], response["Cache-Control"]) == (
        200,
        "Bearer",
        "max-age=0, no-cache, no-store, must-revalidate, private",
    )
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 3600 and body["expiration"] == claims["exp"]
    assert 3590 <= body["expires_in"] <= 3600
    viewer = Api(body["access_token"])
    assert viewer.get("/v1/vpn_gateways").status_code == 200
    assert viewer.post("/v1/vpcs", {"name": "no"}).status_code == 403
    bare = Client().get(
        "/v1/vpn_gateways?version=2019-01-01", headers={"Authorization": body["access_token"]}
    )
    assert bare.status_code == 200


def test_a_token_ends_with_its_key(ana: Party) -> None:
    row, key = create_api_key(ana.administrator, name="soon", role=Role.EDITOR)
    token = token_of(key)
    assert status_with(token) == 200
    revoke_api_key(ana.administrator, row.pk)
    assert status_with(token) == 401
    ends = timezone.now() + timedelta(minutes=5)
    _, short = create_api_key(ana.administrator, name="short", role=Role.EDITOR, expires_at=ends)
    assert asked(short).json()["expires_in"] <= 300


@pytest.mark.parametrize("wrong", ["", "isth_nothing", "a.b.c"])
def test_no_token_for_what_is_no_key(wrong: str) -> None:
    refused = asked(wrong)
    assert (refused.status_code, errors_of(refused)) == (401, [("token_invalid", "apikey")])


def test_other_grants_and_methods_are_refused(ana: Party) -> None:
    refused = asked(ana.key(), grant="password")
    assert (refused.status_code, errors_of(refused)) == (400, [("bad_request", "grant_type")])
    for method in ("get", "put", "delete"):
        other = getattr(Client(), method)(PATH)
        assert (other.status_code, other["Allow"]) == (405, "POST")
        assert errors_of(other) == [("method_not_allowed", "")]


def test_terraforms_provider_finds_what_it_reads(ana: Party) -> None:
    """It assumes that these are strings, and fails if one is missing."""
    claims = jwt.decode(token_of(ana.key()), options={"verify_signature": False})
    key = ana.account.api_keys.get()
    assert claims["id"] == claims["iam_id"] == str(key.pk)
    assert claims["account"] == {"bss": ana.account.pk.hex}
    made = ana.api.post("/v1/vpcs", {"name": "one"}).json()
    assert f":a/{claims['account']['bss']}:" in made["crn"]
    assert claims["iss"] == "http://testserver"


def forged(ana: Party, secret: str = "guess" * 10, **claims: Any) -> str:
    now = datetime.now(UTC)
    key = ApiKey.objects.filter(account=ana.account).first()
    whole = {"sub": str(key.pk if key else ""), "aud": "isthmus", "iat": now, "exp": now + timedelta(hours=1)}
    return jwt.encode(whole | claims, secret, algorithm="HS256")


def test_forged_and_old_tokens_are_refused(ana: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_of(ana.key())
    unsigned = jwt.encode({"sub": "x", "aud": "isthmus"}, "", algorithm="none")
    head, claims, signature = token.split(".")
    for wrong in (forged(ana), unsigned, f"{head}.{claims}.", f"{head}.{claims[:-2]}.{signature}", "a.b.c"):
        assert status_with(wrong) == 401
    monkeypatch.setattr("console.core.services.tokens.LIFETIME", timedelta(seconds=-1))
    assert status_with(token_of(ana.key())) == 401


def test_one_key_is_one_client_for_the_rate_limit(ana: Party, settings: Any) -> None:
    settings.RATE_LIMIT = 2
    key = ana.key()
    first, second = token_of(key), token_of(key)
    assert [status_with(one) for one in (first, second, key)] == [200, 200, 429]
