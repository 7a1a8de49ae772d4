"""Requests for one key: none is lost, and none is served concurrently with another."""

from __future__ import annotations

from threading import Event
from uuid import UUID, uuid4

import pytest

from tests.waiting import wait_for
from vpn.reconcile.workqueue import WorkQueue

KEY = uuid4()


def test_requests_that_wait_share_one_call_of_the_work() -> None:
    release, calls = Event(), list[UUID]()

    def work(key: UUID) -> None:
        calls.append(key)
        release.wait(30)

    queue = WorkQueue("test", 2, work)
    queue.add(KEY)
    wait_for(lambda: calls == [KEY])
    for _ in range(3):
        queue.add(KEY)
    release.set()
    queue.close()
    assert calls == [KEY, KEY]


def test_a_request_during_work_that_raises_is_served(caplog: pytest.LogCaptureFixture) -> None:
    """And so are later ones: the key would otherwise count as waiting forever."""
    release, calls = Event(), list[UUID]()

    def work(key: UUID) -> None:
        calls.append(key)
        release.wait(30)
        if len(calls) == 1:
            raise OSError("No space left on device")

    queue = WorkQueue("test", 2, work)
    queue.add(KEY)
    wait_for(lambda: calls == [KEY])
    queue.add(KEY)
    release.set()
    wait_for(lambda: len(calls) == 2)
    queue.add(KEY)
    wait_for(lambda: len(calls) == 3)
    queue.close()
    assert "No space left on device" in caplog.text
