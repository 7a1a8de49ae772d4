"""Concurrent edits: the second person sees what the first one changed, and loses nothing.

A form contains the values with which it was rendered. Changes that another person made since then replace
the fields that this person did not edit, and are shown beside those that they did. Nothing is saved until
they have seen the conflicts; submitting again saves.
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
class FieldConflict:
    """A field that another person changed, as the form's text; `both` if this person changed it too."""

    name: str
    before: str
    theirs: str
    yours: str
    both: bool


@dataclass(frozen=True, slots=True)
class MergeResult:
    """`posted`, with the fields that this person did not edit brought up to date."""

    posted: QueryDict
    conflicts: list[FieldConflict] = field(default_factory=list)


def base_of(values: Mapping[str, Any]) -> str:
    """For the form's hidden field; nothing secret belongs in `values`."""
    return json.dumps(_texts(values), sort_keys=True)


def merge_edit(posted: QueryDict, now: Mapping[str, Any]) -> MergeResult:
    """A form without a base, or with an unreadable one, has no conflicts."""
    before, present = _base(posted), _texts(now)
    merged = posted.copy()
    conflicts = []
    for name, theirs in present.items():
        was, yours = before.get(name, theirs), posted.get(name, "")
        if theirs in {was, yours}:
            continue
        conflicts.append(FieldConflict(name, was, theirs, yours, both=yours != was))
        if yours == was:
            merged[name] = theirs
    return MergeResult(merged, conflicts)


def conflict_context(form: forms.Form, conflicts: list[FieldConflict], target: Model) -> dict[str, Any]:
    """For the template: rows with the form's labels, and the last change of `target`."""
    rows = [
        {
            "label": form[conflict.name].label,
            "before": _shown(form.fields[conflict.name], conflict.before),
            "theirs": _shown(form.fields[conflict.name], conflict.theirs),
            "yours": _shown(form.fields[conflict.name], conflict.yours) if conflict.both else "",
        }
        for conflict in conflicts
    ]
    return {"conflicts": rows, "last": last_change(target) if rows else None}


def last_change(target: Model) -> AuditEvent | None:
    return AuditEvent.objects.filter(target_id=str(target.pk)).order_by("-at").first()


def deletion_of(actor: Actor, target_id: UUID) -> AuditEvent | None:
    """The event that deleted this object of the actor's account, or its gateway."""
    events = AuditEvent.objects.filter(account_id=actor.account_id, target_id=str(target_id))
    return events.filter(action__endswith=".delete").order_by("-at").first()


def entered(form: forms.Form) -> list[tuple[str, str]]:
    """The values in a form with its labels; empty ones are omitted."""
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
