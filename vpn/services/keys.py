"""Disclosure of pre-shared keys, which the audit trail records."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.db import DatabaseError
from django.utils import timezone

from console.core.actor import Actor, Role
from console.core.audit import record, record_each
from console.core.models import AuditEvent
from console.core.services.change import change
from vpn.domain.spec import Secret
from vpn.models import Connection
from vpn.services.connections import get_connection

log = logging.getLogger(__name__)
READ = "vpn_connection.read_key"
# Longer than a day: once recorded, a read is not looked up in the trail again on the same day.
_REMEMBERED = 26 * 3600


def reveal_key(actor: Actor, gateway_id: UUID, connection_id: UUID) -> Secret:
    """For editors. Raises NotAllowed, NotFound, console.core.encryption.DecryptionError."""
    with change(actor, Role.EDITOR):
        connection = get_connection(actor, gateway_id, connection_id)
        record(actor, "vpn_connection.reveal_key", connection, {})
        return Secret(connection.psk_id, connection.open_psk())


def disclose_keys(actor: Actor, connections: Collection[Connection]) -> bool:
    """Whether an API response may contain the pre-shared keys of these connections.

    If so the audit trail holds an event for each connection, one per API key and day (UTC). Where
    that cannot be written the keys stay masked, while the rest of the response is still given.
    """
    if not actor.may_read_psk:
        return False
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    marks = {f"psk-read:{actor.api_key_id}:{row.pk}:{today:%Y%m%d}": row for row in connections}
    unknown = [marks[mark] for mark in marks.keys() - cache.get_many(marks).keys()]
    if unknown:
        try:
            _record_reads(actor, unknown, today)
        except DatabaseError as error:
            log.warning("pre-shared keys are masked, the audit trail cannot be written: %s", error)
            return False
        cache.set_many(dict.fromkeys(marks, 1), _REMEMBERED)
    return True


def _record_reads(actor: Actor, connections: Collection[Connection], since: datetime) -> None:
    with change(actor, Role.EDITOR):
        recorded = AuditEvent.objects.filter(
            account_id=actor.account_id,
            target_id__in=[str(row.pk) for row in connections],
            action=READ,
            who=actor.who,
            at__gte=since,
        )
        known = set(recorded.values_list("target_id", flat=True))
        record_each(actor, READ, [row for row in connections if str(row.pk) not in known])
