"""The declaration of a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from console.core.actor import Actor, Role
from console.core.identifiers import parse_uuid
from console.core.registry import Interruption

Rows = QuerySet[Any]
Option = tuple[str, str]

# Labels of ascending and descending order, by the kind of a column.
NAMES = ("A to Z", "Z to A")
LOWEST = ("lowest first", "highest first")
OLDEST = ("oldest first", "newest first")

_DIGITS = re.compile(r"(\d+)")


def natural(text: str) -> list[tuple[int, int | str]]:
    """A sort key for natural order: tunnel-2 before tunnel-10, case-insensitive."""
    parts = _DIGITS.split(text.casefold())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`text` is the value in the CSV file. Sorted by `sort` (names of the ORM), or by the
    values of `value` with `by` as their key; by neither, it cannot be sorted."""

    key: str
    label: str
    text: Callable[[Any], object]
    sort: tuple[str, ...] = ()
    value: str = ""
    by: Callable[[Any], Any] = str
    ways: tuple[str, str] = NAMES

    @property
    def sortable(self) -> bool:
        return bool(self.sort or self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """`narrow` returns no rows for an unknown value: a stale link must not show all."""

    key: str
    label: str
    options: Callable[[Actor], Sequence[Option]]
    narrow: Callable[[Rows, Actor, str], Rows]


class Found(NamedTuple):
    """The rows that match a search, and a sentence that describes it."""

    rows: Rows
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """`hint` is shown under the search box."""

    hint: str
    find: Callable[[Rows, Actor, str], Found]


class Effect(NamedTuple):
    """What an action does to one row; `refusal` is the reason why it cannot be done."""

    lines: tuple[str, ...] = ()
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """For selected rows. `done` describes a row afterwards; `stays` lists what is not changed.
    `interrupts` returns the tunnels that end. With `typed` the person confirms by typing the action and
    the number of rows."""

    key: str
    label: str
    role: Role
    run: Callable[[Actor, Any], object]
    effects: Callable[[Actor, Sequence[Any]], Sequence[Effect]]
    done: str
    stays: tuple[str, ...] = ()
    interrupts: Callable[[Actor, Sequence[Any]], Sequence[Interruption]] | None = None
    typed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec:
    """`rows` are the account's own, with what one page needs; `shown` turns a page of them into what
    templates and columns get (each has `.row`). The route `bulk` takes selected rows;
    `place` is a label and its value for a row whose name alone may not be unique."""

    noun: str
    plural: str
    url: str
    rows: Callable[[Actor], Rows]
    shown: Callable[[Actor, Sequence[Any], str], list[Any]]
    columns: tuple[Column, ...]
    search: Search
    default: str
    filters: tuple[Filter, ...] = ()
    actions: tuple[Action, ...] = ()
    bulk: str = ""
    page_version: Callable[[Actor], str] | None = None
    announce: Callable[[Sequence[Any], int], str] | None = None
    place: tuple[str, Callable[[Any], str]] | None = None
    size: int = 25

    def column(self, key: str) -> Column | None:
        return next((c for c in self.columns if c.key == key and c.sortable), None)


def fixed(key: str, label: str, choices: Mapping[str, tuple[str, Q]]) -> Filter:
    """A filter with choices that are always the same."""
    options = [(value, description) for value, (description, _) in choices.items()]

    def narrow(rows: Rows, actor: Actor, value: str) -> Rows:
        return rows.filter(choices[value][1]) if value in choices else rows.none()

    return Filter(key=key, label=label, options=lambda actor: options, narrow=narrow)


def reference(
    key: str,
    label: str,
    path: str,
    options: Callable[[Actor], Iterable[tuple[UUID, str]]],
    *,
    without: str = "",
) -> Filter:
    """A filter by another row of the account; `without` names the choice `none` of that row."""

    def listed(actor: Actor) -> list[Option]:
        first = [("none", without)] if without else []
        return first + sorted(((str(pk), name) for pk, name in options(actor)), key=lambda o: natural(o[1]))

    def narrow(rows: Rows, actor: Actor, value: str) -> Rows:
        if without and value == "none":
            return rows.filter(**{f"{path}__isnull": True})
        ident = parse_uuid(value)
        return rows.filter(**{path: ident}) if ident else rows.none()

    return Filter(key=key, label=label, options=listed, narrow=narrow)


def name_column(text: Callable[[Any], object] = lambda shown: shown.row.name) -> Column:
    return Column(key="name", label="Name", text=text, value="name", by=natural)


def created_column() -> Column:
    """When the row was created."""
    return Column(
        key="created",
        label="Created",
        text=lambda shown: shown.row.created_at.isoformat(timespec="seconds"),
        sort=("created_at",),
        ways=OLDEST,
    )
