"""Read-only: rows that only the product itself writes."""

from __future__ import annotations

from django.contrib import admin

from console.core.admin.base import ReadOnlyAdmin
from vpn.models import (
    ConnectionCidr,
    HandoffLink,
    Node,
    StatusChange,
    SubnetAddress,
    TrafficSample,
    Tunnel,
    WizardDraft,
)


@admin.register(Node)
class NodeAdmin(ReadOnlyAdmin):
    list_display = ("name", "driver", "esp", "seen_at", "sweep_seen_at", "listener_seen_at")
    list_filter = ("driver", "esp")
    search_fields = ("name",)
    ordering = ("name",)


@admin.register(SubnetAddress)
class SubnetAddressAdmin(ReadOnlyAdmin):
    list_display = ("address", "subnet", "owner")
    list_select_related = ("subnet",)
    search_fields = ("address", "owner", "subnet__name")
    ordering = ("subnet__name", "id")


@admin.register(ConnectionCidr)
class ConnectionCidrAdmin(ReadOnlyAdmin):
    list_display = ("cidr", "side", "connection")
    list_filter = ("side",)
    list_select_related = ("connection",)
    search_fields = ("cidr", "connection__name", "connection__id")


@admin.register(Tunnel)
class TunnelAdmin(ReadOnlyAdmin):
    list_display = ("connection", "member", "status", "reasons", "changed_at")
    list_filter = ("status",)
    list_select_related = ("connection", "member")
    search_fields = ("connection__name", "connection__id", "member__id")
    ordering = ("-changed_at",)


@admin.register(StatusChange)
class StatusChangeAdmin(ReadOnlyAdmin):
    list_display = ("at", "gateway", "connection", "status", "message")
    list_filter = ("status",)
    list_select_related = ("gateway", "connection")
    search_fields = ("message", "gateway__name", "gateway__id", "connection__name")
    date_hierarchy = "at"


@admin.register(TrafficSample)
class TrafficSampleAdmin(ReadOnlyAdmin):
    list_display = ("at", "connection", "bytes_in", "bytes_out", "packets_in", "packets_out")
    list_select_related = ("connection",)
    search_fields = ("connection__name", "connection__id")
    ordering = ("-at", "-id")
    date_hierarchy = "at"


@admin.register(HandoffLink)
class HandoffLinkAdmin(ReadOnlyAdmin):
    """A link works without an account, so its secret is never shown."""

    hidden = ("digest",)
    list_display = ("id", "connection", "account", "created_by", "created_at", "expires_at", "read_at")
    list_filter = (("read_at", admin.EmptyFieldListFilter), "account")
    list_select_related = ("connection", "account")
    search_fields = ("id", "connection__name", "connection__id", "created_by")
    ordering = ("-created_at",)


@admin.register(WizardDraft)
class WizardDraftAdmin(ReadOnlyAdmin):
    hidden = ("psk_sealed",)
    list_display = ("id", "account", "user", "created_at", "expires_at", "gateway_id")
    list_filter = ("account",)
    list_select_related = ("account", "user")
    search_fields = ("id", "user__username")
    ordering = ("-created_at",)
