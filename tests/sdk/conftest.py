"""Today's official SDK, signed in by its own authenticator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_vpc import VpcV1

from tests.factories import Party, make_subnet, raise_quotas


@pytest.fixture
def client(live_server: Any, ana: Party) -> Iterator[VpcV1]:
    """By the SDK's own authenticator, which fetches a token for the API key."""
    raise_quotas(ana)
    service = VpcV1(authenticator=IAMAuthenticator(ana.key(), url=live_server.url))
    service.set_service_url(f"{live_server.url}/v1")
    yield service


@pytest.fixture
def subnet(ana: Party) -> Any:
    return make_subnet(ana)
