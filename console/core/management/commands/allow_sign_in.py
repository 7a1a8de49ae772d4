"""Forgets wrong passwords, so that blocked users may try again at once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.core.services.sign_in_limits import release


class Command(BaseCommand):
    help = "Lets a user name, an address or everyone try to sign in again at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", default="", help="a user name, from any address")
        parser.add_argument("--address", default="", help="an address (IPv6: its /64), for any name")
        parser.add_argument("--all", action="store_true", help="every name and address")

    def handle(self, *args: Any, name: str, address: str, **options: Any) -> None:
        if not (name or address or options["all"]):
            raise CommandError("Give --name, --address, or --all.")
        self.stdout.write(f"Counts of wrong passwords that were forgotten: {release(name, address)}.")
