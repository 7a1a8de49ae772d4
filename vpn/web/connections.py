"""Connections: one connection's page, and every change of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from console.actor import Role
from console.errors import Conflict, Invalid, NotFound
from console.names import random_name
from console.web.forms import errors_of
from console.web.pages import command, form_page, page
from console.web.requests import ConsoleRequest
from vpn.services import cidrs, connections
from vpn.services.gateways import get_gateway
from vpn.web.forms.connections import CidrForm, ConnectionForm, KeyForm, SettingsForm, settings_initial
from vpn.web.shown import ConnectionShown, connection_live, shown_connection

_PAGE = "vpn/connections/detail.html"


@page()
def connection_page(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    connection = connections.get_connection(request.actor, gateway_id, connection_id)
    context = connection_live(connection) | {
        "local_form": _cidr_form("local"),
        "peer_form": _cidr_form("peer"),
    }
    return render(request, _PAGE, context)


@page()
def connection_status(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """The part of the page that changes by itself; 204 when the gateway's stamp is the one seen."""
    try:
        connection = connections.get_connection(request.actor, gateway_id, connection_id)
    except NotFound:
        messages.success(request, "The connection is gone.")
        return HttpResponseClientRedirect(reverse("gateways"))
    if request.GET.get("seen") == str(connection.gateway.stamp):
        return HttpResponse(status=204)
    return render(request, f"{_PAGE}#live", connection_live(connection))


@form_page(Role.EDITOR)
def connection_new(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    gateway = get_gateway(request.actor, gateway_id)
    posted = request.POST if request.method == "POST" else None
    initial = {"name": random_name(), "local_cidrs": gateway.subnet.ipv4_cidr_block}
    check = reverse("connection_check", kwargs={"gateway_id": gateway_id})
    form = ConnectionForm(posted, actor=request.actor, initial=initial, check=check)
    if posted is not None and form.is_valid():
        try:
            connection = connections.create_connection(request.actor, gateway_id, form.given())
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, f"The connection {connection.name} is created.")
            return redirect("gateway", gateway_id=gateway_id)
    return render(request, "vpn/connections/new.html", {"form": form, "gateway": gateway})


@command(Role.EDITOR, back="connection_new")
def connection_check(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    """The messages of the one field that was left; nothing is written."""
    gateway = get_gateway(request.actor, gateway_id)
    form = ConnectionForm(request.POST, actor=request.actor)
    form.is_valid()
    form.add_violations(connections.check_connection(request.actor, form.given(), gateway=gateway))
    return render(request, "_messages.html", {"found": errors_of(form, request.htmx.trigger_name)})


@form_page(Role.EDITOR)
def connection_edit(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    connection = connections.get_connection(request.actor, gateway_id, connection_id)
    posted = request.POST if request.method == "POST" else None
    form = SettingsForm(posted, actor=request.actor, initial=settings_initial(connection))
    if posted is not None and form.is_valid():
        changes = form.given(only_changed=True)
        try:
            connections.update_connection(request.actor, gateway_id, connection_id, changes)
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, "The connection is saved.")
            return redirect("connection", gateway_id=gateway_id, connection_id=connection_id)
    context = {"form": form, "connection": connection, "gateway": connection.gateway}
    return render(request, "vpn/connections/edit.html", context)


@form_page(Role.EDITOR)
def connection_key(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """Sets another pre-shared key; the present one is never shown."""
    connection = connections.get_connection(request.actor, gateway_id, connection_id)
    posted = request.POST if request.method == "POST" else None
    form = KeyForm(posted)
    if posted is not None and form.is_valid():
        psk = form.cleaned_data["psk"]
        try:
            connections.update_connection(request.actor, gateway_id, connection_id, {"psk": psk})
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, "The pre-shared key is changed; set the same one at the peer.")
            return redirect("connection", gateway_id=gateway_id, connection_id=connection_id)
    context = {"form": form, "connection": connection, "gateway": connection.gateway}
    return render(request, "vpn/connections/key.html", context)


@command(Role.OPERATOR, back="connection")
def connection_state(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """Switch the connection on or off."""
    up = request.POST.get("admin_state_up") == "true"
    connections.update_connection(request.actor, gateway_id, connection_id, {"admin_state_up": up})
    messages.success(request, "The connection is enabled." if up else "The connection is disabled.")
    return redirect("connection", gateway_id=gateway_id, connection_id=connection_id)


@form_page(Role.EDITOR)
def connection_cidrs(
    request: ConsoleRequest, gateway_id: UUID, connection_id: UUID, side: str
) -> HttpResponse:
    """Add `cidr` to a side, or take `remove` away; answers with that side's list."""
    form = _cidr_form(side, request.POST if request.method == "POST" else None)
    where = (request.actor, gateway_id, connection_id)
    if form.is_valid():
        chosen: cidrs.Side = "local" if side == "local" else "peer"
        try:
            if removed := request.POST.get("remove"):
                cidrs.remove_cidr(*where, chosen, removed)
            else:
                cidrs.add_cidr(*where, chosen, form.cleaned_data["cidr"])
            form = _cidr_form(side)
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
    connection = connections.get_connection(*where)
    if request.htmx:
        context = _side(shown_connection(connection), side, form)
        return render(request, "vpn/connections/_cidrs.html", context)
    if request.method == "POST" and not form.errors:
        return redirect("connection", gateway_id=gateway_id, connection_id=connection_id)
    forms = {"local_form": _cidr_form("local"), "peer_form": _cidr_form("peer")}
    return render(request, _PAGE, connection_live(connection) | forms | {f"{side}_form": form})


@form_page(Role.EDITOR)
def connection_delete(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    connection = connections.get_connection(request.actor, gateway_id, connection_id)
    if request.method == "POST":
        try:
            connections.delete_connection(request.actor, gateway_id, connection_id)
        except Conflict as error:
            messages.error(request, error.violations[0].message)
        else:
            messages.success(request, f"The connection {connection.name} is deleted.")
        return redirect("gateway", gateway_id=gateway_id)
    return render(request, "vpn/connections/delete.html", connection_live(connection))


def _cidr_form(side: str, posted: QueryDict | None = None) -> CidrForm:
    return CidrForm(posted, auto_id=f"id_{side}_%s")


def _side(shown: ConnectionShown, side: str, form: CidrForm) -> dict[str, Any]:
    """What the list of one side shows."""
    items = shown.local if side == "local" else shown.peer
    return {
        "side": side,
        "items": items,
        "form": form,
        "connection": shown.row,
        "gateway": shown.row.gateway,
    }
