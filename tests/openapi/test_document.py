"""Where the document is served, in which forms, and the page that reads it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
import yaml
from django.conf import LazySettings
from django.test import Client

from console.core.api.openapi import views
from console.core.api.openapi.document import document
from console.core.api.versions import FORMS, ApiVersion, form_of
from tests.factories import Party, errors_of

pytestmark = pytest.mark.django_db


def fetch(path: str) -> Any:
    return Client().get(f"/openapi/{path}")


@pytest.mark.parametrize(("generation", "form"), [(1, FORMS[0]), (2, FORMS[-1])])
def test_it_is_served_to_everyone_as_json_and_yaml(generation: int, form: ApiVersion) -> None:
    response = fetch(f"generation-{generation}.json")
    assert response.status_code == 200 and response["Content-Type"] == "application/json"
    assert response.json()["info"]["version"] == form.date.isoformat()
    assert response.json() == yaml.load(
        fetch(f"generation-{generation}.yaml").content, Loader=yaml.CSafeLoader
    )
    assert "&id0" not in fetch(f"generation-{generation}.yaml").content.decode()


def test_a_date_gets_the_form_that_it_has() -> None:
    documented = fetch("generation-2.json?version=2024-04-29").json()
    assert documented["info"]["version"] == "2023-10-10"
    paths = [path for path in documented["paths"] if "cidrs" in path.partition("connections")[2]]
    assert len(paths) == 4 and all("_cidrs" in path for path in paths)
    (dated, generation, *_) = documented["paths"]["/v1/vpn_gateways"]["get"]["parameters"]
    assert (dated["name"], dated["schema"]["enum"]) == ("version", ["2023-10-10"])
    assert (generation["required"], generation["schema"]["enum"]) == (True, [2])
    assert [form_of(form) for form in FORMS] == list(FORMS)


def test_concurrent_requests_wait_for_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, second = list[ApiVersion](), Event()

    def document(version: ApiVersion) -> dict[str, str]:
        begun.append(version)
        if len(begun) > 1:
            second.set()
        second.wait(0.5)
        return {"openapi": "3.1.0"}

    monkeypatch.setattr(views, "document", document)
    views._write.cache_clear()
    try:
        with ThreadPoolExecutor(4) as pool:
            written = list(pool.map(lambda _: views._written(FORMS[0], "yaml"), range(4)))
    finally:
        views._write.cache_clear()
    assert written == ["openapi: 3.1.0\n"] * 4
    assert len(begun) == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("generation-2.json?version=soon", 400, "invalid_version"),
        ("generation-1.yaml?version=2018-12-31", 400, "invalid_version_range"),
        ("generation-2.json?version=2019-01-01", 400, "invalid_version_range"),
    ],
)
def test_a_date_that_is_none_is_refused(path: str, status: int, code: str) -> None:
    response = fetch(path)
    assert (response.status_code, errors_of(response)) == (status, [(code, "version")])


def test_there_is_no_third_one() -> None:
    assert fetch("generation-3.json").status_code == fetch("generation-2.xml").status_code == 404
    assert Client().post("/openapi/generation-2.json").status_code == 405


def test_bodies_speak_the_words_of_their_version() -> None:
    def properties(form: ApiVersion, name: str) -> set[str]:
        return set(document(form)["components"]["schemas"][name]["properties"])

    name = "VPNGatewayConnectionCreate"
    assert {"peer_address", "local_cidrs", "peer_cidrs"} <= properties(FORMS[0], name)
    assert not {"local", "peer", "establish_mode"} & properties(FORMS[0], name)
    assert {"peer_address", "establish_mode"} <= properties(FORMS[-2], name)
    assert {"local", "peer", "establish_mode"} <= properties(FORMS[-1], name)
    assert "peer_address" not in properties(FORMS[-1], name)
    hashes = {
        form.generation: document(form)["components"]["schemas"]["IKEPolicyCreate"]["properties"]
        for form in (FORMS[0], FORMS[-1])
    }
    assert "md5" in hashes[1]["authentication_algorithm"]["enum"]
    assert "dh_groups" not in hashes[1]
    assert hashes[2]["authentication_algorithm"]["enum"] == ["sha256", "sha384", "sha512"]
    assert hashes[2]["dh_groups"]["uniqueItems"] is True


def test_it_contains_the_public_url_when_set(settings: LazySettings) -> None:
    document.cache_clear()
    try:
        assert "servers" not in document(FORMS[-1])
        document.cache_clear()
        settings.PUBLIC_URL = "https://vpn.example.com"
        assert document(FORMS[-1])["servers"] == [{"url": "https://vpn.example.com"}]
    finally:
        document.cache_clear()


def test_the_page_reads_it_and_loads_nothing_from_elsewhere(ana: Party) -> None:
    response = ana.browser().get("/openapi")
    page = response.content.decode()
    assert 'data-url="/openapi/generation-2.json?version=2024-04-30"' in page
    assert "csrfmiddlewaretoken" in page.partition('id="swagger"')[2].partition("</div>")[0]
    loaded = re.findall(r'(?:src|<link[^>]+href)="([^"]+)"', page)
    assert loaded and all(path.startswith("/static/") for path in loaded)
    policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    other = ana.browser().get("/activity")["Content-Security-Policy"]
    assert "unsafe-inline" not in other


def test_the_page_has_every_form() -> None:
    for query, url in (
        ("", "generation-2.json?version=2024-04-30"),
        ("?generation=1", "generation-1.json?version=2019-01-01"),
        ("?generation=2&version=2023-10-10", "generation-2.json?version=2023-10-10"),
        ("?generation=9&version=x", "generation-2.json?version=2024-04-30"),
    ):
        page = Client().get(f"/openapi{query}").content.decode()
        assert f'data-url="/openapi/{url}"' in page, query
        assert "csrfmiddlewaretoken" not in page.partition('id="swagger"')[2].partition("</div>")[0]
