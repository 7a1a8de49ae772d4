"""Short-lived bearer tokens for an API key, as the identity service issues them to official clients.

A token is a signed JWT (RFC 7519) that names a key; the key is looked up at every use, so that
revoking it ends its tokens at once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
from django.conf import settings
from django.utils.crypto import salted_hmac

from console.core.models import ApiKey
from console.core.services.keys import note_use

LIFETIME = timedelta(hours=1)
_ALGORITHM, _AUDIENCE = "HS256", "isthmus"


def issue_token(row: ApiKey, *, issuer: str) -> tuple[str, datetime]:
    """The token, and when it ends: after an hour, or with its key if that is sooner.

    `issuer` is the address of this service. Terraform's provider reads `id`, `account.bss` (the
    account as CRNs name it) and `iss` without asking whether they are there.
    """
    now = datetime.now(UTC)
    ends = min(now + LIFETIME, row.expires_at or now + LIFETIME)
    ident = str(row.pk)
    claims = {
        "sub": ident,
        "id": ident,
        "iam_id": ident,
        "account": {"bss": row.account_id.hex},
        "iss": issuer,
        "aud": _AUDIENCE,
        "iat": now,
        "exp": ends,
    }
    return jwt.encode(claims, _secret(), algorithm=_ALGORITHM), ends


def looks_like_token(text: str) -> bool:
    """Three parts with dots between; an API key has no dot."""
    return text.count(".") == 2


def find_key_of_token(token: str) -> ApiKey | None:
    """The usable key that a token was issued for; None when it is forged, or it or its key has expired."""
    try:
        claims = jwt.decode(
            token,
            _secret(),
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            options={"require": ["exp", "iat", "sub"]},
        )
        row = ApiKey.objects.select_related("account").filter(pk=UUID(claims["sub"])).first()
    except (jwt.InvalidTokenError, ValueError):
        return None
    return note_use(row) if row is not None and row.usable else None


def _secret() -> bytes:
    """A key of its own: the signature must not be of use anywhere else."""
    return salted_hmac("isthmus.token", "", secret=settings.SECRET_KEY, algorithm="sha256").digest()
