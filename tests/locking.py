"""A database that another writer holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection


@contextmanager
def locked_database() -> Iterator[None]:
    """Another program holds the write lock. PostgreSQL has no such lock: the test is skipped."""
    if connection.vendor != "sqlite":
        pytest.skip("a database with one writer")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.rollback()
        other.close()
