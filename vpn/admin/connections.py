"""VPN connections. Keys can be set here, but are never shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.http import HttpRequest, HttpResponse

from console.core.actor import Actor
from console.core.admin.base import ServiceAdmin, ServiceForm, Values, admin_actor, references
from console.core.errors import Invalid, NotFound
from console.core.web.forms import WordsField
from vpn.admin.restart import restart
from vpn.domain.connection_drafts import DECLARED
from vpn.domain.declarations import put_at
from vpn.domain.spec import DpdAction
from vpn.models import Connection, Gateway
from vpn.services import cidrs, connections
from vpn.services.cidrs import Side
from vpn.services.fields import ConnectionFields
from vpn.services.generations import mark_due
from vpn.web.forms.connections import connection_paths, key_field

_SIDES: tuple[Side, Side] = ("local", "peer")


class ConnectionForm(ServiceForm):
    """The key field is for a new key: the current one is never sent to the browser."""

    clearable = ("ike_policy", "ipsec_policy")
    may_interrupt = True
    paths = connection_paths()

    psk = key_field()
    local_cidrs = WordsField(required=False, label="Local CIDRs", help_text="One per line.")
    peer_cidrs = WordsField(required=False, label="Peer CIDRs", help_text="One per line.")
    dpd_action = forms.ChoiceField(
        required=False, label="DPD action", choices=[(action.value, action.value) for action in DpdAction]
    )
    dpd_interval = forms.IntegerField(required=False, label="DPD interval", help_text="Seconds.")
    dpd_timeout = forms.IntegerField(required=False, label="DPD timeout", help_text="Seconds.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ike_policy"].label, self.fields["ipsec_policy"].label = "IKE policy", "IPsec policy"
        self.fields["peer_fqdn"].label = "Peer FQDN"
        self.fields["peer_fqdn"].help_text = "Instead of the address: a full domain name."
        for name in ("ike_policy", "ipsec_policy"):
            self.fields[name].help_text = "Empty: auto-negotiation."
        if not self.instance._state.adding:
            self.fields["psk"].label = "New pre-shared key"
            self.fields["psk"].help_text = f"{self.fields['psk'].help_text}. Empty: the key stays."

    def stored(self) -> Values:
        local, peer = connections.cidrs_of(self.instance)
        return {"local_cidrs": "\n".join(local), "peer_cidrs": "\n".join(peer)}


@admin.register(Connection)
class ConnectionAdmin(ServiceAdmin):
    form = ConnectionForm
    may_interrupt = True
    changeable = (
        "name",
        "peer_address",
        "peer_fqdn",
        "psk",
        "local_cidrs",
        "peer_cidrs",
        "admin_state_up",
        "ike_policy",
        "ipsec_policy",
        "dpd_action",
        "dpd_interval",
        "dpd_timeout",
    )
    settable = ("gateway", *changeable)
    shown = (
        "id",
        "account",
        "local_name",
        "peer_name",
        "establish_mode",
        "api_generation",
        "psk_changed_at",
        "created_at",
    )
    observed = ("status", "status_reasons", "status_changed_at", "resolved_address", "resolved_addresses")
    actions = ("reconcile_now", "reset")
    autocomplete_fields = ("gateway", "ike_policy", "ipsec_policy")
    list_display = (
        "name",
        "gateway",
        "account",
        "peer",
        "admin_state_up",
        "status",
        "status_changed_at",
    )
    list_filter = ("status", "admin_state_up", "api_generation", "dpd_action", "account")
    list_select_related = ("gateway", "account")
    search_fields = (
        "name",
        "id",
        "peer_address",
        "peer_fqdn",
        "resolved_address",
        "gateway__name",
        "gateway__id",
    )
    ordering = ("-created_at",)

    @admin.display(ordering=Coalesce(NullIf("peer_fqdn", Value("")), Cast("peer_address", CharField())))
    def peer(self, connection: Connection) -> str:
        return connection.peer

    @admin.display(description="local identity")
    def local_name(self, connection: Connection) -> str:
        return _identity(connection.local_identity, connection.local_identity_text())

    @admin.display(description="peer identity")
    def peer_name(self, connection: Connection) -> str:
        return _identity(connection.peer_identity, connection.peer_identity_text())

    def create(self, request: HttpRequest, values: Values) -> Connection:
        gateway = values.pop("gateway")
        return connections.create_connection(
            admin_actor(request, gateway.account_id), gateway.pk, _fields(values)
        )

    def update(self, request: HttpRequest, row: Connection, values: Values) -> Connection:
        actor = admin_actor(request, row.account_id)
        wanted = {side: values.pop(f"{side}_cidrs") for side in _SIDES if f"{side}_cidrs" in values}
        if values:
            connections.update_connection(actor, row.gateway_id, row.pk, _fields(values))
        for side, entered in wanted.items():
            _set_cidrs(actor, row, side, entered)
        return connections.get_connection(actor, row.gateway_id, row.pk)

    def remove(self, request: HttpRequest, row: Connection) -> None:
        connections.delete_connection(admin_actor(request, row.account_id), row.gateway_id, row.pk)

    @admin.action(description="Reconcile the gateways of the selected connections now")
    def reconcile_now(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        gateways = Gateway.objects.filter(connections__in=queryset).distinct()
        mark_due(gateways)
        self.message_user(request, f"Reconcile runs requested: {len(gateways)}.", messages.SUCCESS)

    @admin.action(description="Reset: re-establish the tunnels of the selected connections")
    def reset(self, request: HttpRequest, queryset: QuerySet[Connection]) -> HttpResponse | None:
        return restart(self, request, queryset)


def _identity(given: Mapping[str, str] | None, default: str) -> str:
    """The configured identity in the API's form, or the default one."""
    return f"{given['type']}: {given['value']}" if given else f"{default or 'none yet'} (default)"


def _fields(values: Values) -> ConnectionFields:
    """The fields of the service, in the API's newest form; policies by reference."""
    body: dict[str, Any] = {}
    for name, value in references(values, "ike_policy", "ipsec_policy").items():
        put_at(body, DECLARED[name].path if name in DECLARED else name, value)
    return cast(ConnectionFields, body)


def _set_cidrs(actor: Actor, row: Connection, side: Side, wanted: list[str]) -> None:
    """Additions first: a connection must never be without a CIDR. Violations refer to the form's field."""
    local, peer = connections.cidrs_of(connections.get_connection(actor, row.gateway_id, row.pk))
    present = local if side == "local" else peer
    try:
        for cidr in wanted:
            cidrs.add_cidr(actor, row.gateway_id, row.pk, side, cidr)
        for cidr in present:
            if cidr not in wanted:
                cidrs.remove_cidr(actor, row.gateway_id, row.pk, side, cidr)
    except (Invalid, NotFound) as error:
        raise Invalid(v._replace(field=f"{side}.cidrs") for v in error.violations) from None
