"""The base of the admin pages of all apps: all changes go through the services.

So a change made here obeys the rules, is audited and reaches the data plane like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from console.core.actor import Actor, Role, Via
from console.core.admin.choices import RowChoice, RowSelect
from console.core.errors import Refused
from console.core.registry import describe_interruptions, interrupted_by
from console.core.web.forms import RuleForm
from console.core.web.requests import actor_of

if TYPE_CHECKING:
    RowForm = forms.ModelForm[Any]
    RowAdmin = admin.ModelAdmin[Any]
else:
    RowForm = forms.ModelForm
    RowAdmin = admin.ModelAdmin

Values = dict[str, Any]


class ServiceForm(RuleForm, RowForm):
    """Passes the values to `write`, a service, while the form is cleaned.

    Only then can the violations of the service be shown at the fields. The admin holds a
    transaction around the whole request; a refused service leaves nothing behind. A
    cleared field goes to the service, which refuses it by its own rule; `clearable` fields go as None. With
    `may_interrupt` a change that ends tunnels is saved only when it is sent again, with `interrupt`.
    """

    write: Callable[[Model | None, Values], Model]
    clearable: tuple[str, ...] = ()
    may_interrupt = False
    # What the page asks to confirm, in sentences.
    interrupts = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if group := self.fields.get("resource_group"):
            group.required, group.help_text = False, "Empty: the default group of the account."
        if not self.instance._state.adding:
            self.initial = {**self.stored(), **self.initial}

    def stored(self) -> Values:
        """The present values of fields that are no columns."""
        columns = {field.name for field in self.instance._meta.get_fields()}
        names = [name for name in self.fields if name not in columns]
        return {name: getattr(self.instance, name) for name in names if hasattr(self.instance, name)}

    def _post_clean(self) -> None:
        if self.errors:
            return
        row = None if self.instance._state.adding else self.instance
        if row is not None and (self._emptied() or self._asks(row)):
            return
        try:
            with transaction.atomic():
                self.instance = self.write(row, self.entered())
        except Refused as error:
            self.add_violations(error.violations)

    def _asks(self, row: Model) -> bool:
        if not self.may_interrupt or self.data.get("interrupt"):
            return False
        ended = interrupted_by(row, lambda: self.write(row, self.entered()))
        if ended:
            self.interrupts = describe_interruptions(ended)
            self.add_error(None, f"Nothing is saved yet. {self.interrupts} Save again to confirm.")
        return bool(ended)

    def _emptied(self) -> bool:
        """The rules have no message for a missing number."""
        names = [name for name in self.changed_data if name not in self.clearable]
        found = [name for name in names if self.cleaned_data[name] is None]
        for name in found:
            self.add_error(name, self.fields[name].error_messages["required"])
        return bool(found)

    def entered(self) -> Values:
        """For a new row, all fields that are not empty; for an existing one, those that changed."""
        if not self.instance._state.adding:
            return {name: self.cleaned_data[name] for name in self.changed_data}
        return {
            name: self.cleaned_data[name]
            for name in self.fields
            if self.cleaned_data[name] not in (None, "", [])
        }


class ServiceAdmin(RowAdmin):
    """`settable` are the fields of a new row, `changeable` those that may change later; both name
    fields of `form`. Others in `shown` are read-only. Deletion takes one row at a time; with
    `may_interrupt` its page says how many tunnels end."""

    form: type[RowForm] = ServiceForm
    settable: tuple[str, ...] = ()
    changeable: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    may_interrupt = False
    show_full_result_count = False

    def create(self, request: HttpRequest, values: Values) -> Model:
        """A new row from the fields that were filled in. Raises Refused."""
        raise NotImplementedError

    def update(self, request: HttpRequest, row: Any, values: Values) -> Model:
        """The row with the fields that differ. Raises Refused."""
        raise NotImplementedError

    def remove(self, request: HttpRequest, row: Any) -> None:
        """Raises Refused."""
        raise NotImplementedError

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.autocomplete_fields:
            kwargs["widget"] = RowSelect(db_field, self.admin_site)
            kwargs["form_class"] = RowChoice
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": self.settable})]
        only_read = tuple(name for name in self.settable if name not in self.changeable)
        only_read = tuple(name for name in only_read if self._is_column(name))
        sets: list[Any] = [(None, {"fields": (*self.changeable, *only_read, *self.shown)})]
        if self.observed:
            sets.append(("Observed", {"fields": self.observed}))
        return sets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return tuple(
            name
            for _, options in self.get_fieldsets(request, obj)
            for name in options["fields"]
            if name not in self.changeable
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        asked = self.settable if obj is None else self.changeable
        absent = dict.fromkeys(name for name in self.form.declared_fields if name not in asked)
        kind = super().get_form(request, obj, change=change, **kwargs)

        def write(form: ServiceForm, row: Model | None, values: Values) -> Model:
            return self.create(request, values) if row is None else self.update(request, row, values)

        return type(kind.__name__, (kind,), {**absent, "write": write})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The service has saved it."""

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except Refused as error:
            self.show_refusal(request, error)
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", object_id)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The service decides what may be deleted, and what is deleted with it."""
        rows = list(objs)
        counts = {str(self.opts.verbose_name_plural): len(rows), **self.ended_by_removing(request, rows)}
        return [str(row) for row in rows], counts, set(), []

    def ended_by_removing(self, request: HttpRequest, rows: Iterable[Model]) -> dict[str, int]:
        """For the summary of a deletion."""
        if not self.may_interrupt:
            return {}
        ended = sum(len(interrupted_by(row, partial(self.remove, request, row))) for row in rows)
        return {"Tunnels that are up and end": ended} if ended else {}

    def show_refusal(self, request: HttpRequest, error: Refused) -> None:
        for violation in error.violations:
            messages.error(request, violation.message)

    def _is_column(self, name: str) -> bool:
        return any(field.name == name for field in self.opts.get_fields())


class ReadOnlyAdmin(RowAdmin):
    """Rows that only the product itself writes. `hidden` columns are never shown."""

    hidden: tuple[str, ...] = ()
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [field.name for field in self.opts.fields if field.name not in self.hidden]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def admin_actor(request: HttpRequest, account_id: UUID) -> Actor:
    """A superuser acts in every account as an administrator, under their own name."""
    return actor_of(request, request.user.get_username(), account_id, Role.ADMINISTRATOR, Via.ADMIN)


def references(values: Mapping[str, Any], *names: str) -> Values:
    """`values` with the rows under `names` in the form that the services accept; None stays None."""
    rows = {name: values[name] for name in names if name in values}
    return {**values, **{name: row and {"id": str(row.pk)} for name, row in rows.items()}}


def each(rows: QuerySet[Any], act: Callable[[Any], object]) -> tuple[int, list[Refused]]:
    """`act` on every row: the number of successes, and the refusals."""
    done, refusals = 0, []
    for row in rows:
        try:
            act(row)
            done += 1
        except Refused as error:
            refusals.append(error)
    return done, refusals
