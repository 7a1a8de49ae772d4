"""The two views of every list: the page with its fragment and file, and actions on selected rows."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from console.core.errors import NotAllowed, Refused
from console.core.identifiers import parse_uuid
from console.core.registry import describe_interruptions
from console.core.web.lists.build import build, matching
from console.core.web.lists.declare import Action, Effect, ListSpec
from console.core.web.lists.live import live_list
from console.core.web.lists.sheet import sheet
from console.core.web.lists.state import State
from console.core.web.requests import ConsoleRequest

# Each row is a change of its own through the services; more would keep the browser waiting.
MOST = 200
_OUTCOME = "list-outcome"


class Outcome(NamedTuple):
    """The result for one selected row; `place` as in its ListSpec."""

    name: str
    place: str
    done: bool
    message: str


class Planned(NamedTuple):
    """A selected row and what the action would do to it."""

    row: Any
    place: str
    effect: Effect


def list_page(
    request: ConsoleRequest, spec: ListSpec, template: str, extra: dict[str, Any] | None = None
) -> HttpResponse:
    state = State.of(request.GET, spec)
    if request.GET.get("format") == "csv":
        return sheet(request.actor, state)
    if not request.htmx and "" in request.GET.values():
        # A form sends its empty fields too; the address that people share says only what was chosen.
        return redirect(f"{reverse(spec.url)}{state.link(page=state.page)}")
    if spec.page_version:
        return live_list(request, state, template, extra or {}, spec.page_version(request.actor))
    listing = build(request.actor, state)
    drawn = f"{template}#rows" if request.htmx else template
    return render(request, drawn, {"listing": listing} | (extra or {}))


def bulk_page(request: ConsoleRequest, spec: ListSpec) -> HttpResponse:
    """Without `confirmed`, shows what would happen; with it, runs the action row by row, and redirects
    to a page that shows the outcome and may be reloaded."""
    if request.method != "POST":
        return _outcome(request, spec)
    back = f"{reverse(spec.url)}?{State.of(QueryDict(request.POST.get('match', '')), spec).query()}"
    action = next((a for a in spec.actions if a.key == request.POST.get("do")), None)
    if action is None:
        return redirect(back)
    request.actor.require(action.role)
    idents = _selected(request, spec)
    rows = _load(request, spec, idents[:MOST])
    if not rows:
        messages.error(request, f"No {spec.noun} is selected: select the check boxes of those that you mean.")
        return redirect(back)
    context = {"spec": spec, "action": action, "back": back, "match": request.POST.get("match", "")}
    context |= {"more": max(0, len(idents) - MOST), "most": MOST}
    if _confirmed(request, action, len(rows)):
        outcomes = [_run(request, spec, action, row) for row in rows]
        request.session[_OUTCOME] = {"url": spec.url, "do": action.key, "back": back, "outcomes": outcomes}
        return redirect(spec.bulk)
    effects = action.effects(request.actor, rows)
    places = [spec.place[1](row) if spec.place else "" for row in rows]
    plan = [Planned(*one) for one in zip(rows, places, effects, strict=True)]
    ended = action.interrupts(request.actor, rows) if action.interrupts else ()
    context |= {"interrupts": describe_interruptions(ended)}
    context |= {"plan": plan, "phrase": _phrase(action, len(rows)), "wrong": "confirmed" in request.POST}
    return render(request, "lists/confirm.html", context)


def _phrase(action: Action, count: int) -> str:
    return f"{action.key} {count}"


def _confirmed(request: ConsoleRequest, action: Action, count: int) -> bool:
    typed = " ".join(request.POST.get("typed", "").lower().split())
    return "confirmed" in request.POST and (not action.typed or typed == _phrase(action, count))


def _selected(request: ConsoleRequest, spec: ListSpec) -> list[Any]:
    """The keys of the selected rows, or of all that match."""
    if request.POST.get("scope") == "all":
        state = State.of(QueryDict(request.POST.get("match", "")), spec)
        return matching(request.actor, state)[0]
    ticked = [ident for ident in map(parse_uuid, request.POST.getlist("row")) if ident]
    return list(dict.fromkeys(ticked))


def _load(request: ConsoleRequest, spec: ListSpec, idents: list[Any]) -> list[Any]:
    """Without rows that no longer exist or belong to another account."""
    rows = {row.pk: row for row in spec.rows(request.actor).filter(pk__in=idents)}
    return [rows[ident] for ident in idents if ident in rows]


def _outcome(request: ConsoleRequest, spec: ListSpec) -> HttpResponse:
    """The outcome of the last action on this list."""
    saved = request.session.get(_OUTCOME, {})
    action = next((a for a in spec.actions if a.key == saved.get("do")), None)
    if saved.get("url") != spec.url or action is None:
        return redirect(spec.url)
    outcomes = [Outcome(*one) for one in saved["outcomes"]]
    context = {"spec": spec, "action": action, "back": saved["back"], "outcomes": outcomes}
    return render(request, "lists/outcome.html", context | {"done": sum(one.done for one in outcomes)})


def _run(request: ConsoleRequest, spec: ListSpec, action: Action, row: Any) -> Outcome:
    place = spec.place[1](row) if spec.place else ""
    try:
        action.run(request.actor, row)
    except NotAllowed:
        raise
    except Refused as error:
        why = " ".join(violation.message for violation in error.violations)
        return Outcome(row.name, place, False, why)
    return Outcome(row.name, place, True, action.done)
