"""Querysets compiled once. Most of the time of a small read is Django's compilation of its SQL.

A prepared query is an ordinary queryset, written once as a function of its parameters; what is
kept is its SQL, and how rows become model instances. Nothing of its rows is cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Generic, TypeVar, cast
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet, UUIDField
from django.db.models.query import get_related_populators

Row = TypeVar("Row", bound=Model)
_uuid_field = UUIDField()
# The stubs describe Django 6, whose function takes one more argument.
_populators = cast(Callable[[Any, Any, str], list[Any]], get_related_populators)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """`places[i]` is the number of the parameter at position i, or the constant at that position."""

    sql: str
    places: tuple[tuple[bool, Any], ...]
    compiler: Any
    converters: Any
    names: list[str]
    fields: slice
    related: Any


class PreparedQuery(Generic[Row]):
    """`build` takes as many values (UUID or str) as calls will give, and filters by them only.

    It must be a queryset of models without prefetches; select_related and slices are fine.
    """

    def __init__(self, build: Callable[..., QuerySet[Row]], kinds: Sequence[type[UUID] | type[str]]) -> None:
        self._build = build
        self._kinds = tuple(kinds)
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, *values: UUID | str) -> list[Row]:
        ready, rows = self._fetch(*values)
        return [self._instance(ready, row) for row in rows]

    def tuples(self, *values: UUID | str, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """Only these columns of the rows (attribute names, at least two), without the instances."""
        ready, rows = self._fetch(*values)
        chosen = itemgetter(*(ready.fields.start + ready.names.index(name) for name in names))
        return [chosen(row) for row in rows]

    def _fetch(self, *values: UUID | str) -> tuple[_Compiled, Iterable[Sequence[Any]]]:
        connection = connections[DEFAULT_DB_ALIAS]
        ready = self._compiled.get(connection.vendor)
        if ready is None:
            ready = self._compiled[connection.vendor] = self._compile(connection)
        asked = zip(self._kinds, values, strict=True)
        given = [_adapt(v if isinstance(v, kind) else kind(str(v)), connection) for kind, v in asked]
        params = [given[what] if is_slot else what for is_slot, what in ready.places]
        with connection.cursor() as cursor:
            cursor.execute(ready.sql, params)
            fetched = cursor.fetchall()
        rows = ready.compiler.apply_converters(fetched, ready.converters) if ready.converters else fetched
        return ready, rows

    def first(self, *values: UUID | str) -> Row | None:
        return next(iter(self(*values)), None)

    def _compile(self, connection: BaseDatabaseWrapper) -> _Compiled:
        samples = [uuid4() if kind is UUID else uuid4().hex + "-sample" for kind in self._kinds]
        queryset = self._build(*samples)
        compiler = queryset.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        known = [_adapt(sample, connection) for sample in samples]
        places = tuple((True, known.index(p)) if p in known else (False, p) for p in params)
        info = compiler.klass_info
        fields = info["select_fields"]
        return _Compiled(
            sql=sql,
            places=places,
            compiler=compiler,
            converters=compiler.get_converters([column for column, _, _ in compiler.select]),
            names=[compiler.select[n][0].target.attname for n in fields],
            fields=slice(fields[0], fields[-1] + 1),
            related=(info["model"], _populators(info, compiler.select, connection.alias)),
        )

    def _instance(self, ready: _Compiled, row: Sequence[Any]) -> Row:
        model, populators = ready.related
        instance = model.from_db(DEFAULT_DB_ALIAS, ready.names, row[ready.fields])
        for populator in populators:
            populator.populate(row, instance)
        return cast(Row, instance)


def set_related(instance: Model, name: str, rows: Sequence[Model], empty: Any) -> None:
    """Make `instance.<name>.all()` return these rows, as a prefetch would; `empty` is any
    queryset of their model."""
    empty._result_cache = list(rows)
    empty._prefetch_done = True
    cache = instance.__dict__.setdefault("_prefetched_objects_cache", {})
    cache[name] = empty


def _adapt(value: UUID | str, connection: BaseDatabaseWrapper) -> Any:
    return _uuid_field.get_db_prep_value(value, connection) if isinstance(value, UUID) else value
