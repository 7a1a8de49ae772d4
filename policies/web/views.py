"""Policies: a list of each kind; create, change, copy and delete."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.core.actor import Actor, Role
from console.core.errors import Conflict, Invalid
from console.core.registry import Interruption, describe_interruptions, interrupted_by
from console.core.web.lists.views import bulk_page, list_page
from console.core.web.pages import form_page, page
from console.core.web.requests import ConsoleRequest
from policies.strength import warnings_of_values
from policies.web.forms import given
from policies.web.kinds import KINDS, Kind, Policy
from policies.web.lists import LISTS
from policies.web.presets import PRESETS, find_preset

# How many connections a policy's page lists; the others are behind a link.
NAMED = 20
_NAME_LENGTH = 63


@page()
def policies(request: ConsoleRequest) -> HttpResponse:
    """The former address of both lists."""
    return redirect("ike_policies")


@page()
def policy_list(request: ConsoleRequest, kind: str) -> HttpResponse:
    return list_page(request, LISTS[kind], "policies/list.html", {"kind": KINDS[kind]})


@form_page(Role.EDITOR)
def policies_bulk(request: ConsoleRequest, kind: str) -> HttpResponse:
    return bulk_page(request, LISTS[kind])


@form_page(Role.EDITOR)
def policy_new(request: ConsoleRequest, kind: str) -> HttpResponse:
    """An empty form, or one filled from a preset."""
    return _new(request, KINDS[kind])


def _new(request: ConsoleRequest, chosen: Kind, source: Policy | None = None) -> HttpResponse:
    """A copy keeps the order of its source."""
    kind = chosen.word
    preset = find_preset(request.GET.get("preset", ""))
    initial = preset.values(kind) if preset else chosen.initial(source) if source else {}
    if preset:
        initial["name"] = free_name(request.actor, chosen, initial["name"])
    form = chosen.form(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            policy = chosen.create(request.actor, given(form))
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, f"The {chosen.noun} {policy.name} is created.")
            return redirect(f"{kind}_policy", policy_id=policy.pk)
    warned = warnings_of_values(kind, initial) if preset else []
    context = {"form": form, "kind": chosen, "presets": PRESETS, "preset": preset, "warned": warned}
    return render(request, "policies/form.html", context)


@form_page(Role.EDITOR)
def policy_clone(request: ConsoleRequest, policy_id: UUID, kind: str) -> HttpResponse:
    """The form of a new policy, filled from an existing one, with an unused name."""
    chosen = KINDS[kind]
    source = chosen.get(request.actor, policy_id)
    if request.method == "POST":
        return _new(request, chosen, source)
    initial = chosen.initial(source) | {"name": free_name(request.actor, chosen, source.name)}
    context = {"form": chosen.form(initial=initial), "kind": chosen, "source": source}
    return render(request, "policies/form.html", context)


@page()
def policy_page(request: ConsoleRequest, policy_id: UUID, kind: str) -> HttpResponse:
    """The policy, its strength, and the connections that use it."""
    policy = KINDS[kind].get(request.actor, policy_id)
    return render(request, "policies/detail.html", {"policy": policy} | _users(policy, KINDS[kind]))


@form_page(Role.EDITOR)
def policy_edit(request: ConsoleRequest, policy_id: UUID, kind: str) -> HttpResponse:
    """Before anything is saved, shows which tunnels will be negotiated again."""
    chosen = KINDS[kind]
    policy = chosen.get(request.actor, policy_id)
    form = chosen.form(request.POST if request.method == "POST" else None, initial=chosen.initial(policy))
    ended: list[Interruption] = []
    if request.method == "POST" and form.is_valid() and not request.POST.get("interrupt"):
        changes = given(form, only_changed=True)
        ended = interrupted_by(policy, lambda: chosen.update(request.actor, policy_id, changes))
    if request.method == "POST" and form.is_valid() and not ended:
        try:
            policy = chosen.update(request.actor, policy_id, given(form, only_changed=True))
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, f"The {chosen.noun} {policy.name} is saved.")
            return redirect(f"{kind}_policy", policy_id=policy_id)
    context = {"form": form, "policy": policy, "interrupts": describe_interruptions(ended)}
    return render(request, "policies/form.html", context | _users(policy, chosen))


@form_page(Role.EDITOR)
def policy_delete(request: ConsoleRequest, policy_id: UUID, kind: str) -> HttpResponse:
    """Refused while connections use it, and lists them; otherwise asks for confirmation."""
    chosen = KINDS[kind]
    policy = chosen.get(request.actor, policy_id)
    refused: list[str] = []
    if request.method == "POST":
        try:
            chosen.delete(request.actor, policy_id)
        except (Invalid, Conflict) as error:
            refused = [violation.message for violation in error.violations]
        else:
            messages.success(request, f"The {chosen.noun} {policy.name} is deleted.")
            return redirect(chosen.list_url)
    context = {"policy": policy, "refused": refused} | _users(policy, chosen)
    return render(request, "policies/delete.html", context)


def free_name(actor: Actor, kind: Kind, name: str) -> str:
    """`name`, or `name` with the first unused number: strong, strong-2, strong-3."""
    taken = set(
        kind.model._default_manager.filter(account_id=actor.account_id).values_list("name", flat=True)
    )
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name[: _NAME_LENGTH - len(str(number)) - 1]}-{number}"
    return found


def _users(policy: Policy, kind: Kind) -> dict[str, Any]:
    """The connections that use it, those with a tunnel first; counts are of all of them."""
    counts = (
        type(policy)
        ._default_manager.filter(pk=policy.pk)
        .aggregate(
            used_by=Count("connections"),
            live=Count("connections", filter=Q(connections__status="up", connections__admin_state_up=True)),
        )
    )
    rows = policy.connections.select_related("gateway").defer("psk_sealed", "psk_id")
    users = list(rows.order_by("-admin_state_up", "-status", "name")[:NAMED])
    return {"kind": kind, "users": users, **counts, "unnamed": counts["used_by"] - len(users)}
