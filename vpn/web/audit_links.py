"""Links from the audit trail to the pages of its objects."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.urls import reverse

from console.core.registry import Pages, add_pages
from vpn.models import Connection, Gateway, Instance, Subnet, Vpc


def register() -> None:
    add_pages(Gateway.audit_type, _gateways)
    add_pages(Connection.audit_type, _connections)
    for model in (Vpc, Subnet, Instance):
        add_pages(model.audit_type, _networks(model))


def _gateways(account_id: UUID, idents: Collection[UUID]) -> dict[UUID, str]:
    rows = Gateway.objects.filter(account_id=account_id, pk__in=idents)
    return {pk: reverse("gateway", args=[pk]) for pk in rows.values_list("pk", flat=True)}


def _connections(account_id: UUID, idents: Collection[UUID]) -> dict[UUID, str]:
    rows = Connection.objects.filter(account_id=account_id, pk__in=idents).values_list("gateway_id", "pk")
    return {pk: reverse("connection", args=[gateway, pk]) for gateway, pk in rows}


def _networks(model: type[Vpc] | type[Subnet] | type[Instance]) -> Pages:
    def pages(account_id: UUID, idents: Collection[UUID]) -> dict[UUID, str]:
        rows = model.objects.filter(account_id=account_id, pk__in=idents)
        return {pk: reverse("networks") for pk in rows.values_list("pk", flat=True)}

    return pages
