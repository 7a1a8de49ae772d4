"""One gateway's page, its events, rename and delete; the list is in `vpn.web.lists`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from console.core.actor import Role
from console.core.errors import Conflict, Invalid, NotFound
from console.core.registry import describe_interruptions
from console.core.services.change import change
from console.core.web.pages import form_page, page
from console.core.web.requests import ConsoleRequest
from vpn.models import Gateway
from vpn.services import gateways as services
from vpn.services.interruptions import interrupted_by_deleting_gateways
from vpn.web.concurrent_edits import BASE, base_of, conflict_context, merge_edit
from vpn.web.details import gateway_details
from vpn.web.forms.gateways import RenameForm, TypedNameForm
from vpn.web.history import history_page
from vpn.web.live_page import LivePage
from vpn.web.shown import shown_connections

_LIVE = LivePage(
    "vpn/gateways/detail.html",
    "vpn/gateways/live",
    ("name", "actions", "status", "connections", "members", "history", "facts"),
)


@page()
def gateway_page(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    gateway = services.get_gateway(request.actor, gateway_id)
    return _LIVE.whole(request, gateway.stamp, _poll(gateway), gateway_details(gateway))


@page()
def gateway_status(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    """The parts of the page that have changed; 204 while the revision is the one in `seen`."""
    try:
        gateway = services.get_gateway(request.actor, gateway_id)
    except NotFound:
        messages.success(request, "The gateway no longer exists.")
        return HttpResponseClientRedirect(reverse("gateways"))
    return _LIVE.diff(request, gateway.stamp, _poll(gateway), lambda: gateway_details(gateway))


def _poll(gateway: Gateway) -> str:
    return reverse("gateway_status", kwargs={"gateway_id": gateway.pk})


@page()
def gateway_events(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    gateway = services.get_gateway(request.actor, gateway_id)
    context = history_page(request, gateway.history.all(), gateway.name)
    return render(request, "vpn/events.html", context | {"gateway": gateway})


@form_page(Role.EDITOR)
def gateway_rename(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    with change(request.actor, Role.EDITOR):
        gateway = services.get_gateway(request.actor, gateway_id)
        now = {"name": gateway.name}
        merge = merge_edit(request.POST, now)
        form = RenameForm(merge.posted if request.POST else None, initial=now)
        if not merge.conflicts and form.is_valid() and _renamed(request, gateway, form):
            messages.success(request, f"The gateway is now called {form.cleaned_data['name']}.")
            return redirect("gateway", gateway_id=gateway_id)
    context: dict[str, Any] = {"form": form, "gateway": gateway, "base": base_of(now)}
    return render(
        request, "vpn/gateways/rename.html", context | conflict_context(form, merge.conflicts, gateway)
    )


def _renamed(request: ConsoleRequest, gateway: Gateway, form: RenameForm) -> bool:
    try:
        services.update_gateway(request.actor, gateway.pk, {"name": form.cleaned_data["name"]})
    except (Invalid, Conflict) as error:
        form.add_violations(error.violations)
        return False
    return True


@form_page(Role.EDITOR)
def gateway_delete(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    """Shows what will be deleted and asks for the name; connections added meanwhile are shown first."""
    with change(request.actor, Role.EDITOR):
        gateway = services.get_gateway(request.actor, gateway_id)
        connections = shown_connections(gateway)
        names = [shown.row.name for shown in connections]
        posted = request.POST if request.method == "POST" else None
        known = request.POST.get(BASE)
        added = [name for name in names if known is not None and name not in known.split()]
        form = TypedNameForm(posted, expected=gateway.name)
        if not added and form.is_valid():
            services.delete_gateway(request.actor, gateway_id)
            messages.success(request, f"The gateway {gateway.name} is being deleted.")
            return redirect("gateways")
    ended = interrupted_by_deleting_gateways(services.gateways_of(request.actor).filter(pk=gateway.pk))
    context = {"form": form, "gateway": gateway, "connections": connections, "added": added}
    context |= {"interrupts": describe_interruptions(ended)}
    return render(request, "vpn/gateways/delete.html", context | {"base": " ".join(names)})
