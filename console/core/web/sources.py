"""Where a person's request came from."""

from __future__ import annotations

from django.http import HttpRequest

from console.core.origin import client_address
from console.core.services.sign_ins import Source


def source_of(request: HttpRequest) -> Source:
    """The client's address, the request's id, and what the browser calls itself."""
    return Source(
        address=client_address(request.META),
        request_id=getattr(request, "request_id", ""),
        browser=str(request.META.get("HTTP_USER_AGENT", ""))[:200],
    )
