"""A database that another writer holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection


@contextmanager
def locked_file(database: Path | str) -> Iterator[None]:
    """Another program writes to this SQLite database and does not end."""
    other = sqlite3.connect(database, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.rollback()
        other.close()


@contextmanager
def locked_database() -> Iterator[None]:
    """As `locked_file`, for the tests' own. PostgreSQL has no such lock: the test is skipped."""
    if connection.vendor != "sqlite":
        pytest.skip("a database with one writer")
    with locked_file(connection.settings_dict["NAME"]):
        yield
