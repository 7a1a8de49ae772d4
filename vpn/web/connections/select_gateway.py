"""The first page for a new connection whose gateway is not given yet."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.core.actor import Role
from console.core.identifiers import parse_uuid
from console.core.web.pages import page
from console.core.web.requests import ConsoleRequest
from vpn.services.gateways import gateways_of


@page(Role.EDITOR)
def connection_select_gateway(request: ConsoleRequest) -> HttpResponse:
    """A choice of existing gateways; with only one, it is selected automatically."""
    gateways = list(gateways_of(request.actor).filter(deleted_at=None).order_by("vpc__name", "name"))
    wanted = parse_uuid(request.GET.get("gateway"))
    selected = next((row for row in gateways if row.pk == wanted), None)
    if len(gateways) == 1:
        selected = gateways[0]
    if selected is not None:
        return redirect("connection_new", gateway_id=selected.pk)
    return render(request, "vpn/connections/select_gateway.html", {"gateways": gateways})
