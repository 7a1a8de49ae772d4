"""`manage.py inside vsi-1 ping 192.168.0.10`: runs a command as on an instance."""

from __future__ import annotations

import argparse
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.core.rootless import enter
from vpn.drivers.registry import DRIVERS
from vpn.reconcile.driver import load_driver

_SIMULATED = (
    "the driver is simulated: {name} exists only in its memory, and no packets are carried. The driver "
    "strongswan has real tunnels (quickstart --driver strongswan, as root on Linux with strongSwan; "
    "dataplane --check lists missing requirements)"
)


class Command(BaseCommand):
    help = "Runs a command in the network of an instance of this host."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("instance", help="name or id, as `dataplane` shows them")
        parser.add_argument("command", nargs=argparse.REMAINDER)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["command"]:
            raise CommandError("a command is missing, for example: inside vsi-1 ping -c 3 192.168.0.10")
        enter(settings.HOLDER_PID)
        inventory = load_driver().inventory()
        known = [row for row in inventory.instances if options["instance"] in {row.name, str(row.id)}]
        found = [row.namespace for row in known if row.namespace]
        if known and not DRIVERS[inventory.driver].carries_packets:
            raise CommandError(_SIMULATED.format(name=options["instance"]))
        if not found:
            raise CommandError(f"no instance {options['instance']} exists on this host")
        if len(found) > 1:
            raise CommandError(f"{len(found)} instances have the name {options['instance']}; give the id")
        # Replaces this process; no shell interprets the arguments.
        os.execvp("ip", ["ip", "netns", "exec", found[0], *options["command"]])  # noqa: S606
