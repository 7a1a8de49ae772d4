"""The page of one connection, and the forms that change it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from console.core.actor import Role
from console.core.errors import Conflict, Invalid, NotFound
from console.core.names import random_name
from console.core.registry import Interruption, describe_interruptions, interrupted_by
from console.core.services.change import change
from console.core.web.forms import errors_of
from console.core.web.pages import command, form_page, page
from console.core.web.requests import ConsoleRequest
from vpn.models import Connection, Gateway
from vpn.services import cidrs, connections
from vpn.services.connection_checks import check_connection
from vpn.services.gateways import gateways_of, get_gateway
from vpn.services.interruptions import (
    interrupted_by_deleting,
    interrupted_by_disabling,
    interrupted_by_enabling,
)
from vpn.web.concurrent_edits import (
    BASE,
    base_of,
    conflict_context,
    deletion_of,
    entered,
    last_change,
    merge_edit,
)
from vpn.web.details import connection_details
from vpn.web.forms.connections import CidrForm, ConnectionForm, KeyForm, SettingsForm, settings_initial
from vpn.web.interruptions import confirm_interruption
from vpn.web.live_page import LivePage
from vpn.web.shown import ConnectionShown, shown_connection

_LIVE = LivePage(
    "vpn/connections/detail.html",
    "vpn/connections/live",
    ("name", "actions", "status", "tunnels", "traffic", "history", "local", "peer", "facts"),
)


@page()
def connection_page(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    connection = connections.get_connection(request.actor, gateway_id, connection_id)
    return _full_page(request, connection)


@page()
def connection_status(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """The parts of the page that have changed; 204 while the gateway's revision is the one in `seen`."""
    try:
        connection = connections.get_connection(request.actor, gateway_id, connection_id)
    except NotFound:
        messages.success(request, "The connection no longer exists.")
        return HttpResponseClientRedirect(reverse("gateways"))
    poll = _poll(connection)
    return _LIVE.diff(request, connection.gateway.stamp, poll, lambda: connection_details(connection))


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
    """The errors of the field that lost the focus; nothing is saved."""
    gateway = get_gateway(request.actor, gateway_id)
    form = ConnectionForm(request.POST, actor=request.actor)
    form.is_valid()
    form.add_violations(check_connection(request.actor, form.given(), gateway=gateway))
    return render(request, "_messages.html", {"found": errors_of(form, request.htmx.trigger_name)})


@form_page(Role.EDITOR)
def connection_edit(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """If the connection was deleted meanwhile, shows who deleted it, and the submitted values."""
    try:
        return _edit(request, gateway_id, connection_id)
    except NotFound:
        event = deletion_of(request.actor, connection_id) or deletion_of(request.actor, gateway_id)
        if request.method != "POST" or event is None:
            raise
        form = SettingsForm(request.POST, actor=request.actor)
        gateway = gateways_of(request.actor).filter(pk=gateway_id).first()
        context = {"event": event, "entered": entered(form), "gateway": gateway}
        return render(request, "vpn/connections/deleted_meanwhile.html", context, status=404)


def _edit(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """Concurrent edits are detected in the transaction that saves."""
    with change(request.actor, Role.EDITOR):
        connection = connections.get_connection(request.actor, gateway_id, connection_id)
        now = settings_initial(connection)
        merge = merge_edit(request.POST, now)
        form = SettingsForm(merge.posted if request.POST else None, actor=request.actor, initial=now)
        ended: list[Interruption] = []
        if not merge.conflicts and form.is_valid():
            ended = _interrupted(request, connection, form)
        if not merge.conflicts and not ended and form.is_valid() and _saved(request, connection, form):
            messages.success(request, "The connection is saved.")
            return redirect("connection", gateway_id=gateway_id, connection_id=connection_id)
    context = {"form": form, "connection": connection, "gateway": connection.gateway, "base": base_of(now)}
    context |= {"interrupts": describe_interruptions(ended)}
    return render(
        request, "vpn/connections/edit.html", context | conflict_context(form, merge.conflicts, connection)
    )


def _interrupted(request: ConsoleRequest, connection: Connection, form: SettingsForm) -> list[Interruption]:
    """The tunnel that the edit ends; empty once the user has confirmed it."""
    if request.POST.get("interrupt"):
        return []
    ids, changes = (connection.gateway_id, connection.pk), form.given(only_changed=True)
    return interrupted_by(connection, lambda: connections.update_connection(request.actor, *ids, changes))


def _saved(request: ConsoleRequest, connection: Connection, form: SettingsForm) -> bool:
    changes = form.given(only_changed=True)
    try:
        connections.update_connection(request.actor, connection.gateway_id, connection.pk, changes)
    except (Invalid, Conflict) as error:
        form.add_violations(error.violations)
        return False
    return True


@form_page(Role.EDITOR)
def connection_key(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """Sets another pre-shared key; the current one is not shown."""
    with change(request.actor, Role.EDITOR):
        connection = connections.get_connection(request.actor, gateway_id, connection_id)
        set_at = connection.psk_changed_at.isoformat()
        form = KeyForm(request.POST if request.method == "POST" else None)
        late = request.POST.get(BASE, set_at) != set_at
        if not late and form.is_valid() and _key_saved(request, connection, form):
            messages.success(request, "The pre-shared key is changed; set the same one at the peer.")
            return redirect("connection", gateway_id=gateway_id, connection_id=connection_id)
    if late:
        # The new key exists nowhere else, so it is kept in the form; the page is not cached.
        form.fields["psk"].widget.render_value = True
    context = {"form": form, "connection": connection, "gateway": connection.gateway, "base": set_at}
    context |= {"late": late, "last": last_change(connection) if late else None}
    return render(request, "vpn/connections/key.html", context)


def _key_saved(request: ConsoleRequest, connection: Connection, form: KeyForm) -> bool:
    psk = form.cleaned_data["psk"]
    try:
        connections.update_connection(request.actor, connection.gateway_id, connection.pk, {"psk": psk})
    except (Invalid, Conflict) as error:
        form.add_violations(error.violations)
        return False
    return True


@command(Role.OPERATOR, back="connection")
def connection_state(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """Enable or disable the connection; asks for confirmation if that ends a tunnel."""
    up = request.POST.get("admin_state_up") == "true"
    if not request.POST.get("interrupt"):
        connection = connections.get_connection(request.actor, gateway_id, connection_id)
        interrupted = interrupted_by_enabling if up else interrupted_by_disabling
        if ended := interrupted(Connection.objects.filter(pk=connection.pk)):
            return confirm_interruption(request, connection, "Enable" if up else "Disable", ended)
    connections.update_connection(request.actor, gateway_id, connection_id, {"admin_state_up": up})
    messages.success(request, "The connection is enabled." if up else "The connection is disabled.")
    return redirect("connection", gateway_id=gateway_id, connection_id=connection_id)


@form_page(Role.EDITOR)
def connection_cidrs(
    request: ConsoleRequest, gateway_id: UUID, connection_id: UUID, side: str
) -> HttpResponse:
    """Add `cidr` to a side, or remove `remove` from it; responds with that side's list."""
    form = _cidr_form(side, request.POST if request.method == "POST" else None)
    where = (request.actor, gateway_id, connection_id)
    confirmation: dict[str, Any] = {}
    if form.is_valid():
        chosen: cidrs.Side = "local" if side == "local" else "peer"
        try:
            removed = request.POST.get("remove", "")
            added = "" if removed else form.cleaned_data["cidr"]
            change_one = cidrs.remove_cidr if removed else cidrs.add_cidr
            act = partial(change_one, *where, chosen, removed or added)
            confirmation = _confirmation(request, connections.get_connection(*where), act)
            if confirmation:
                confirmation |= {"removed": removed, "added": added}
            else:
                act()
            form = _cidr_form(side)
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
    connection = connections.get_connection(*where)
    if request.htmx:
        context = _side(shown_connection(connection), side, form)
        return render(request, "vpn/connections/_cidrs.html", context | confirmation)
    if request.method == "POST" and not form.errors and not confirmation:
        return redirect("connection", gateway_id=gateway_id, connection_id=connection_id)
    changed: dict[str, Any] = {f"{side}_form": form, f"{side}_confirm": confirmation}
    return _full_page(request, connection, **changed)


def _confirmation(
    request: ConsoleRequest, connection: Connection, act: Callable[[], object]
) -> dict[str, Any]:
    """The confirmation to request before a side's list is changed; empty if no tunnel ends, or once the user
    has confirmed."""
    if request.POST.get("interrupt"):
        return {}
    ended = interrupted_by(connection, act)
    return {"interrupts": describe_interruptions(ended)} if ended else {}


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
    ended = interrupted_by_deleting(Connection.objects.filter(pk=connection.pk))
    context = {"connection": connection, "gateway": connection.gateway, "shown": shown_connection(connection)}
    context |= {"interrupts": describe_interruptions(ended)}
    return render(request, "vpn/connections/delete.html", context)


def _full_page(request: ConsoleRequest, connection: Connection, **changed: Any) -> HttpResponse:
    forms = {"local_form": _cidr_form("local"), "peer_form": _cidr_form("peer")} | changed
    context = connection_details(connection) | forms | {"mirror": _mirror(request, connection)}
    return _LIVE.whole(request, connection.gateway.stamp, _poll(connection), context)


def _poll(connection: Connection) -> str:
    ids = {"gateway_id": connection.gateway_id, "connection_id": connection.pk}
    return reverse("connection_status", kwargs=ids)


def _mirror(request: ConsoleRequest, connection: Connection) -> Gateway | None:
    """The account's own gateway at the peer's address, if it has no connection back yet."""
    there = gateways_of(request.actor).filter(
        public_address=connection.address or None, deleted_at__isnull=True
    )
    return there.exclude(connections__peer_address=connection.gateway.public_address).first()


def _cidr_form(side: str, posted: QueryDict | None = None) -> CidrForm:
    return CidrForm(posted, auto_id=f"id_{side}_%s")


def _side(shown: ConnectionShown, side: str, form: CidrForm) -> dict[str, Any]:
    """The context of one side's list."""
    items = shown.local if side == "local" else shown.peer
    return {
        "side": side,
        "items": items,
        "form": form,
        "connection": shown.row,
        "gateway": shown.row.gateway,
    }
