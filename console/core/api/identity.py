"""`POST /identity/token`: exchanges an API key for a short-lived bearer token.

The authenticator of official clients works with another address alone (contract section 9.1): a form
with `grant_type` and `apikey`; the response has a JWT with `iat` and `exp`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters

from console.core.api.envelope import container
from console.core.api.links import origin
from console.core.api.response_schema import INTEGER, STRING, Always, Field, ResponseSchema, constant
from console.core.api.versions import FORMS
from console.core.errors import Violation
from console.core.services.keys import find_key
from console.core.services.tokens import issue_token

GRANT = "urn:ibm:params:oauth:grant-type:apikey"


class _Issued(NamedTuple):
    access_token: str
    expires_in: int
    expiration: int


class Token(ResponseSchema):
    access_token = Field(STRING)
    refresh_token = Field(STRING, Always("not_supported"))
    token_type = constant("Bearer")
    expires_in = Field(INTEGER, description="Seconds.")
    expiration = Field(INTEGER, description="Seconds since 1970.")
    scope = Field(STRING, Always("isthmus"))


# The same in every version.
_write = Token.renderer(FORMS[-1])


@csrf_exempt
@never_cache
@sensitive_post_parameters("apikey")
def token(request: HttpRequest) -> JsonResponse:
    """400 for another kind of grant, 401 for a key that is not usable, 405 for all but POST."""
    if request.method != "POST":
        message = "Request a token by POST, with grant_type and apikey as fields of a form."
        refused = _refused(request, 405, Violation("method_not_allowed", "", message))
        refused["Allow"] = "POST"
        return refused
    if request.POST.get("grant_type") != GRANT:
        message = f"grant_type must be {GRANT}."
        return _refused(request, 400, Violation("bad_request", "grant_type", message))
    row = find_key(request.POST.get("apikey", "")[:256])
    if row is None:
        message = "The API key is unknown, expired or revoked."
        return _refused(request, 401, Violation("token_invalid", "apikey", message))
    text, ends = issue_token(row, issuer=origin(request))
    left = max(0, int((ends - datetime.now(UTC)).total_seconds()))
    return JsonResponse(_write(_Issued(text, left, int(ends.timestamp())), None))


def _refused(request: HttpRequest, status: int, violation: Violation) -> JsonResponse:
    return JsonResponse(container(request, [violation], kind="parameter"), status=status)
