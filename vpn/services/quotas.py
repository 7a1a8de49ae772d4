"""The quotas of an account, as the rules take them."""

from __future__ import annotations

from uuid import UUID

from console.core.quotas import limits_for
from vpn.domain.checks.common import Quotas


def quotas_of(account_id: UUID) -> Quotas:
    return Quotas.of(limits_for(account_id))
