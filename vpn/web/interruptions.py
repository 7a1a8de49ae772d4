"""The confirmation page for actions that end tunnels."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render

from console.core.registry import Interruption, describe_interruptions
from console.core.web.requests import ConsoleRequest
from vpn.models import Connection


def confirm_interruption(
    request: ConsoleRequest, connection: Connection, verb: str, ended: Sequence[Interruption]
) -> HttpResponse:
    """A page that submits the posted form again, with `interrupt` set."""
    skipped = ("csrfmiddlewaretoken", "interrupt")
    posted = [(name, value) for name, value in request.POST.items() if name not in skipped]
    context = {"connection": connection, "gateway": connection.gateway, "verb": verb, "posted": posted}
    context |= {"interrupts": describe_interruptions(ended)}
    return render(request, "vpn/connections/confirm_interruption.html", context)
