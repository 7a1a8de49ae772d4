"""A superuser in an account that he does not belong to: from when to when stands in its trail."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from console.core.actor import Actor, Role, Via
from console.core.audit import record
from console.core.errors import NotAllowed, Violation
from console.core.models import Account, AuditEvent, User

_BEGIN, _END = "account.act_begin", "account.act_end"
# The sweep looks so far back: it may have been off for a while.
_LOOK_BACK = timedelta(days=30)


def begin_acting(user: User, account: Account, *, address: str, request_id: str) -> Account:
    """Raises NotAllowed for anyone but a superuser."""
    if not user.is_superuser:
        message = "Only a superuser acts in an account of others."
        raise NotAllowed([Violation("not_authorized", "account", message)])
    _tell(_BEGIN, user, account, address, request_id)
    return account


def end_acting(user: User, account: Account, *, address: str, request_id: str) -> None:
    _tell(_END, user, account, address, request_id)


def _tell(action: str, user: User, account: Account, address: str, request_id: str) -> None:
    actor = Actor(account.pk, user.username, Role.ADMINISTRATOR, Via.CONSOLE, address, request_id)
    with transaction.atomic():
        record(actor, action, account, {})


def end_lapsed_acting(now: datetime | None = None) -> int:
    """Ends acting whose sign-in is over for certain, and answers how many.

    A sign-in that runs out unseen, or whose row is deleted, leaves no end by itself. None outlives
    SESSION_COOKIE_AGE, so that is when acting ended at the latest; the event says so.
    """
    now = now or timezone.now()
    lifetime = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    with transaction.atomic():
        lapsed = [begin for begin in _unended(now - _LOOK_BACK) if begin.at + lifetime <= now]
        for begin in lapsed:
            latest = begin.at + lifetime
            if begin.account is not None:
                actor = Actor(begin.account.pk, begin.who, Role.ADMINISTRATOR, Via(begin.via))
                record(actor, _END, begin.account, {"ended_at_the_latest": (None, latest.isoformat())})
    return len(lapsed)


def _unended(since: datetime) -> list[AuditEvent]:
    """Beginnings without an end. An end belongs to the oldest one that is open, so that nobody who
    acts twice at once is said to have stopped too early."""
    open_ones: dict[tuple[UUID | None, str], list[AuditEvent]] = defaultdict(list)
    events = AuditEvent.objects.filter(at__gte=since, action__in=(_BEGIN, _END)).select_related("account")
    for event in events.order_by("pk"):
        begun = open_ones[event.account_id, event.who]
        if event.action == _BEGIN:
            begun.append(event)
        elif begun:
            del begun[0]
    return [begin for begun in open_ones.values() for begin in begun]
