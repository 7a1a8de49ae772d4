"""`manage.py dataplane`: what exists on this host, from inspection rather than the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from console.core.rootless import enter
from vpn.drivers.base import Inventory
from vpn.models import Gateway
from vpn.reconcile.driver import load_driver

_MEMBER_COLUMNS = (
    "gateway_name",
    "role",
    "public_address",
    "private_address",
    "tunnels_up",
    "pid",
    "namespace",
)
_INSTANCE_COLUMNS = ("name", "address", "namespace")


class Command(BaseCommand):
    help = "Shows gateway members, instances and the provider network that exist on this host."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument("--check", action="store_true", help="check the requirements of the host; JSON")
        parser.add_argument("--remove", action="store_true", help="remove all of them")

    def handle(self, *args: Any, **options: Any) -> None:
        enter(settings.HOLDER_PID)
        driver = load_driver()
        if options["check"]:
            self.stdout.write(json.dumps([asdict(check) for check in driver.check_host()]))
        elif options["remove"]:
            driver.remove_all()
        elif options["json"]:
            self.stdout.write(json.dumps(describe(driver.inventory()), indent=2, default=str))
        else:
            self.stdout.write(as_table(describe(driver.inventory())))


def describe(inventory: Inventory) -> dict[str, Any]:
    """The inventory as plain values; names of gateways come from the database, if it knows them."""
    ids = {member.gateway_id for member in inventory.members}
    names = dict(Gateway.objects.filter(pk__in=ids).values_list("id", "name"))
    members = [
        asdict(member) | {"gateway_name": names.get(member.gateway_id, "")} for member in inventory.members
    ]
    return asdict(inventory) | {"members": members}


def as_table(found: Mapping[str, Any]) -> str:
    provider = ", ".join(f"{name} {value}" for name, value in found["provider"].items())
    parts = [
        f"driver {found['driver']}, ESP {found['esp']}" + (f", provider {provider}" if provider else ""),
        "",
        *_rows("Gateway members", found["members"], _MEMBER_COLUMNS),
        "",
        *_rows("Instances", found["instances"], _INSTANCE_COLUMNS),
    ]
    return "\n".join(parts)


def _rows(title: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    cells = [[str("" if row[name] is None else row[name]) for name in columns] for row in rows]
    if not cells:
        return [f"{title}: none"]
    table = [[name.replace("_", " ") for name in columns], *cells]
    widths = [max(len(row[place]) for row in table) for place in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
    return [title, *(f"  {line.rstrip()}" for line in lines)]
