"""Says how many tunnels a button ends, before it ends them."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render

from console.core.registry import Interruption, describe_interruptions
from console.core.web.requests import ConsoleRequest
from vpn.models import Connection


def ask_first(
    request: ConsoleRequest, connection: Connection, verb: str, ended: Sequence[Interruption]
) -> HttpResponse:
    """A page that sends again what was posted, with `interrupt`."""
    skipped = ("csrfmiddlewaretoken", "interrupt")
    posted = [(name, value) for name, value in request.POST.items() if name not in skipped]
    context = {"connection": connection, "gateway": connection.gateway, "verb": verb, "posted": posted}
    context |= {"interrupts": describe_interruptions(ended)}
    return render(request, "vpn/connections/confirm_interruption.html", context)
