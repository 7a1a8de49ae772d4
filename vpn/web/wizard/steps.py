"""What the wizard's pages share: the line of steps, the way on, lists of CIDRs, a draft's end."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.forms import BoundField
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from console.core.actor import Role
from console.core.web.pages import command
from console.core.web.requests import ConsoleRequest
from vpn.models import WizardDraft
from vpn.web.wizard.drafts import discard, placed

REVIEW = "review"
_STEPS = (
    ("Gateway", "wizard_gateway"),
    ("Connection", "wizard_connection"),
    ("Security", "wizard_security"),
    ("Review", "wizard_review"),
)


class Step(NamedTuple):
    """`url` is empty while the step cannot be gone to."""

    word: str
    url: str


class CidrRow(NamedTuple):
    """One control of a list; `fresh` was just asked for."""

    number: int
    value: str
    ident: str
    fresh: bool


class CidrRows(NamedTuple):
    """A list of CIDRs as the template draws it."""

    bound: BoundField
    rows: list[CidrRow]


def step_context(request: ConsoleRequest, draft: WizardDraft, number: int) -> dict[str, Any]:
    """For the frame of every step."""
    begun = placed(draft)
    steps = [
        Step(word, reverse(name, kwargs={"draft_id": draft.pk}) if begun or not index else "")
        for index, (word, name) in enumerate(_STEPS)
    ]
    if draft._state.adding:
        steps = [Step(step.word, "") for step in steps]
    return {
        "draft": draft,
        "saved": not draft._state.adding,
        "step": number,
        "steps": steps,
        "returns": request.GET.get("to") == REVIEW,
    }


def onward(request: ConsoleRequest, draft: WizardDraft, step: str, *, stay: bool = False) -> HttpResponse:
    """To the next step, or back to the review by whose link the page was opened.

    `stay`: to the same page again.
    """
    back = request.GET.get("to") == REVIEW
    if back and not stay:
        return redirect("wizard_review", draft_id=draft.pk)
    url = reverse(step, kwargs={"draft_id": draft.pk})
    return HttpResponseRedirect(f"{url}?to={REVIEW}" if back else url)


def shown(bound: BoundField, *, add: bool = False) -> CidrRows:
    """At least one control; one more when `add`."""
    values: list[str] = list(bound.value() or [])
    fresh = len(values) if add else -1
    if add or not values:
        values.append("")
    ident = bound.auto_id
    rows = [
        CidrRow(index, value, f"{ident}_{index}" if index else str(ident), index == fresh)
        for index, value in enumerate(values)
    ]
    return CidrRows(bound, rows)


@command(Role.EDITOR, back="gateways", keep=())
def discard_draft(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """What was entered is forgotten, the key with it."""
    discard(request, draft_id)
    messages.success(request, "The draft is discarded.")
    return redirect("gateways")
