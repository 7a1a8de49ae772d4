"""VPN gateways and their members."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from console.core.admin.base import ReadOnlyAdmin, ServiceAdmin, ServiceForm, Values, admin_actor, references
from vpn.admin.restart import restart
from vpn.models import Connection, Gateway, GatewayMember
from vpn.services import gateways
from vpn.services.fields import GatewayFields
from vpn.services.generations import mark_due


class GatewayForm(ServiceForm):
    name = forms.CharField(max_length=63, help_text="Unique in its VPC.")


@admin.register(Gateway)
class GatewayAdmin(ServiceAdmin):
    form = GatewayForm
    may_interrupt = True
    settable = ("subnet", "resource_group", "name")
    changeable = ("name",)
    shown = (
        "id",
        "account",
        "vpc",
        "mode",
        "public_address",
        "node",
        "created_at",
        "deleted_at",
        "generation",
    )
    observed = (
        "status",
        "observed_generation",
        "lifecycle_state",
        "lifecycle_reasons",
        "health_state",
        "health_reasons",
        "available_at",
        "observed_at",
        "failures",
        "observed_boot",
        "work_requested",
        "work_done",
    )
    actions = ("reconcile_now", "reset")
    autocomplete_fields = ("subnet", "resource_group")
    list_display = (
        "name",
        "account",
        "status",
        "health_state",
        "public_address",
        "subnet",
        "connections",
        "current",
    )
    list_filter = ("lifecycle_state", "health_state", "node", "account")
    list_select_related = ("account", "subnet")
    search_fields = ("name", "id", "public_address", "subnet__name", "account__name")
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gateway]:
        rows: QuerySet[Gateway] = super().get_queryset(request)
        return rows.annotate(connection_count=Count("connections"))

    def create(self, request: HttpRequest, values: Values) -> Gateway:
        actor = admin_actor(request, values["subnet"].account_id)
        return gateways.create_gateway(
            actor, cast(GatewayFields, references(values, "subnet", "resource_group"))
        )

    def update(self, request: HttpRequest, row: Gateway, values: Values) -> Gateway:
        actor = admin_actor(request, row.account_id)
        return gateways.update_gateway(actor, row.pk, cast(GatewayFields, values))

    def remove(self, request: HttpRequest, row: Gateway) -> None:
        gateways.delete_gateway(admin_actor(request, row.account_id), row.pk)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: object) -> HttpResponse:
        message = f"The VPN gateway {obj_display} is being deleted; its row is removed last."
        self.message_user(request, message, messages.SUCCESS)
        return redirect("admin:vpn_gateway_changelist")

    @admin.display(ordering="connection_count")
    def connections(self, gateway: Gateway) -> int:
        return int(getattr(gateway, "connection_count", 0))

    @admin.display(description="up to date", boolean=True)
    def current(self, gateway: Gateway) -> bool:
        """Whether the data plane has the desired state."""
        return gateway.observed_generation == gateway.generation

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        rows = list(objs)
        shown: list[Any] = []
        for row in rows:
            names = [f"VPN connection {name}" for name in row.connections.values_list("name", flat=True)]
            shown += [str(row), names] if names else [str(row)]
        counts = {"VPN gateways": len(rows), "VPN connections": sum(row.connections.count() for row in rows)}
        counts |= self.ended_by_removing(request, rows)
        return shown, counts, set(), []

    @admin.action(description="Reconcile the selected gateways now")
    def reconcile_now(self, request: HttpRequest, queryset: QuerySet[Gateway]) -> None:
        mark_due(queryset)
        self.message_user(request, f"Reconcile runs requested: {len(queryset)}.", messages.SUCCESS)

    @admin.action(description="Reset: re-establish all tunnels of the selected gateways")
    def reset(self, request: HttpRequest, queryset: QuerySet[Gateway]) -> HttpResponse | None:
        rows = Connection.objects.filter(gateway__in=queryset, admin_state_up=True)
        return restart(self, request, rows)


@admin.register(GatewayMember)
class GatewayMemberAdmin(ReadOnlyAdmin):
    list_display = ("gateway", "index", "role", "health_state", "private_address", "id")
    list_filter = ("role", "health_state")
    list_select_related = ("gateway",)
    search_fields = ("id", "gateway__name", "gateway__id", "private_address")
