"""What every service needs: the role check, the transaction, the order of writers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from console.core.actor import Actor, Role
from console.core.models import Account
from console.core.models.prepared import PreparedQuery

# Not its key: foreign keys of others' commits only want to know that the row is there.
_locked = PreparedQuery(
    lambda account: Account.objects.select_for_update(no_key=True).filter(pk=account), (UUID,)
)


@contextmanager
def change(actor: Actor, role: Role) -> Iterator[Account]:
    """One transaction, in which the account's other writers wait.

    SQLite locks at BEGIN; on PostgreSQL the account's row is the lock. So a quota and a name are
    counted by one writer at a time. Raises NotAllowed.
    """
    actor.require(role)
    with transaction.atomic():
        account = _locked.first(actor.account_id)
        if account is None:
            raise Account.DoesNotExist(f"account {actor.account_id}")
        yield account
