"""One page of a list, ready for its template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from console.core.actor import Actor
from console.core.web.lists.declare import Action, ListSpec, Option, Rows
from console.core.web.lists.state import SIZES, State


class Head(NamedTuple):
    """A column header: the address that sorts by it, and how it is sorted now (aria-sort)."""

    key: str
    label: str
    url: str
    sorted: str


class Chip(NamedTuple):
    """An active filter; `url` removes it."""

    label: str
    value: str
    url: str


class Control(NamedTuple):
    """A filter's control."""

    key: str
    label: str
    value: str
    options: list[Option]


@dataclass(frozen=True)
class Listing:
    """What templates render. `rows` are those of this page, `total` counts those that match."""

    spec: ListSpec
    state: State
    actor: Actor
    rows: list[Any]
    total: int
    description: str
    seen: str = ""

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.state.size))

    @property
    def first(self) -> int:
        return (self.state.page - 1) * self.state.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.total, self.state.page * self.state.size)

    @property
    def before(self) -> str:
        return self.state.link(page=self.state.page - 1) if self.state.page > 1 else ""

    @property
    def after(self) -> str:
        return self.state.link(page=self.state.page + 1) if self.state.page < self.pages else ""

    @property
    def numbers(self) -> list[tuple[int, str]]:
        """The first page, the last, and those next to this one; 0 marks a gap."""
        here, last = self.state.page, self.pages
        kept = sorted({1, last, *range(max(1, here - 1), min(last, here + 1) + 1)})
        found: list[tuple[int, str]] = []
        for number in kept:
            if found and number - found[-1][0] > 1:
                found.append((0, ""))
            found.append((number, self.state.link(page=number)))
        return found

    @property
    def heads(self) -> list[Head]:
        return [self._head(column.key, column.label, column.sortable) for column in self.spec.columns]

    def _head(self, key: str, label: str, sortable: bool) -> Head:
        if not sortable:
            return Head(key, label, "", "")
        way = {key: "ascending", f"-{key}": "descending"}.get(self.state.sort, "")
        return Head(key, label, self.state.link(sort=f"-{key}" if way == "ascending" else key), way)

    @property
    def sorts(self) -> list[Option]:
        """For the control that sorts where there are no column headers."""
        columns = [column for column in self.spec.columns if column.sortable]
        signed = [(c, sign, way) for c in columns for sign, way in zip(("", "-"), c.ways, strict=True)]
        return [(f"{sign}{c.key}", f"{c.label}, {way}") for c, sign, way in signed]

    @property
    def sizes(self) -> tuple[int, ...]:
        return SIZES

    @cached_property
    def controls(self) -> list[Control]:
        """With the current choices; a value from a link that is not one of them is kept."""
        found = []
        for one in self.spec.filters:
            options, value = list(one.options(self.actor)), self.state.chosen.get(one.key, "")
            if value and value not in dict(options):
                options.append((value, "no longer there"))
            found.append(Control(one.key, one.label, value, options))
        return found

    @property
    def empty(self) -> bool:
        """There are no rows at all, not only none that match."""
        return not self.total and not self.state.is_filtered

    @property
    def unsearched(self) -> str:
        """The same without its search."""
        return self.state.link(search="")

    @property
    def file(self) -> str:
        """The address of the same as CSV."""
        query = self.state.query()
        return f"?{query}&format=csv" if query else "?format=csv"

    @property
    def chips(self) -> list[Chip]:
        on = [one for one in self.controls if one.value]
        return [Chip(one.label, dict(one.options)[one.value], self.state.link_without(one.key)) for one in on]

    @property
    def offered(self) -> list[Action]:
        """The actions that this actor's role may perform."""
        return [action for action in self.spec.actions if self.actor.may(action.role)]

    @property
    def poll(self) -> str:
        """The address that refreshes the list."""
        query = self.state.query()
        return f"?{query}&seen={self.seen}" if query else f"?seen={self.seen}"

    @property
    def announce(self) -> str:
        say = self.spec.announce
        return say(self.rows, self.total) if say else f"{self.total} {self.spec.plural}."


def build(actor: Actor, state: State) -> Listing:
    """A page beyond the last is the last: rows may be deleted while people browse."""
    spec = state.spec
    found, description = matching(actor, state)
    size = state.size
    last = max(1, -(-len(found) // size))
    if state.page > last:
        state = replace(state, page=last)
    idents = found[(state.page - 1) * size : state.page * size]
    return Listing(spec, state, actor, shown(actor, state, idents), len(found), description)


def matching(actor: Actor, state: State) -> tuple[list[Any], str]:
    """The primary keys of all matching rows, in order, and a description of the search."""
    spec, description = state.spec, ""
    rows = spec.rows(actor)
    for one in spec.filters:
        if value := state.chosen.get(one.key):
            rows = one.narrow(rows, actor, value)
    if state.search:
        rows, description = spec.search.find(rows, actor, state.search)
    return _ordered(rows, state), description


def shown(actor: Actor, state: State, idents: Sequence[Any]) -> list[Any]:
    """What is shown of the rows with these keys, in their order."""
    if not idents:
        return []
    rows = {row.pk: row for row in state.spec.rows(actor).filter(pk__in=idents)}
    present = [rows[ident] for ident in idents if ident in rows]
    return state.spec.shown(actor, present, state.search)


def _ordered(rows: Rows, state: State) -> list[Any]:
    """Equal rows are ordered by primary key, so that no row is on two pages or on none."""
    key, down = state.sort.removeprefix("-"), state.sort.startswith("-")
    column = state.spec.column(key)
    if column is None:
        raise LookupError(f"{state.spec.plural} cannot be sorted by {key}")
    if column.value:
        values = list(rows.order_by("pk").values_list("pk", column.value))
        values.sort(key=lambda pair: column.by(pair[1]), reverse=down)
        return [pair[0] for pair in values]
    names = [_turned(name) if down else name for name in column.sort]
    return list(rows.order_by(*names, "pk").values_list("pk", flat=True))


def _turned(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"
