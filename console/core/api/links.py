"""Hrefs and CRNs, by which responses refer to objects (contract section 2.7)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest


def origin(request: HttpRequest) -> str:
    """Scheme and host as clients see them, without a slash at the end."""
    return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"


# A response has most ids several times; a UUID builds its text each time that it is asked for it.
id_text = lru_cache(maxsize=4096)(str)


class Links:
    """Builds hrefs and CRNs of one account; made once per request."""

    __slots__ = ("_account", "_cloud", "base", "region")

    def __init__(self, request: HttpRequest, account_id: UUID) -> None:
        self.base = f"{origin(request)}/v1"
        self.region: str = settings.REGION
        self._cloud: str = settings.CRN_CLOUD
        self._account = account_id.hex

    def href(self, collection: str, ident: object) -> str:
        return f"{self.base}/{collection}/{id_text(ident)}"

    def crn(self, kind: str, ident: object, location: str = "") -> str:
        """`location` is a region or a zone; the region when it is left out."""
        place = location or self.region
        return f"crn:v1:{self._cloud}:public:is:{place}:a/{self._account}::{kind}:{id_text(ident)}"


def format_timestamp(at: datetime) -> str:
    """RFC 3339 with microseconds and Z, as the 2019 API writes times."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
