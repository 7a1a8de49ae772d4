"""`manage.py example`: creates the two VPCs of the walk-through."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from console.core.actor import Actor, Role, Via
from console.core.errors import Refused
from vpn.services.networks import create_address_prefix, create_vpc
from vpn.services.subnets import create_instance, create_subnet

# Number, CIDR of the subnet, address of its instance.
_SIDES = ((1, "192.168.100.0/24", "192.168.100.10"), (2, "192.168.0.0/24", "192.168.0.10"))


class Command(BaseCommand):
    help = "Creates the example network in an account: two VPCs, each with a subnet and an instance."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", required=True, type=UUID, help="id of the account")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = Actor(options["account"], "example", Role.ADMINISTRATOR, Via.COMMAND)
        try:
            with transaction.atomic():
                for number, block, address in _SIDES:
                    _create_side(actor, number, block, address)
        except Refused as error:
            raise CommandError(str(error)) from None


def _create_side(actor: Actor, number: int, block: str, address: str) -> None:
    zone = {"name": settings.ZONES[0]}
    vpc = create_vpc(actor, {"name": f"vpc-{number}"})
    create_address_prefix(actor, vpc.id, {"cidr": block, "zone": zone})
    subnet = create_subnet(
        actor,
        {"name": f"subnet-{number}", "vpc": {"id": str(vpc.id)}, "zone": zone, "ipv4_cidr_block": block},
    )
    create_instance(actor, {"name": f"vsi-{number}", "subnet": {"id": str(subnet.id)}, "address": address})
