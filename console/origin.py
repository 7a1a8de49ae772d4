"""Where a request came from, for the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings


def client_address(meta: Mapping[str, Any]) -> str:
    """The client's address. Behind a proxy (ISTHMUS_BEHIND_TLS) the one that the proxy itself saw:
    the last of X-Forwarded-For, since everything before it is the client's own claim."""
    if settings.BEHIND_TLS and meta.get("HTTP_X_FORWARDED_FOR"):
        return str(meta["HTTP_X_FORWARDED_FOR"]).rpartition(",")[2].strip()
    return str(meta.get("REMOTE_ADDR", ""))
