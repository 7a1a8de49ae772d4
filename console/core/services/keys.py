"""API keys: shown once, stored as a digest."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError
from django.db.models import Q, QuerySet
from django.utils import timezone

from console.core.actor import Actor, Role
from console.core.audit import record
from console.core.busy import without_waiting
from console.core.errors import Invalid, Violation, not_found
from console.core.models import ApiKey
from console.core.models.prepared import PreparedQuery
from console.core.names import label_violations
from console.core.quotas import limits_for
from console.core.services.change import change

log = logging.getLogger(__name__)

PREFIX = "isth_"
_HINT = len(PREFIX) + 4
_USED_EVERY = timedelta(minutes=1)


def usable_keys(account_id: UUID) -> QuerySet[ApiKey]:
    """Neither revoked nor expired."""
    alive = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return ApiKey.objects.filter(alive, account_id=account_id, revoked_at=None)


def keys_made_by(account_id: UUID, user_id: int) -> QuerySet[ApiKey]:
    """The usable API keys of an account that this person created, by name."""
    return usable_keys(account_id).filter(creator_id=user_id).order_by("name")


def digest_of(key: str) -> str:
    """Keys are random (256 bits), so a plain hash keeps them safe and is fast to look up."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_api_key(
    actor: Actor, *, name: str, role: Role, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """The row, and the key in clear, which cannot be shown again.

    Raises NotAllowed, or Invalid for a bad or taken name or an expiry that is past.
    """
    name = name.strip()
    key = PREFIX + secrets.token_urlsafe(32)
    with change(actor, Role.ADMINISTRATOR):
        violations = _key_violations(actor, name, expires_at)
        if violations:
            raise Invalid(violations)
        row = ApiKey.objects.create(
            account_id=actor.account_id,
            name=name,
            role=role.value,
            hint=key[:_HINT],
            digest=digest_of(key),
            created_by=actor.who,
            creator_id=actor.user_id,
            expires_at=expires_at,
        )
        changes = {"name": (None, name), "role": (None, role.value), "expires_at": (None, expires_at)}
        record(actor, "api_key.create", row, changes)
    return row, key


def _key_violations(actor: Actor, name: str, expires_at: datetime | None) -> list[Violation]:
    found = []
    if broken := label_violations(name, "The name of a key"):
        found += broken
    elif ApiKey.objects.filter(account_id=actor.account_id, name=name, revoked_at=None).exists():
        message = f"There is a key with the name {name} already."
        found.append(Violation("validation_unique_failed", "name", message))
    limit = limits_for(actor.account_id)["api_keys"]
    if usable_keys(actor.account_id).count() >= limit:
        message = f"The account has reached its limit of {limit} usable API keys; revoke one first."
        found.append(Violation("over_quota", "name", message))
    if expires_at is not None and expires_at <= timezone.now():
        found.append(Violation("validation_min_value", "expires_at", "The expiry must lie in the future."))
    return found


def revoke_api_key(actor: Actor, key_id: UUID) -> ApiKey:
    """The key stops working at once; revoking again changes nothing. Raises NotAllowed, NotFound."""
    with change(actor, Role.ADMINISTRATOR):
        row = ApiKey.objects.filter(account_id=actor.account_id, pk=key_id).first()
        if row is None:
            raise not_found("not_found", "API key", key_id)
        if row.revoked_at is None:
            row.revoked_at = timezone.now()
            row.save(update_fields=["revoked_at"])
            record(actor, "api_key.revoke", row, {"revoked_at": (None, row.revoked_at)})
    return row


_by_digest = PreparedQuery(
    lambda digest: ApiKey.objects.select_related("account").filter(digest=digest), (str,)
)


def find_key(key: str) -> ApiKey | None:
    """The usable key with this text, in one query; its use is recorded at most once a minute."""
    row = _by_digest.first(digest_of(key))
    return note_use(row) if row is not None and row.usable else None


def note_use(row: ApiKey) -> ApiKey:
    """Its use is recorded at most once a minute."""
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at > _USED_EVERY:
        _note_use(row, now)
    return row


def _note_use(row: ApiKey, now: datetime) -> None:
    try:
        with without_waiting():
            ApiKey.objects.filter(pk=row.pk, last_used_at=row.last_used_at).update(last_used_at=now)
    except DatabaseError as error:
        # A busy database must neither fail nor delay a read because of a timestamp.
        log.warning("the use of key %s is not noted: %s", row.hint, type(error).__name__)
