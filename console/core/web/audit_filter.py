"""The filters of the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict

from console.core.audit import target_label
from console.core.models import AuditEvent

# The choices are those of this many latest events, so that their cost does not grow with the trail.
_LATEST = 10_000
_LONGEST = 150


class Choices(NamedTuple):
    people: list[str]
    types: list[str]
    actions: list[str]


def choices_of(account_id: UUID) -> Choices:
    """The people, types and actions of recent events, in one query."""
    latest = AuditEvent.objects.filter(account_id=account_id).order_by("-pk")
    first = latest.values_list("pk", flat=True)[_LATEST : _LATEST + 1]
    rows = AuditEvent.objects.filter(account_id=account_id).order_by()
    for pk in first:
        rows = rows.filter(pk__gt=pk)
    found = list(rows.values_list("who", "target_type", "action").distinct())
    return Choices(*(sorted({row[place] for row in found}) for place in range(3)))


class Moment(forms.DateTimeField):
    """A time in UTC, as browsers write it, or a day."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(required=False, widget=widget, **kwargs)

    def to_python(self, value: Any) -> Any:
        if not value:
            return None
        try:
            given = datetime.fromisoformat(value)
            return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise forms.ValidationError("Write a time such as 2019-01-31T14:05.") from None


class AuditFilterForm(forms.Form):
    """A GET form. An invalid value filters nothing, and its field shows the error."""

    who = forms.ChoiceField(required=False, label="Person or key")
    type = forms.ChoiceField(required=False, label="Kind of object")
    object = forms.CharField(required=False, label="Name or id of the object", max_length=_LONGEST)
    action = forms.ChoiceField(required=False, label="Action")
    since = Moment(label="From (UTC)")
    until = Moment(label="Until (UTC)")

    def __init__(self, data: QueryDict, *, choices: Choices) -> None:
        super().__init__(data, label_suffix="")
        self.use_required_attribute = False
        for name, words, empty in (
            ("who", choices.people, "Everyone"),
            ("type", choices.types, "All kinds"),
            ("action", choices.actions, "All actions"),
        ):
            given = data.get(name, "")[:_LONGEST].replace("\0", "")
            kept = words if not given or given in words else [*words, given]
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = [("", empty), *((word, _shown(name, word)) for word in kept)]

    def filtered(self, rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """The events that match."""
        data = self.cleaned_data
        plain = {"who": "who", "type": "target_type", "action": "action"}
        plain |= {"since": "at__gte", "until": "at__lte"}
        rows = rows.filter(**{path: data[name] for name, path in plain.items() if data.get(name)})
        if text := data.get("object"):
            rows = rows.filter(Q(target_name__icontains=text) | Q(target_id=text))
        return rows

    def chips(self, query: QueryDict) -> list[tuple[str, str, str]]:
        """Label, value and the address without it, of each filter that is on."""
        on = [(name, query.get(name, "")) for name in self.fields if query.get(name)]
        return [
            (str(self[name].label), _shown(name, value), query_link(query, without=name))
            for name, value in on
        ]


def _shown(name: str, value: str) -> str:
    return target_label(value) if name == "type" else value


def query_link(query: QueryDict, *, without: str = "", **changes: object) -> str:
    """The same filters on another page, from its beginning."""
    kept = query.copy()
    for name in ("before", "after", "format", without):
        kept.pop(name, None)
    for name, value in changes.items():
        kept[name] = str(value)
    return f"?{kept.urlencode()}"
