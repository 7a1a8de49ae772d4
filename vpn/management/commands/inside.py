"""`manage.py inside vsi-1 ping 192.168.0.10`: a command as it runs on an instance."""

from __future__ import annotations

import argparse
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.core.rootless import enter
from vpn.reconcile.driver import load_driver

_SIMULATED = (
    "the driver here is simulated: {name} stands in its memory only, and no packet is carried. Tunnels are "
    "real with the driver strongswan (quickstart --driver strongswan, as root on a Linux with strongSwan; "
    "quickstart --check says what is lacking)"
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
        if known and inventory.driver == "simulated":
            raise CommandError(_SIMULATED.format(name=options["instance"]))
        if not found:
            raise CommandError(f"no instance {options['instance']} stands in a network here")
        if len(found) > 1:
            raise CommandError(f"{len(found)} instances have the name {options['instance']}; give the id")
        # In place of this process, and no shell sees the words.
        os.execvp("ip", ["ip", "netns", "exec", found[0], *options["command"]])  # noqa: S606
