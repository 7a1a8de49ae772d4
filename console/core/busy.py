"""For records of usage: writes that must neither fail nor delay a request that only reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_MILLISECONDS = 50


@contextmanager
def without_waiting() -> Iterator[None]:
    """In the block a write to an SQLite database that another writer has locked fails with OperationalError
    after 50 ms instead of after the setting `timeout`. On PostgreSQL writers wait for rows only."""
    if connection.vendor != "sqlite":
        yield
        return
    seconds = connection.settings_dict["OPTIONS"].get("timeout", 5)
    _set(_MILLISECONDS)
    try:
        yield
    finally:
        _set(int(seconds * 1000))


def _set(milliseconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")
