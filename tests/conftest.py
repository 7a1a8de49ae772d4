"""Two accounts, their people and keys; a database file of its own; fast passwords."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.core.servers.basehttp import WSGIRequestHandler
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings

from console.core.api import throttling
from console.core.services import keys
from console.core.web import sessions
from tests.factories import Party, make_party
from vpn import triggers

# A busy machine is no fault of the code.
hypothesis_settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("house")
# For `.ci/mutation`, which runs a test many times: the same few examples each time, none made smaller.
hypothesis_settings.register_profile(
    "mutation",
    hypothesis_settings.get_profile("house"),
    max_examples=25,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
# Django's own server sends head and body apart: a client that keeps its connection would wait for the
# second one as long as it delays its acknowledgement, 40 ms per answer.
WSGIRequestHandler.disable_nagle_algorithm = True


def pytest_collection_finish() -> None:
    """Modules and collected tests live as long as the process. Without this the garbage collector visits
    them again and again: an eighth of the suite's CPU time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _nothing_rests() -> None:
    """A server that was unavailable in one test is contacted again in the next."""
    triggers.broker.worked()


@pytest.fixture(autouse=True)
def _one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rate limits count from 20 s into a minute, so that no test spans two."""
    monkeypatch.setattr(throttling, "clock", lambda: 6_000_020.0)


@pytest.fixture(autouse=True)
def _one_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A visit is recorded once a minute, with three more queries: not during a test that counts queries."""
    monkeypatch.setattr(sessions, "_GRAIN", 600)
    # The same of the uses of a key.
    monkeypatch.setattr(keys, "_USED_EVERY", timedelta(minutes=10))


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
