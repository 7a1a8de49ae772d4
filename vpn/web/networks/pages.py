"""The page of one VPC, subnet or instance: its contents, its name, a VPC's address prefixes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.core.actor import Actor, Role
from console.core.errors import Refused
from console.core.web.forms import RuleForm
from console.core.web.lists.declare import natural
from console.core.web.pages import command, form_page
from console.core.web.requests import ConsoleRequest
from vpn.models import Gateway
from vpn.services import networks, subnets


class NameForm(RuleForm):
    name = forms.CharField(required=False)


class PrefixForm(RuleForm):
    cidr = forms.CharField(label="CIDR", required=False, help_text="A private block such as 10.20.0.0/16.")
    zone = forms.ChoiceField(choices=lambda: [(zone, zone) for zone in settings.ZONES])


class Page(NamedTuple):
    """What differs between the three kinds."""

    noun: str
    get: Callable[[Actor, UUID], Any]
    update: Callable[..., Any]


_PAGES = {
    "vpc": Page("VPC", networks.get_vpc, networks.update_vpc),
    "subnet": Page("subnet", subnets.get_subnet, subnets.update_subnet),
    "instance": Page("instance", subnets.get_instance, subnets.update_instance),
}


@form_page(Role.VIEWER)
def network_page(request: ConsoleRequest, kind: str, row_id: UUID) -> HttpResponse:
    """Every role can read it; editors rename it here, and add address prefixes to a VPC."""
    known = _PAGES[kind]
    row = known.get(request.actor, row_id)
    what = request.POST.get("do", "rename") if request.method == "POST" else ""
    if what:
        request.actor.require(Role.EDITOR)
    rename = NameForm(request.POST if what == "rename" else None, initial={"name": row.name})
    prefix = PrefixForm(request.POST if what == "prefix" and kind == "vpc" else None)
    form = rename if rename.is_bound else prefix
    if form.is_bound and form.is_valid():
        try:
            description = (
                _rename(request, known, row, rename) if form is rename else _add(request, row, prefix)
            )
        except Refused as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, description)
            return redirect(kind, row_id=row_id)
    context = {"kind": kind, "noun": known.noun, "row": row, "rename": rename, "prefix": prefix}
    return render(request, "vpn/networks/detail.html", context | _contents(kind, row))


@command(Role.EDITOR, back="vpc", keep=("row_id",))
def prefix_delete(request: ConsoleRequest, row_id: UUID, prefix_id: UUID) -> HttpResponse:
    """Refused while it contains a subnet."""
    networks.delete_address_prefix(request.actor, row_id, prefix_id)
    messages.success(request, "The address prefix is deleted.")
    return redirect("vpc", row_id=row_id)


def _rename(request: ConsoleRequest, known: Page, row: Any, form: NameForm) -> str:
    known.update(request.actor, row.pk, {"name": form.cleaned_data["name"]})
    return f"The {known.noun} is now called {form.cleaned_data['name']}."


def _add(request: ConsoleRequest, row: Any, form: PrefixForm) -> str:
    cidr, zone = form.cleaned_data["cidr"], form.cleaned_data["zone"]
    networks.create_address_prefix(request.actor, row.pk, {"cidr": cidr, "zone": {"name": zone}})
    return f"The address prefix {cidr} is added."


def _contents(kind: str, row: Any) -> dict[str, Any]:
    """The contents of a VPC or subnet; an instance has none."""
    if kind == "instance":
        return {}
    gateways = Gateway.objects.filter(**{kind: row})
    found: dict[str, Any] = {"gateways": sorted(gateways, key=lambda one: natural(one.name))}
    if kind == "vpc":
        found["prefixes"] = list(row.address_prefixes.order_by("cidr"))
        found["subnets"] = sorted(row.subnets.all(), key=lambda one: natural(one.name))
    else:
        found["instances"] = sorted(row.instances.all(), key=lambda one: natural(one.name))
    return found
