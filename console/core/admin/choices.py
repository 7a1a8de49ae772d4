"""A form field that selects a row of another table, shown with its tenant.

Every account has a resource group called default, and names of subnets repeat as well; the stock
widget and its view show names only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Model
from django.urls import reverse

if TYPE_CHECKING:
    ModelChoice = forms.ModelChoiceField[Any]
else:
    ModelChoice = forms.ModelChoiceField


def label_of(row: Model) -> str:
    """The row's name, then what contains it: "subnet-1 (vpc-1, ana)"."""
    around = [str(getattr(row, name)) for name in ("vpc", "account") if hasattr(row, name)]
    return f"{row} ({', '.join(around)})" if around else str(row)


class RowChoice(ModelChoice):
    def label_from_instance(self, obj: Any) -> str:
        return label_of(obj)


class RowSelect(AutocompleteSelect):
    """Queries `RowChoices` while the person types."""

    @property
    def media(self) -> forms.Media:
        return super().media + forms.Media(js=["admin-choices.js"])

    def get_url(self) -> str:
        return reverse(f"{self.admin_site.name}:row_choices")


class RowChoices(AutocompleteJsonView):
    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        return {**super().serialize_result(obj, to_field_name), "text": label_of(obj)}
