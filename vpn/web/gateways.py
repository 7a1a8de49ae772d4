"""Gateways: the list, one gateway's page, rename and delete."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from console.actor import Role
from console.errors import Conflict, Invalid, NotFound
from console.web.pages import form_page, page
from console.web.requests import ConsoleRequest
from vpn.services import gateways as services
from vpn.web.forms.gateways import RenameForm, TypedNameForm
from vpn.web.shown import gateway_live, listed, stamp_of


@page()
def gateway_list(request: ConsoleRequest) -> HttpResponse:
    """All gateways; a poll asks with the stamp that it has seen and gets 204 for nothing new."""
    rows = listed(request.actor)
    stamp = stamp_of(rows)
    if request.htmx and request.GET.get("seen") == stamp:
        return HttpResponse(status=204)
    up = sum(shown.up for shown in rows)
    total = sum(shown.total for shown in rows)
    context = {
        "rows": rows,
        "stamp": stamp,
        "announce": f"{len(rows)} gateways, {up} of {total} connections up.",
    }
    template = "vpn/gateways/list.html"
    return render(request, f"{template}#rows" if request.htmx else template, context)


@page()
def gateway_page(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    gateway = services.get_gateway(request.actor, gateway_id)
    return render(request, "vpn/gateways/detail.html", gateway_live(gateway))


@page()
def gateway_status(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    """The part of the page that changes by itself; 204 when the stamp is the one seen."""
    try:
        gateway = services.get_gateway(request.actor, gateway_id)
    except NotFound:
        messages.success(request, "The gateway is gone.")
        return HttpResponseClientRedirect(reverse("gateways"))
    if request.GET.get("seen") == str(gateway.stamp):
        return HttpResponse(status=204)
    return render(request, "vpn/gateways/detail.html#live", gateway_live(gateway))


@form_page(Role.EDITOR)
def gateway_rename(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    gateway = services.get_gateway(request.actor, gateway_id)
    posted = request.POST if request.method == "POST" else None
    form = RenameForm(posted, initial={"name": gateway.name})
    if posted is not None and form.is_valid():
        try:
            services.update_gateway(request.actor, gateway_id, {"name": form.cleaned_data["name"]})
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, f"The gateway is now called {form.cleaned_data['name']}.")
            return redirect("gateway", gateway_id=gateway_id)
    return render(request, "vpn/gateways/rename.html", {"form": form, "gateway": gateway})


@form_page(Role.EDITOR)
def gateway_delete(request: ConsoleRequest, gateway_id: UUID) -> HttpResponse:
    """Says what goes and what stays, and asks for the name."""
    gateway = services.get_gateway(request.actor, gateway_id)
    posted = request.POST if request.method == "POST" else None
    form = TypedNameForm(posted, expected=gateway.name)
    if posted is not None and form.is_valid():
        services.delete_gateway(request.actor, gateway_id)
        messages.success(request, f"The gateway {gateway.name} is being deleted.")
        return redirect("gateways")
    return render(request, "vpn/gateways/delete.html", {"form": form} | gateway_live(gateway))
