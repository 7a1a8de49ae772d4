"""Policies: both lists on one page; create, change and delete each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.actor import Actor, Role
from console.errors import Conflict, Invalid
from console.web.forms import RuleForm
from console.web.pages import command, form_page, page
from console.web.requests import ConsoleRequest
from policies import services
from policies.models import IKEPolicy, IPsecPolicy
from policies.web.forms import IKEPolicyForm, IPsecPolicyForm, given, ike_initial, ipsec_initial

Policy = IKEPolicy | IPsecPolicy


@dataclass(frozen=True, slots=True)
class Kind:
    """What differs between the two kinds of policy. `word` begins the names of their routes."""

    word: str
    noun: str
    form: type[RuleForm]
    initial: Callable[[Any], dict[str, Any]]
    create: Callable[..., Policy]
    update: Callable[..., Policy]
    get: Callable[[Actor, UUID], Policy]
    delete: Callable[[Actor, UUID], None]


IKE = Kind(
    "ike", "IKE policy", IKEPolicyForm, ike_initial,
    services.create_ike_policy, services.update_ike_policy,
    services.get_ike_policy, services.delete_ike_policy,
)  # fmt: skip
IPSEC = Kind(
    "ipsec", "IPsec policy", IPsecPolicyForm, ipsec_initial,
    services.create_ipsec_policy, services.update_ipsec_policy,
    services.get_ipsec_policy, services.delete_ipsec_policy,
)  # fmt: skip
_KINDS = {kind.word: kind for kind in (IKE, IPSEC)}


@page()
def policies(request: ConsoleRequest) -> HttpResponse:
    users = Count("connections")
    ike = IKEPolicy.objects.owned_by(request.actor).annotate(used_by=users).order_by("name")
    ipsec = IPsecPolicy.objects.owned_by(request.actor).annotate(used_by=users).order_by("name")
    return render(request, "policies/list.html", {"ike_policies": ike, "ipsec_policies": ipsec})


@form_page(Role.EDITOR)
def policy_new(request: ConsoleRequest, kind: str) -> HttpResponse:
    chosen = _KINDS[kind]
    form = chosen.form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            policy = chosen.create(request.actor, given(form))
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, f"The {chosen.noun} {policy.name} is created.")
            return redirect("policies")
    return render(request, "policies/form.html", {"form": form, "kind": chosen})


@page()
def policy_shown(request: ConsoleRequest, policy_id: UUID, kind: str) -> HttpResponse:
    """The policy, its strength, and who uses it."""
    policy = _KINDS[kind].get(request.actor, policy_id)
    return render(request, "policies/detail.html", {"policy": policy, "kind": _KINDS[kind]})


@form_page(Role.EDITOR)
def policy_edit(request: ConsoleRequest, policy_id: UUID, kind: str) -> HttpResponse:
    chosen = _KINDS[kind]
    policy = chosen.get(request.actor, policy_id)
    form = chosen.form(request.POST if request.method == "POST" else None, initial=chosen.initial(policy))
    if request.method == "POST" and form.is_valid():
        try:
            policy = chosen.update(request.actor, policy_id, given(form, only_changed=True))
        except (Invalid, Conflict) as error:
            form.add_violations(error.violations)
        else:
            messages.success(request, f"The {chosen.noun} {policy.name} is saved.")
            return redirect(f"{kind}_policy", policy_id=policy_id)
    return render(request, "policies/form.html", {"form": form, "kind": chosen, "policy": policy})


@command(Role.EDITOR, back="policies", keep=())
def policy_delete(request: ConsoleRequest, policy_id: UUID, kind: str) -> HttpResponse:
    chosen = _KINDS[kind]
    policy = chosen.get(request.actor, policy_id)
    chosen.delete(request.actor, policy_id)
    messages.success(request, f"The {chosen.noun} {policy.name} is deleted.")
    return redirect("policies")
