"""One gateway's page, rename and delete; the list is in `vpn.web.lists`."""

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
from vpn.web.shown import gateway_live


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
