from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import InterfaceError, OperationalError
from django.test import Client, RequestFactory

from console.core.api.envelope import container
from console.core.errors import Violation
from policies import services
from tests.factories import Api, Party, errors_of, make_gateway, path_of
from vpn.models import Gateway


def test_unknown_routes(ana: Party) -> None:
    for path in ("/v1/nothing", "/v1/vpn_gateways/", "/v1/", "/v1/vpn_gateways/x/y/z"):
        response = ana.api.get(path)
        assert response.status_code == 404, path
        assert errors_of(response) == [("invalid_route", "")], path


def test_a_wrong_method_lists_the_allowed_ones(ana: Party) -> None:
    response = ana.api.put("/v1/vpn_gateways")
    assert response.status_code == 405
    assert response["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert errors_of(response) == [("method_not_allowed", "")]


def test_an_unsupported_media_type_is_not_acceptable(ana: Party) -> None:
    response = ana.api.get("/v1/vpn_gateways", headers={"Accept": "application/xml"})
    assert response.status_code == 406
    assert errors_of(response) == [("not_acceptable", "Accept")]


def test_forms_are_for_browsers_only(ana: Party) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\na\r\n--x--\r\n'
    response = ana.api.post("/v1/vpcs", body, content_type="multipart/form-data; boundary=x")
    assert response.status_code == 415
    assert errors_of(response) == [("unsupported_media_type", "Content-Type")]


DEEP = b'{"a":' * 30000 + b"1" + b"}" * 30000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "bad_request"),
        (b"name=x", "bad_request"),
        (b"[]", "bad_request"),
        (b'"text"', "bad_request"),
        (b"null", "bad_request"),
        (b"\xff\xfe", "bad_request"),
        (b'{"name": NaN}', "bad_request"),
        (b'{"name": Infinity}', "bad_request"),
        (b'{"name": "a", "name": "b"}', "bad_request"),
        (b'{"subnet": {"id": "a", "id": "b"}}', "bad_request"),
        (b'{"name": ' + b"9" * 5000 + b"}", "bad_request"),
        (b'{"name": "a\\u0000b"}', "bad_field"),
        (b'{"name": "\\ud800"}', "bad_field"),
        (b'{"n\\u0000": 1}', "bad_field"),
        (b'{"name": "a" "b"}', "bad_request"),
        (b"[" * 60000, "bad_request"),
    ],
)
@pytest.mark.parametrize("label", ["application/json", "application/x-www-form-urlencoded", ""])
def test_bodies_that_are_no_object(ana: Party, body: bytes, code: str, label: str) -> None:
    response = ana.api.post("/v1/vpn_gateways", body, content_type=label)
    assert response.status_code == 400, response.content
    assert errors_of(response)[0][0] == code
    assert not Gateway.objects.exists()


@pytest.mark.parametrize(
    "label",
    ["application/json", "application/merge-patch+json", "application/x-www-form-urlencoded", "text/odd"],
)
def test_the_label_of_a_body_does_not_matter(ana: Party, label: str) -> None:
    gateway = make_gateway(ana)
    assert (
        ana.api.patch(path_of(gateway), {"name": "renamed"}, content_type=label).json()["name"] == "renamed"
    )


def test_too_large_a_body(ana: Party, settings: LazySettings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024
    response = ana.api.post("/v1/vpn_gateways", {"name": "x" * 2000})
    assert response.status_code == 413
    assert errors_of(response) == [("http_request_size_exceeded", "")]
    browser = ana.browser()
    response = browser.post(
        "/v1/vpn_gateways?version=2019-01-01", "x" * 2000, content_type="application/json"
    )
    assert response.status_code == 413, response.content


def test_an_internal_error_discloses_nothing(
    ana: Party, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(actor: Any) -> None:
        raise RuntimeError("the secret detail")

    monkeypatch.setattr(services, "ike_policies_of", fail)
    with caplog.at_level(logging.ERROR):
        response = ana.api.get("/v1/ike_policies")
    assert response.status_code == 500
    assert errors_of(response) == [("internal_error", "")]
    assert b"secret detail" not in response.content and b"Traceback" not in response.content
    assert "the secret detail" in caplog.text, "operators find it in the log"


def test_the_trace_is_the_request_id(ana: Party) -> None:
    for given in ("abc-123", "a", "x" * 128):
        response = ana.api.get("/v1/nothing", headers={"X-Request-Id": given})
        assert (response.json()["trace"], response["X-Request-Id"]) == (given, given)
    for wrong in ("x" * 129, "a b", ""):
        response = ana.api.get("/v1/nothing", headers={"X-Request-Id": wrong})
        assert len(response["X-Request-Id"]) == 32


def test_several_mistakes_come_together_and_secrets_stay_out(ana: Party) -> None:
    gateway = make_gateway(ana)
    body = {
        "name": "1x",
        "psk": "no spaces allowed",
        "peer_address": 5,
        "colour": "red",
        "peer_cidrs": ["10.0.0.1/24"],
        "dead_peer_detection": {"action": "explode", "speed": 1},
        "ike_policy": {"id": "nothing"},
    }
    response = ana.api.post(f"{path_of(gateway)}/connections", body)
    assert response.status_code == 400
    found = set(errors_of(response))
    assert {
        ("bad_field", "colour"),
        ("bad_field", "dead_peer_detection.speed"),
        ("validation_invalid_field_type", "peer_address"),
        ("ike_policy_not_found", "ike_policy.id"),
    } <= found
    values = {e["target"]["name"]: e["target"].get("value") for e in response.json()["errors"]}
    assert values["peer_address"] == 5
    assert b"no spaces allowed" not in response.content
    del body["ike_policy"], body["peer_address"]
    found = set(errors_of(ana.api.post(f"{path_of(gateway)}/connections", body)))
    assert {
        ("vpn_connection_invalid_name", "name"),
        ("vpn_connection_invalid_psk_format", "psk"),
        ("vpn_connection_cidr_not_valid", "peer_cidrs[0]"),
        ("vpn_connection_local_cidrs_required", "local_cidrs"),
        ("validation_enum", "dead_peer_detection.action"),
        ("validation_required_field", "peer_address"),
    } <= found


@pytest.mark.parametrize(
    "body",
    [
        {"Psk": "hidden-value"},
        {"pre_shared_key": "hidden-value"},
        {"dead_peer_detection": {"PSK": "hidden-value", "pskk": "hidden-value"}},
    ],
)
def test_values_of_unknown_fields_are_not_repeated(ana: Party, body: dict[str, Any]) -> None:
    response = ana.api.post(f"{path_of(make_gateway(ana))}/connections", body)
    assert response.status_code == 400
    assert "bad_field" in {code for code, _ in errors_of(response)}
    assert b"hidden-value" not in response.content


def test_a_secret_is_one_however_its_name_is_written() -> None:
    broken = [Violation("validation_invalid_field_type", "list[0].PsK", "Wrong.")]
    body = {"list": [{"PsK": "hidden-value"}]}
    error_body = container(RequestFactory().get("/"), broken, body=body)
    assert "value" not in error_body["errors"][0]["target"]


@pytest.mark.parametrize(
    ("query", "code", "name"),
    [
        ("", "missing_version", "version"),
        ("version=", "invalid_version", "version"),
        ("version=soon", "invalid_version", "version"),
        ("version=20190101", "invalid_version", "version"),
        ("version=2019-02-30", "invalid_version", "version"),
        ("version=2018-12-31", "invalid_version_range", "version"),
        ("version=2019-05-30&generation=2", "invalid_version_range", "version"),
        ("version=2019-05-31", "missing_generation_parameter", "generation"),
        ("version=2999-01-01", "missing_generation_parameter", "generation"),
        ("version=2021-01-12&generation=x", "invalid_generation_parameter", "generation"),
    ],
)
def test_version_and_generation(ana: Party, query: str, code: str, name: str) -> None:
    response = ana.api.get(f"/v1/vpn_gateways?{query}", version=None)
    assert response.status_code == 400
    assert errors_of(response) == [(code, name)]
    assert response.json()["errors"][0]["target"]["type"] == "parameter"


@pytest.mark.parametrize(
    "query",
    [
        "version=2019-01-01",
        "version=2019-05-30",
        "version=2019-01-01&generation=1",
        "version=2021-01-12&generation=1",
        "version=2999-01-01&generation=1",
        "version=2019-05-31&generation=2",
        "version=2999-01-01&generation=2",
    ],
)
def test_versions_that_are_served(ana: Party, query: str) -> None:
    assert ana.api.get(f"/v1/vpn_gateways?{query}", version=None).status_code == 200


def test_a_date_in_the_future_may_be_refused(ana: Party, settings: LazySettings) -> None:
    """A day ahead is a clock, not a date."""
    settings.REFUSE_FUTURE_VERSIONS = True
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    query = f"/v1/vpn_gateways?generation=2&version={tomorrow}"
    assert ana.api.get(query, version=None).status_code == 200
    query = "/v1/vpn_gateways?generation=2&version=2999-01-01"
    assert errors_of(ana.api.get(query, version=None)) == [("invalid_version_range", "version")]


def test_two_invalid_parameters_are_reported_together(ana: Party) -> None:
    response = ana.api.get("/v1/vpn_gateways?version=x&generation=3", version=None)
    assert [code for code, _ in errors_of(response)] == ["invalid_version", "invalid_generation_parameter"]


def test_nul_in_the_query(ana: Party) -> None:
    assert errors_of(ana.api.get("/v1/vpn_gateways?resource_group.id=%00"))[0][0] == "bad_request"
    assert ana.api.get("/v1/vpn_gateways/%00").status_code == 404
    assert ana.api.get("/v1/resource_groups/%00").status_code == 404


def test_an_unknown_host_is_a_bad_request(ana: Party) -> None:
    response = ana.api.get("/v1/vpn_gateways", HTTP_HOST="evil.example")
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "bad_request"


def test_responses_are_not_cached(ana: Party) -> None:
    assert ana.api.get("/v1/vpn_gateways")["Cache-Control"] == "no-store"


def test_the_root_lists_collections_and_links_resolve(ana: Party) -> None:
    for entry in ana.api.get("/v1").json().values():
        assert ana.api.get(entry["href"].removeprefix("http://testserver")).status_code == 200


def test_public_url_is_the_base_of_links(ana: Party, settings: LazySettings) -> None:
    settings.PUBLIC_URL = "https://vpn.example.test"
    assert ana.api.get("/v1").json()["vpcs"]["href"] == "https://vpn.example.test/v1/vpcs"
    error = ana.api.get("/v1/nothing").json()["errors"][0]
    assert error["more_info"].startswith("https://vpn.example.test/manual/errors#")


def test_an_account_is_required(db: None) -> None:
    from django.test import Client

    from console.core.models import User

    client = Client()
    client.force_login(User.objects.create_user("nobody"))
    response = client.get("/v1/vpn_gateways")
    assert response.status_code == 403
    assert errors_of(response) == [("not_authorized", "")]
    assert Api().get("/v1/vpn_gateways").status_code == 401


@pytest.mark.parametrize("error", [OperationalError("database is locked"), InterfaceError("gone")])
def test_a_busy_database_is_503_with_a_time(
    ana: Party, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("vpn.services.gateways._subnet", busy)
    response = ana.api.post("/v1/vpn_gateways", {"subnet": {"name": "any"}})
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert errors_of(response)[0][0] == "backend_service_unavailable"


def test_a_database_away_before_any_view_is_503(ana: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    client = Client(raise_request_exception=False)
    client.force_login(ana.user)
    monkeypatch.setattr("console.core.web.middleware._actor", busy)
    for path in ("/manual", "/v1/vpn_gateways?version=2019-01-01"):
        response = client.get(path)
        assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json()["errors"][0]["code"] == "backend_service_unavailable"
