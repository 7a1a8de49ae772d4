"""What the wizard's pages share: the list of steps, redirects between them, lists of CIDRs, and discarding
a draft."""

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
from vpn.web.wizard.drafts import discard, has_subnet

REVIEW = "review"
_STEPS = (
    ("Gateway", "wizard_gateway"),
    ("Connection", "wizard_connection"),
    ("Security", "wizard_security"),
    ("Review", "wizard_review"),
)


class Step(NamedTuple):
    """`url` is empty while the step is not reachable."""

    word: str
    url: str


class CidrRow(NamedTuple):
    """One input of a list; `fresh` if it was just added."""

    number: int
    value: str
    ident: str
    fresh: bool


class CidrRows(NamedTuple):
    """A list of CIDRs for the template."""

    bound: BoundField
    rows: list[CidrRow]


def step_context(request: ConsoleRequest, draft: WizardDraft, number: int) -> dict[str, Any]:
    """The context that all steps share."""
    has_steps = has_subnet(draft)
    steps = [
        Step(word, reverse(name, kwargs={"draft_id": draft.pk}) if has_steps or not index else "")
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


def redirect_to_step(
    request: ConsoleRequest, draft: WizardDraft, step: str, *, stay: bool = False
) -> HttpResponse:
    """Redirects to the next step, or back to the review if the page was opened from there.

    `stay`: to the same page again.
    """
    back = request.GET.get("to") == REVIEW
    if back and not stay:
        return redirect("wizard_review", draft_id=draft.pk)
    url = reverse(step, kwargs={"draft_id": draft.pk})
    return HttpResponseRedirect(f"{url}?to={REVIEW}" if back else url)


def cidr_rows(bound: BoundField, *, add: bool = False) -> CidrRows:
    """The inputs of a list: at least one; one more if `add`."""
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
    """Deletes the draft and its key."""
    discard(request, draft_id)
    messages.success(request, "The draft is discarded.")
    return redirect("gateways")
