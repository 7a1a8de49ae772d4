from __future__ import annotations

import pytest
from django.conf import LazySettings

from console.core.api import throttling
from tests.factories import Api, Party, errors_of


def test_a_key_over_its_rate_waits_for_the_next_window(ana: Party, rate_limit: LazySettings) -> None:
    api, other = Api(ana.key()), Api(ana.key())
    assert [api.get("/v1/vpcs").status_code for _ in range(3)] == [200] * 3
    refused = api.get("/v1/vpcs")
    assert refused.status_code == 429
    assert refused["Retry-After"] == "40"
    assert errors_of(refused) == [("rate_limit_exceeded", "")]
    assert other.get("/v1/vpcs").status_code == 200, "each key counts for itself"


def test_the_next_window_is_free(
    ana: Party, rate_limit: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = ana.api
    assert [api.get("/v1/vpcs").status_code for _ in range(4)] == [200, 200, 200, 429]
    monkeypatch.setattr(throttling, "clock", lambda: 6_000_061.0)
    assert api.get("/v1/vpcs").status_code == 200


def test_zero_is_no_limit_and_people_are_not_counted(ana: Party, settings: LazySettings) -> None:
    settings.RATE_LIMIT = 0
    assert {ana.api.get("/v1/vpcs").status_code for _ in range(5)} == {200}
    settings.RATE_LIMIT = 1
    browser = ana.browser()
    assert {browser.get("/v1/vpcs").status_code for _ in range(3)} == {200}
