"""`manage.py reconcile`: one reconcile run in the foreground, for operators."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.core.rootless import enter
from vpn.models import Gateway
from vpn.reconcile.controller import reconcile
from vpn.reconcile.restart import forget_observations
from vpn.reconcile.sweep import sweep_host


class Command(BaseCommand):
    help = "Reconciles one gateway, or all gateways of this host, with the database, and prints the results."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("gateway", nargs="?", type=UUID, help="id of a gateway; without it: all")
        parser.add_argument(
            "--forget", action="store_true", help="only forget what was observed of this host's gateways"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["forget"]:
            forget_observations(settings.NODE, older_than=timedelta(0))
            return
        enter(settings.HOLDER_PID)
        gateway_id: UUID | None = options["gateway"]
        if gateway_id is None:
            sweep_host(settings.NODE)
            gateways = list(Gateway.objects.filter(node=settings.NODE).order_by("created_at"))
        else:
            gateways = list(Gateway.objects.filter(pk=gateway_id))
            if not gateways:
                raise CommandError(f"there is no gateway {gateway_id}")
            if gateways[0].node != settings.NODE:
                raise CommandError(f"the host {gateways[0].node} carries this gateway, not {settings.NODE}")
            reconcile(gateway_id)
        for gateway in gateways:
            self.stdout.write(self._describe(gateway.pk))

    def _describe(self, gateway_id: UUID) -> str:
        gateway = Gateway.objects.filter(pk=gateway_id).first()
        if gateway is None:
            return f"{gateway_id}  removed"
        reasons = "; ".join(reason.get("message", "") for reason in gateway.lifecycle_reasons)
        generations = f"generation {gateway.observed_generation} of {gateway.generation}"
        return f"{gateway_id}  {gateway.name}  {gateway.status}  {generations}  {reasons}".rstrip()
