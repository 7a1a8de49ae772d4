"""Forms that show the services' own messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from console.core.actor import Role
from console.core.errors import Violation, bounded
from console.core.services.passwords import RULES

_INDEX = re.compile(r"\[[0-9]+\]")


class RuleForm(forms.Form):
    """Rules are in the services; this form only shows their violations at its fields.

    `paths` maps a path of the API to a field of this form where the names differ. With `check`,
    a URL, every field is sent there as it is left, and the answer is put under the field.
    """

    paths: Mapping[str, str] = {}

    def __init__(self, *args: Any, check: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.use_required_attribute = False
        if check:
            self._check_as_left(check)

    def _check_as_left(self, url: str) -> None:
        for name, field in self.fields.items():
            target = f"#{self[name].auto_id}_error"
            field.widget.attrs |= {
                "hx-post": url,
                "hx-trigger": "change",
                "hx-target": target,
                "hx-swap": "innerHTML",
            }

    def add_violations(self, violations: Iterable[Violation]) -> None:
        """`cidrs[0]` goes to `cidrs`, `subnet.id` to `subnet`; others to the top."""
        for violation in bounded(violations):
            self.add_error(self.field_of(violation.field), violation.message)

    def field_of(self, path: str) -> str | None:
        """The form's field for a path of the API, or for what that is a part of; None without one."""
        names = _INDEX.sub("", path).split(".")
        for count in range(len(names), 0, -1):
            candidate = ".".join(names[:count])
            name = self.paths.get(candidate, candidate)
            if name in self.fields:
                return name
        return None


def errors_of(form: forms.Form, name: str | None) -> list[str]:
    """The messages of one field, for the response to a check."""
    return [str(message) for message in form.errors.get(name or "", [])]


class WordsField(forms.CharField):
    """A list with one item per line (commas and spaces separate as well)."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"rows": 3, "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
        kwargs.setdefault("widget", forms.Textarea(attrs=attrs))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        return super().clean(value).replace(",", " ").split()


class ApiKeyForm(RuleForm):
    name = forms.CharField(required=False, help_text="What the key is for, such as deploy.")
    role = forms.ChoiceField(
        choices=[(role.value, role.value.capitalize()) for role in Role],
        initial=Role.EDITOR.value,
        help_text="What the key may do.",
    )
    expires_at = forms.DateField(
        required=False,
        label="Expires after",
        help_text="The last day on which it works (UTC). Empty: never.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def expiry(self) -> datetime | None:
        """The end of the selected day."""
        day = self.cleaned_data.get("expires_at")
        return timezone.make_aware(datetime.combine(day, time.max)) if day else None


class NewPasswordForm(RuleForm):
    """A new password, entered twice."""

    paths: Mapping[str, str] = {"password": "new"}
    new = forms.CharField(
        label="Password",
        strip=False,
        help_text=RULES,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="Password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "new" in data and "again" in data and data["new"] != data["again"]:
            self.add_error("again", "The two passwords differ.")
        return data
