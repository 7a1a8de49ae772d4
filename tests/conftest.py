"""Two accounts, their people and keys; a database file of its own; fast passwords."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.core.cache import cache
from django.db import connections

from console.encryption import new_key
from tests.factories import Party, make_party

# Processes that a test starts use the same keys.
os.environ.setdefault("ISTHMUS_ENCRYPTION_KEYS", new_key())
settings.ENCRYPTION_KEYS = os.environ["ISTHMUS_ENCRYPTION_KEYS"].split(",")
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
settings.RATE_LIMIT = 0


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file, not memory: writers in threads wait for each other as in production."""
    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        path: Path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        database["TEST"]["NAME"] = str(path)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture
def ana(db: None) -> Party:
    """The account most tests act in."""
    return make_party("ana")


@pytest.fixture
def ben(db: None) -> Party:
    """The other account, which must see nothing of Ana's."""
    return make_party("ben")


@pytest.fixture
def rate_limit(settings: LazySettings) -> LazySettings:
    """Three requests per minute and key."""
    settings.RATE_LIMIT = 3
    return settings
