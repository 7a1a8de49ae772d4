"""Whom the audit trail names: a client's own claim counts for nothing."""

from __future__ import annotations

import pytest
from django.conf import LazySettings

from console.origin import client_address

_CLAIM = "198.51.100.9, 203.0.113.50"


@pytest.mark.parametrize(
    ("behind", "forwarded", "address"),
    [
        (False, _CLAIM, "192.0.2.1"),
        (False, "", "192.0.2.1"),
        (True, _CLAIM, "203.0.113.50"),
        (True, "203.0.113.50", "203.0.113.50"),
        (True, "", "192.0.2.1"),
    ],
)
def test_only_a_proxy_is_believed(settings: LazySettings, behind: bool, forwarded: str, address: str) -> None:
    settings.BEHIND_TLS = behind
    meta = {"REMOTE_ADDR": "192.0.2.1"} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    assert client_address(meta) == address
