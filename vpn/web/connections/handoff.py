"""The hand-off page of a connection, its files, and its links."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from console.core.actor import Role
from console.core.api.links import origin
from console.core.encryption import DecryptionError
from console.core.errors import Conflict, Invalid
from console.core.web.forms import RuleForm
from console.core.web.pages import command, form_page, page
from console.core.web.requests import ConsoleRequest
from console.core.web.sign_in import password_is_right
from vpn.domain.spec import Secret
from vpn.handoff.vendors import (
    VENDORS,
    CannotRender,
    Vendor,
    file_name,
    limits,
    obstacles,
    render_sheet,
    table,
)
from vpn.handoff.vendors import render as render_file
from vpn.models import Connection
from vpn.services import handoff
from vpn.services.connections import get_connection

SHEET = "parameters"
_FIRST = next(iter(VENDORS))
_PAGE = "vpn/handoff/page.html"
_UNREADABLE = (
    "The key cannot be read: the encryption key that sealed it is missing. Set a new pre-shared key."
)


class LinkForm(RuleForm):
    """How long the link is valid."""

    hours = forms.TypedChoiceField(
        label="Expires after",
        coerce=int,
        choices=list(handoff.LIFETIMES.items()),
        help_text="Anyone who has the link can read this page, without the key.",
    )


class PasswordForm(RuleForm):
    """Asks for the user's own password again."""

    password = forms.CharField(
        label="Your password",
        error_messages={"required": "Enter your password."},
        strip=False,
        help_text="The file contains the key; the audit trail records this.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@page()
def handoff_page(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    row = get_connection(request.actor, gateway_id, connection_id)
    return _render_page(request, row, _selected_vendor(request.GET.get("vendor", "")))


@form_page(Role.VIEWER)
def handoff_file(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID, vendor: str) -> HttpResponse:
    """GET: without the key, for every role. POST with the password: with the key, for editors."""
    row = get_connection(request.actor, gateway_id, connection_id)
    device = None if vendor == SHEET else handoff.find_vendor(vendor)
    if request.method != "POST":
        return _download(row, device) or _render_page(request, row, device, status=409)
    request.actor.require(Role.EDITOR)
    form = PasswordForm(request.POST)
    if form.is_valid() and not password_is_right(request, form.cleaned_data["password"]):
        form.add_error("password", "This is not your password.")
    if form.errors:
        return _render_page(request, row, device, password_form=form)
    if device and obstacles(device, handoff.parameters_of(row)):
        return _render_page(request, row, device, status=409)
    try:
        return _with_key(request, row, device)
    except (CannotRender, DecryptionError) as error:
        form.add_error(None, str(error) if isinstance(error, CannotRender) else _UNREADABLE)
        return _render_page(request, row, device, password_form=form)


@form_page(Role.EDITOR)
def handoff_links(request: ConsoleRequest, gateway_id: UUID, connection_id: UUID) -> HttpResponse:
    """Creates a link and shows it once."""
    row = get_connection(request.actor, gateway_id, connection_id)
    if request.method != "POST":
        return redirect("handoff", gateway_id=gateway_id, connection_id=connection_id)
    form, url = LinkForm(request.POST), ""
    if form.is_valid():
        try:
            hours = form.cleaned_data["hours"]
            _, token = handoff.create_link(request.actor, gateway_id, connection_id, hours=hours)
            url = origin(request) + reverse("shared_handoff", kwargs={"token": token})
            form = LinkForm()
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
    return _render_page(request, row, _selected_vendor(""), link_form=form, link=url)


@command(Role.EDITOR, back="handoff", keep=("gateway_id", "connection_id"))
def handoff_revoke(
    request: ConsoleRequest, gateway_id: UUID, connection_id: UUID, link_id: UUID
) -> HttpResponse:
    handoff.revoke_link(request.actor, gateway_id, connection_id, link_id)
    messages.success(request, "The link is revoked; it is no longer valid.")
    return redirect("handoff", gateway_id=gateway_id, connection_id=connection_id)


def device_context(row: Connection, vendor: Vendor | None, psk: Secret | None = None) -> dict[str, Any]:
    """The parameters, the list of devices, and the selected device's file. Raises CannotRender."""
    parameters = handoff.parameters_of(row)
    broken = obstacles(vendor, parameters) if vendor else []
    text = "" if broken else text_of(row, vendor, psk)
    return {
        "connection": row,
        "rows": table(vendor, parameters),
        "vendors": VENDORS.values(),
        "vendor": vendor,
        "slug": vendor.slug if vendor else SHEET,
        "limits": limits(vendor, parameters) if vendor else [],
        "obstacles": broken,
        "text": text,
        "lines": min(30, text.count("\n") + 1),
    }


def text_of(row: Connection, vendor: Vendor | None, psk: Secret | None = None) -> str:
    """The file of a device, or the parameter sheet. Raises CannotRender."""
    parameters = handoff.parameters_of(row)
    made_at = timezone.now().strftime("%Y-%m-%d %H:%M UTC")
    if vendor is None:
        return render_sheet(parameters, made_at=made_at, psk=psk)
    return render_file(vendor, parameters, made_at=made_at, psk=psk)


def attachment(row: Connection, vendor: Vendor | None, text: str) -> HttpResponse:
    parameters = handoff.parameters_of(row)
    name = file_name(vendor, parameters)
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _selected_vendor(slug: str) -> Vendor | None:
    return None if slug == SHEET else VENDORS.get(slug, VENDORS[_FIRST])


def _download(row: Connection, vendor: Vendor | None) -> HttpResponse | None:
    """None if the device does not support this tunnel."""
    try:
        return attachment(row, vendor, text_of(row, vendor))
    except CannotRender:
        return None


def _with_key(request: ConsoleRequest, row: Connection, vendor: Vendor | None) -> HttpResponse:
    def respond(psk: Secret) -> HttpResponse:
        if request.POST.get("how") == "show":
            return _render_page(request, row, vendor, psk=psk)
        return attachment(row, vendor, text_of(row, vendor, psk))

    slug = vendor.slug if vendor else SHEET
    return handoff.disclose_key(request.actor, row.gateway_id, row.pk, slug, respond)


def _render_page(
    request: ConsoleRequest,
    row: Connection,
    vendor: Vendor | None,
    *,
    status: int = 200,
    link_form: LinkForm | None = None,
    link: str = "",
    password_form: PasswordForm | None = None,
    psk: Secret | None = None,
) -> HttpResponse:
    context = device_context(row, vendor, psk) | {
        "gateway": row.gateway,
        "here": reverse("handoff", kwargs={"gateway_id": row.gateway_id, "connection_id": row.pk}),
        "links": handoff.links_of(row),
        "link_form": link_form or LinkForm(),
        "link": link,
        "password_form": password_form or PasswordForm(),
        "asked": password_form is not None,
        "with_key": psk is not None,
        "now": timezone.now(),
    }
    return render(request, _PAGE, context, status=status)
