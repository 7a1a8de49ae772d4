"""Actions on the tunnel of one connection: restart it, read its log, reveal its key."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.core.actor import Role
from console.core.encryption import DecryptionError
from console.core.web.forms import RuleForm
from console.core.web.pages import command, form_page, page
from console.core.web.requests import ConsoleRequest
from console.core.web.sign_in import password_is_right
from vpn.models import Connection
from vpn.services import connections
from vpn.services.interruptions import interrupted_by_restarting
from vpn.services.keys import reveal_key
from vpn.services.logs import read_log
from vpn.web.history import history_page
from vpn.web.interruptions import confirm_interruption

_UNREADABLE = "The key cannot be decrypted: an encryption key of this installation is missing. Set a new one."


class OwnPasswordForm(RuleForm):
    """Asks for the user's own password again."""

    password = forms.CharField(
        label="Your password",
        required=False,
        strip=False,
        help_text="The password that you sign in with.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@command(Role.OPERATOR, back="connection")
def connection_restart(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """End the tunnel and negotiate it again; asks for confirmation if it is up."""
    connection = connections.get_connection(request.actor, gateway_id, connection_id)
    ended = interrupted_by_restarting(Connection.objects.filter(pk=connection.pk))
    if ended and not request.POST.get("interrupt"):
        return confirm_interruption(request, connection, "Restart", ended)
    connection = connections.restart_connection(request.actor, gateway_id, connection_id)
    messages.success(request, f"The tunnel of {connection.name} is restarted.")
    return redirect("connection", gateway_id=gateway_id, connection_id=connection_id)


@page()
def connection_log(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """The log so far. The page polls, and gets 204 while there are no new lines, so that it keeps its scroll
    position."""
    log = read_log(request.actor, gateway_id, connection_id)
    digest = hashlib.sha256(repr((log.is_pending, log.fault, log.members)).encode()).hexdigest()[:12]
    if request.htmx and request.GET.get("seen") == digest:
        return HttpResponse(status=204)
    context = {"log": log, "connection": log.connection, "gateway": log.connection.gateway, "digest": digest}
    template = "vpn/connections/_log.html" if request.htmx else "vpn/connections/log.html"
    return render(request, template, context)


@page()
def connection_events(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    connection = connections.get_connection(request.actor, gateway_id, connection_id)
    context = history_page(request, connection.history.all(), connection.name)
    more = {"connection": connection, "gateway": connection.gateway}
    return render(request, "vpn/events.html", context | more)


@form_page(Role.EDITOR)
def connection_reveal(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """Shows the key once, to a user who enters their password again."""
    connection = connections.get_connection(request.actor, gateway_id, connection_id)
    form = OwnPasswordForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "connection": connection, "gateway": connection.gateway}
    if form.is_valid():
        if not password_is_right(request, form.cleaned_data["password"]):
            form.add_error("password", "That is not your password.")
        else:
            try:
                context["psk"] = reveal_key(request.actor, gateway_id, connection_id)
            except DecryptionError:
                form.add_error(None, _UNREADABLE)
    return render(request, "vpn/connections/reveal.html", context)
