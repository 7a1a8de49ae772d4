"""A superuser in an account of others: the account's audit trail records the beginning and the end."""

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
# How far back the sweep searches: it may not have run for a while.
_LOOK_BACK = timedelta(days=30)


def begin_impersonation(user: User, account: Account, *, address: str, request_id: str) -> Account:
    """Raises NotAllowed for anyone but a superuser."""
    if not user.is_superuser:
        message = "Only a superuser acts in an account of others."
        raise NotAllowed([Violation("not_authorized", "account", message)])
    _record(_BEGIN, user, account, address, request_id)
    return account


def end_impersonation(user: User, account: Account, *, address: str, request_id: str) -> None:
    _record(_END, user, account, address, request_id)


def _record(action: str, user: User, account: Account, address: str, request_id: str) -> None:
    actor = Actor(account.pk, user.username, Role.ADMINISTRATOR, Via.CONSOLE, address, request_id)
    with transaction.atomic():
        record(actor, action, account, {})


def end_lapsed_impersonations(now: datetime | None = None) -> int:
    """Ends impersonations whose session has certainly expired, and returns how many.

    A session that expires without a request, or whose row is deleted, records no end. No session
    outlives SESSION_LIFETIME_SECONDS, so the event gives that as the latest time of the end.
    """
    now = now or timezone.now()
    lifetime = timedelta(seconds=settings.SESSION_LIFETIME_SECONDS)
    with transaction.atomic():
        lapsed = [begin for begin in _unended(now - _LOOK_BACK) if begin.at + lifetime <= now]
        for begin in lapsed:
            latest = begin.at + lifetime
            if begin.account is not None:
                actor = Actor(begin.account.pk, begin.who, Role.ADMINISTRATOR, Via(begin.via))
                record(actor, _END, begin.account, {"ended_at_the_latest": (None, latest.isoformat())})
    return len(lapsed)


def _unended(since: datetime) -> list[AuditEvent]:
    """Beginnings without an end. An end closes the oldest open beginning, so that the end of one of
    two simultaneous impersonations does not close the later one."""
    open_ones: dict[tuple[UUID | None, str], list[AuditEvent]] = defaultdict(list)
    events = AuditEvent.objects.filter(at__gte=since, action__in=(_BEGIN, _END)).select_related("account")
    for event in events.order_by("pk"):
        begun = open_ones[event.account_id, event.who]
        if event.action == _BEGIN:
            begun.append(event)
        elif begun:
            del begun[0]
    return [begin for begun in open_ones.values() for begin in begun]
