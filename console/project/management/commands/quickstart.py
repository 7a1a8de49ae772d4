"""`manage.py quickstart`: the whole product in one terminal."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from console.project.quickstart.datadir import add_options, prepared
from console.project.quickstart.listen import Listen
from console.project.quickstart.runner import Quickstart
from vpn.drivers.registry import DRIVERS


class Command(BaseCommand):
    help = (
        "Starts everything under one supervisor: a private Redis, web, worker, beat and listener, "
        "with settings, keys and database in the data directory. Ctrl-C stops and removes all."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_options(parser)
        parser.add_argument(
            "--driver",
            choices=["auto", *DRIVERS],
            default=os.environ.get("ISTHMUS_DRIVER") or "auto",
            help="auto uses strongSwan where this host allows it (default)",
        )
        parser.add_argument("--no-example", action="store_true", help="start with an empty account")

    def handle(self, *args: Any, **options: Any) -> None:
        listen = Listen.parse(options["listen"])
        quickstart = Quickstart(
            prepared(), listen, driver=options["driver"], example=not options["no_example"]
        )
        sys.exit(quickstart.run())
