"""Two people edit one thing: the second one is told what the first one changed, and loses nothing.

A form carries the values with which it was drawn. What somebody else changed since is taken over
where the second one had not touched it, and laid beside his own where he had. Nothing is saved
until he has seen it; saving again saves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Model
from django.http import QueryDict

from console.core.actor import Actor
from console.core.models import AuditEvent

BASE = "base"


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that somebody else changed, as text of the form; `both` when this person did too."""

    name: str
    before: str
    theirs: str
    yours: str
    both: bool


@dataclass(frozen=True, slots=True)
class Meeting:
    """`posted` with untouched fields brought up to date."""

    posted: QueryDict
    clashes: list[Clash] = field(default_factory=list)


def base_of(values: Mapping[str, Any]) -> str:
    """For the form's hidden field; nothing secret belongs in `values`."""
    return json.dumps(_texts(values), sort_keys=True)


def meet(posted: QueryDict, now: Mapping[str, Any]) -> Meeting:
    """A form without a base, or with one that cannot be read, meets nobody."""
    before, present = _base(posted), _texts(now)
    merged = posted.copy()
    clashes = []
    for name, theirs in present.items():
        was, yours = before.get(name, theirs), posted.get(name, "")
        if theirs in {was, yours}:
            continue
        clashes.append(Clash(name, was, theirs, yours, both=yours != was))
        if yours == was:
            merged[name] = theirs
    return Meeting(merged, clashes)


def told(form: forms.Form, clashes: list[Clash], target: Model) -> dict[str, Any]:
    """For the template: rows in the form's words, and who did it last."""
    rows = [
        {
            "label": form[clash.name].label,
            "before": _shown(form.fields[clash.name], clash.before),
            "theirs": _shown(form.fields[clash.name], clash.theirs),
            "yours": _shown(form.fields[clash.name], clash.yours) if clash.both else "",
        }
        for clash in clashes
    ]
    return {"clashes": rows, "last": last_change(target) if rows else None}


def last_change(target: Model) -> AuditEvent | None:
    return AuditEvent.objects.filter(target_id=str(target.pk)).order_by("-at").first()


def deletion_of(actor: Actor, target_id: UUID) -> AuditEvent | None:
    """Who deleted this object of the actor's account, or the gateway with it, and when."""
    events = AuditEvent.objects.filter(account_id=actor.account_id, target_id=str(target_id))
    return events.filter(action__endswith=".delete").order_by("-at").first()


def entered(form: forms.Form) -> list[tuple[str, str]]:
    """What stands in a form, in its own words; nothing of what was left empty."""
    rows = ((form[name], form.fields[name]) for name in form.fields)
    found = [(str(bound.label), _shown(control, str(bound.value() or ""))) for bound, control in rows]
    return [(label, value) for label, value in found if value]


def _base(posted: QueryDict) -> dict[str, str]:
    try:
        values = json.loads(posted.get(BASE, "{}"))
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in values.items()} if isinstance(values, dict) else {}


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _shown(control: forms.Field, text: str) -> str:
    """A choice by its label, other values as they are."""
    choices = getattr(control, "choices", ())
    labels = {str(getattr(value, "value", value)): str(label) for value, label in choices}
    return labels.get(text, text)
