"""What every service does around its own work: role, transaction, order of writers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from console.actor import Actor, Role
from console.models import Account


@contextmanager
def change(actor: Actor, role: Role) -> Iterator[Account]:
    """One transaction, in which the account's other writers wait.

    SQLite locks at BEGIN; on PostgreSQL the account's row is the lock. So a quota and a name are
    counted by one writer at a time. Raises NotAllowed.
    """
    actor.require(role)
    with transaction.atomic():
        # Not its key: foreign keys of others' commits only want to know that the row is there.
        yield Account.objects.select_for_update(no_key=True).get(pk=actor.account_id)
