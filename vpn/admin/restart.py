"""The admin action that ends tunnels and negotiates them again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from console.core.admin.base import admin_actor, each
from console.core.registry import describe_interruptions
from vpn.models import Connection
from vpn.services.connections import restart_connection
from vpn.services.interruptions import interrupted_by_restarting


def restart(site: Any, request: HttpRequest, rows: QuerySet[Connection]) -> HttpResponse | None:
    """Uses the service, so each restart is audited in its account; reports how many, and why others failed.

    Tunnels that are up are ended only after a confirmation page.
    """
    ended = [] if request.POST.get("interrupt") else interrupted_by_restarting(rows)
    if ended:
        return _ask(site, request, describe_interruptions(ended))

    def one(row: Connection) -> Connection:
        return restart_connection(admin_actor(request, row.account_id), row.gateway_id, row.pk)

    done, refusals = each(rows, one)
    for refusal in refusals:
        site.show_refusal(request, refusal)
    site.message_user(request, f"Tunnels to be negotiated again: {done}.", messages.SUCCESS)
    return None


def _ask(site: Any, request: HttpRequest, interrupts: str) -> HttpResponse:
    posted = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    ]
    context = {
        **site.admin_site.each_context(request),
        "title": "Reset: are you sure?",
        "opts": site.opts,
        "posted": posted,
        "interrupts": interrupts,
    }
    return TemplateResponse(request, "admin/vpn/reset.html", context)
