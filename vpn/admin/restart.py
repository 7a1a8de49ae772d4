"""Tunnels ended and negotiated anew, of gateways or of connections."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest

from console.admin.base import admin_actor, each
from vpn.models import Connection
from vpn.services.connections import restart_connection


def restart(site: Any, request: HttpRequest, rows: QuerySet[Connection]) -> None:
    """Through the service, each in its own account's trail; says how many, and why not the others."""

    def one(row: Connection) -> Connection:
        return restart_connection(admin_actor(request, row.account_id), row.gateway_id, row.pk)

    done, refusals = each(rows, one)
    for refusal in refusals:
        site.tell(request, refusal)
    site.message_user(request, f"Tunnels to be built anew: {done}.", messages.SUCCESS)
