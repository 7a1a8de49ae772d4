"""Starts the wizard from the parameters that the other side sent."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.core.actor import Role
from console.core.names import random_name
from console.core.web.pages import form_page
from console.core.web.requests import ConsoleRequest
from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION, INTEGRATED, is_aead, pfs_word
from policies.domain.proposals import AUTO_ESP, AUTO_IKE, Proposal
from vpn.handoff.reader.extras import identity_of
from vpn.handoff.reader.parse import recognise
from vpn.handoff.reader.recognised import Recognised
from vpn.models import Gateway
from vpn.web.forms.wizard import PasteForm
from vpn.web.wizard.drafts import new_draft, save_draft

_KEYWORDS: dict[str, tuple[str, Any]] = {
    **{a.keyword: ("encryption_algorithm", word) for word, a in ENCRYPTION.items()},
    **{a.keyword: ("authentication_algorithm", word) for word, a in AUTHENTICATION.items()},
    **{a.keyword: ("group", number) for number, a in DH_GROUPS.items()},
}
_NOTHING = "No tunnel parameters were recognised in this text; enter them by hand, or paste another part."


@form_page(Role.EDITOR)
def wizard_paste(request: ConsoleRequest) -> HttpResponse:
    """Recognised parameters are saved in a draft, the key encrypted; the text itself is not stored."""
    form = PasteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        found = recognise(form.cleaned_data["text"])
        if form.cleaned_data["ours"]:
            found = found.mirrored()
        if found.peer_address or found.local_cidrs or found.peer_cidrs:
            return _start_draft(request, found)
        form.add_error("text", _NOTHING)
    return render(request, "vpn/wizard/paste.html", {"form": form, "blank": PasteForm()})


def _start_draft(request: ConsoleRequest, found: Recognised) -> HttpResponse:
    draft = new_draft(request)
    entered: dict[str, Any] = {"name": random_name(), "peer_address": found.peer_address}
    for name, cidrs in (("local_cidrs", found.local_cidrs), ("peer_cidrs", found.peer_cidrs)):
        if cidrs:
            entered[name] = list(cidrs)
    entered |= _more(found)
    psk = found.psk.value if found.psk else ""
    kept = {"connection": entered, "pasted": _describe(request, found), "suites": suites_of(found)}
    save_draft(draft, kept, psk=psk)
    messages.success(request, "The recognised parameters are filled in. Select the gateway's subnet first.")
    return redirect("wizard_gateway", draft_id=draft.pk)


def _more(found: Recognised) -> dict[str, Any]:
    """Dead peer detection and identities, if the text contains them."""
    extras = found.extras
    values: dict[str, Any] = {
        name: str(getattr(extras, name))
        for name in ("dpd_action", "dpd_interval", "dpd_timeout")
        if getattr(extras, name)
    }
    for side, text, address in _identities(found):
        kind, value = identity_of(text, address)
        if kind:
            values |= {f"{side}_identity_type": kind, f"{side}_identity": value}
    return values


def _identities(found: Recognised) -> tuple[tuple[str, str, str], ...]:
    return (
        ("local", found.extras.own_identity, found.own_address),
        ("peer", found.extras.peer_identity, found.peer_address),
    )


def _not_imported(found: Recognised, suites: dict[str, dict[str, Any]]) -> list[str]:
    """Parameters in the text that the wizard does not support."""
    lines = []
    for _, text, address in _identities(found):
        kind, value = identity_of(text, address)
        if value and not kind:
            lines.append("One of the identities has an unsupported type; agree on another one.")
    lifetimes = {
        "ike": ("phase 1", found.extras.ike_lifetime),
        "ipsec": ("phase 2", found.extras.esp_lifetime),
    }
    for kind, (phase, lifetime) in lifetimes.items():
        if lifetime and kind not in suites:
            lines.append(f"The lifetime of {phase}, {lifetime} s, needs a policy and is not imported.")
    if found.extras.left_out:
        lines.append(f"Not imported: {', '.join(found.extras.left_out)}.")
    return lines


def _uncovered(suites: dict[str, dict[str, Any]]) -> list[str]:
    """Requirements of the other side that auto-negotiation does not offer."""
    lines = []
    for kind, offered, phase in (("ike", AUTO_IKE.proposal, 1), ("ipsec", AUTO_ESP.proposal, 2)):
        suite = suites.get(kind)
        if suite is None:
            continue
        integrity = suite["authentication_algorithm"]
        wanted = Proposal(
            (suite["encryption_algorithm"],),
            () if integrity == INTEGRATED else (integrity,),
            (suite["dh_group"],) if "dh_group" in suite else (),
        )
        if wanted not in offered.expand() or suite.get("pfs", "disabled") != "disabled":
            lines.append(
                f"Auto-negotiation does not offer what the other side requires in phase {phase}: create the "
                "policy that is filled in at the step Security."
            )
    return lines


def suites_of(found: Recognised) -> dict[str, dict[str, Any]]:
    """The values of policies that match the other side, if it requires exactly one suite."""
    suites: dict[str, dict[str, Any]] = {}
    words = _words(found.ike_proposals)
    if {"encryption_algorithm", "authentication_algorithm", "group"} <= set(words):
        group = words.pop("group")
        suites["ike"] = words | {"dh_group": group, "ike_version": found.ike_version or 2}
        suites["ike"] |= {"key_lifetime": found.extras.ike_lifetime} if found.extras.ike_lifetime else {}
    words = _words(found.esp_proposals)
    if is_aead(words.get("encryption_algorithm", "")):
        words["authentication_algorithm"] = INTEGRATED
    if {"encryption_algorithm", "authentication_algorithm"} <= set(words):
        suites["ipsec"] = words | {"pfs": pfs_word(words.pop("group", None))}
        suites["ipsec"] |= {"key_lifetime": found.extras.esp_lifetime} if found.extras.esp_lifetime else {}
    return suites


def _words(proposals: tuple[str, ...]) -> dict[str, Any]:
    """The API names of a single proposal; empty if there are several, or with unknown algorithms."""
    if len(proposals) != 1:
        return {}
    found: dict[str, Any] = {}
    for keyword in proposals[0].split("-"):
        if keyword not in _KEYWORDS:
            return {}
        name, word = _KEYWORDS[keyword]
        found[name] = word
    return found


def _describe(request: ConsoleRequest, found: Recognised) -> list[str]:
    """The summary for the pages of the wizard; it never contains the key."""
    lines = [f"Read as {found.source}. The pre-shared key was {'found' if found.psk else 'not found'}."]
    if found.ike_version or found.ike_proposals or found.esp_proposals:
        version = f"IKEv{found.ike_version}" if found.ike_version else "IKE of either version"
        ike = ", ".join(found.ike_proposals) or "no suites named"
        esp = ", ".join(found.esp_proposals) or "no suites named"
        lines.append(f"The other side requires {version}: {ike}; in phase 2: {esp}.")
    if found.own_address:
        lines.append(_expected(request, found.own_address))
    suites = suites_of(found)
    return [*lines, *_uncovered(suites), *_not_imported(found, suites), *found.warnings]


def _expected(request: ConsoleRequest, address: str) -> str:
    row = Gateway.objects.owned_by(request.actor).filter(public_address=address, deleted_at=None).first()
    if row is not None:
        return (
            f"It expects {address}, which is your gateway {row.name}: a new gateway gets an address of its "
            "own. To use the existing one, add a connection to it instead."
        )
    return (
        f"It expects you at {address}; the new gateway gets another address, which the peer must configure."
    )
