"""Quotas: how many objects of each kind an account may have."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from console.core.models import Account
from console.core.models.prepared import PreparedQuery

_account = PreparedQuery(lambda account: Account.objects.filter(pk=account), (UUID,))


def limits_for(account_id: UUID) -> dict[str, int]:
    """Every limit by its name in `settings.QUOTAS`; the account's own figures take precedence.

    An override that is no whole number, or of an unknown name, counts as not given.
    """
    account = _account.first(account_id)
    overrides = (account.quotas if account else None) or {}
    return {
        name: overrides[name] if _is_limit(overrides.get(name)) else default
        for name, default in settings.QUOTAS.items()
    }


def _is_limit(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
