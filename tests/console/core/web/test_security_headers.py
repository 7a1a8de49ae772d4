"""Every response carries the security headers, also one to a request that no view has seen."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import Client

from tests.console.project.test_web_server import SECURITY_HEADERS

pytestmark = pytest.mark.django_db
PATHS = "/", "/sign-in", "/v1/vpn_gateways", "/v1/nothing", "/livez", "/manual", "/static/console.css"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("redirects", [False, True], ids=["http", "to https"])
@pytest.mark.parametrize("host", ["testserver", "elsewhere.example"])
def test_they_are_there(settings: LazySettings, path: str, redirects: bool, host: str) -> None:
    """To redirect to https the host is asked for before any other middleware has seen the request."""
    settings.SECURE_SSL_REDIRECT = redirects
    response = Client().get(path, headers={"Host": host})
    assert response.status_code == 400 or host == "testserver" or path.startswith(("/static", "/livez"))
    assert {name for name in SECURITY_HEADERS if name not in response.headers} == set()
