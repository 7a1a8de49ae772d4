"""One pass at a time over one gateway, by a conditional UPDATE of its row."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from vpn.models import Gateway


class LeaseLost(Exception):
    """The lease ran out under its holder and somebody else has it: stop at once."""


@dataclass
class Lease:
    """Held until `until`; `renew` prolongs it, cheaply: only when a third of it is used."""

    gateway_id: UUID
    holder: str
    until: datetime
    seconds: int = field(default=15)

    def renew(self) -> None:
        """Raises LeaseLost."""
        now = timezone.now()
        if self.until - now > timedelta(seconds=self.seconds * 2 / 3):
            return
        until = now + timedelta(seconds=self.seconds)
        if not Gateway.objects.filter(pk=self.gateway_id, lease_holder=self.holder).update(lease_until=until):
            raise LeaseLost(str(self.gateway_id))
        self.until = until

    def release(self) -> None:
        Gateway.objects.filter(pk=self.gateway_id, lease_holder=self.holder).update(
            lease_holder="", lease_until=None
        )


def take_lease(gateway_id: UUID) -> Lease | None:
    """None while somebody else works on the gateway, or when it is gone."""
    now = timezone.now()
    seconds = settings.LEASE_SECONDS
    holder = f"{settings.NODE}:{os.getpid()}:{threading.get_ident() % 100000}:{uuid4().hex[:8]}"[:64]
    until = now + timedelta(seconds=seconds)
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    if Gateway.objects.filter(free, pk=gateway_id).update(lease_holder=holder, lease_until=until):
        return Lease(gateway_id, holder, until, seconds)
    return None
