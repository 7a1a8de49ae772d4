"""Template tags and filters for status, icons, times and form fields."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField, Form
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

# Word: tone (a class of the stylesheet) and symbol (of icons.svg). Colour is never alone.
_STATUS_STYLES = {
    "up": ("ok", "check"),
    "available": ("ok", "check"),
    "ok": ("ok", "check"),
    "active": ("ok", "check"),
    "installed": ("ok", "check"),
    "pending": ("info", "clock"),
    "deleting": ("info", "clock"),
    "degraded": ("warn", "warning"),
    "weak": ("warn", "warning"),
    "nearly full": ("warn", "warning"),
    "full": ("bad", "cross"),
    "down": ("bad", "cross"),
    "failed": ("bad", "cross"),
    "faulted": ("bad", "cross"),
    "broken": ("bad", "cross"),
    "expired": ("idle", "pause"),
    "revoked": ("idle", "cross"),
    "disabled": ("idle", "pause"),
    "standby": ("idle", "pause"),
    "inapplicable": ("idle", "clock"),
}


@lru_cache(maxsize=1)
def icons() -> str:
    """The address of the symbols, cached: pages have hundreds, and it never changes in a process."""
    return static("icons.svg")


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol beside a word, silent for screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        icons(),
        name,
    )


@register.simple_tag
def status(word: str, label: str = "") -> SafeString:
    """A status as symbol, word and tone; `label` replaces the word."""
    tone, symbol = _STATUS_STYLES.get(word, ("idle", "clock"))
    return format_html('<span class="status {}">{} {}</span>', tone, icon(symbol), label or word)


@register.filter
def moment(value: datetime | str | None) -> SafeString | str:
    """A time in UTC, machine-readable as well; texts are ISO 8601."""
    if value is None:
        return "never"
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    text = value.strftime("%-d %b %Y, %H:%M:%S UTC")
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), text)


@register.filter
def size(value: int) -> str:
    """Bytes in readable form: 1536 is 1.5 KiB."""
    amount = float(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


@register.inclusion_tag("_field.html")
def field(bound: BoundField, extra: str = "") -> dict[str, Any]:
    """Label, hint, control and errors, tied together; `extra` names a template of buttons beside
    the control."""
    ident = bound.auto_id
    attrs: dict[str, str | bool] = {
        "aria-describedby": f"{ident}_hint {ident}_error" if bound.help_text else f"{ident}_error"
    }
    if bound.errors:
        attrs["aria-invalid"] = "true"
    box = getattr(bound.field.widget, "input_type", "") == "checkbox"
    return {"bound": bound, "widget": bound.as_widget(attrs=attrs), "box": box, "extra": extra}


@register.inclusion_tag("_checkbox_group.html")
def boxes(bound: BoundField) -> dict[str, Any]:
    """A field of checkboxes: a named group, a label for each, and errors."""
    return {"bound": bound}


@register.inclusion_tag("_errors.html")
def error_summary(form: Form) -> dict[str, Any]:
    """The errors, at the top of a form, each a link to its field."""
    lines = [
        (form[name].auto_id if name in form.fields else "", _with_its_field(form, name, str(message)))
        for name, found in form.errors.items()
        for message in found
    ]
    return {"lines": lines}


def _with_its_field(form: Form, name: str, message: str) -> str:
    """Django's "This field is required." is unclear where the field is not directly above it."""
    if name in form.fields and message == form.fields[name].error_messages.get("required"):
        return f"{form[name].label}: {message}"
    return message
