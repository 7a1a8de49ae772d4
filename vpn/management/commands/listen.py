"""`manage.py listen`: listens to the charons of this host."""

from __future__ import annotations

import signal
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from console.core.environment import require
from console.core.rootless import enter
from vpn.reconcile import listener


class Command(BaseCommand):
    help = "Listens to every charon of this host and records tunnel changes as they happen."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        require("ISTHMUS_SECRET_KEY", "ISTHMUS_ENCRYPTION_KEYS")
        enter(settings.HOLDER_PID)
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        listener.run(stop)
