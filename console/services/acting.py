"""A superuser in an account that he does not belong to: from when to when stands in its trail."""

from __future__ import annotations

from django.db import transaction

from console.actor import Actor, Role, Via
from console.audit import record
from console.errors import NotAllowed, Violation
from console.models import Account, User


def begin_acting(user: User, account: Account, *, address: str, request_id: str) -> Account:
    """Raises NotAllowed for anyone but a superuser."""
    if not user.is_superuser:
        message = "Only a superuser acts in an account of others."
        raise NotAllowed([Violation("not_authorized", "account", message)])
    _tell("account.act_begin", user, account, address, request_id)
    return account


def end_acting(user: User, account: Account, *, address: str, request_id: str) -> None:
    _tell("account.act_end", user, account, address, request_id)


def _tell(action: str, user: User, account: Account, address: str, request_id: str) -> None:
    actor = Actor(account.pk, user.username, Role.ADMINISTRATOR, Via.CONSOLE, address, request_id)
    with transaction.atomic():
        record(actor, action, account, {})
