"""Waiting for something to become so, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], seconds: float = 10, *, every: float = 0.02) -> T:
    """The first true answer of `condition`; AssertionError when it stays false for `seconds`."""
    limit = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > limit:
            name = getattr(condition, "__name__", repr(condition))
            raise AssertionError(f"{name} did not come true within {seconds:g} s, last answer {answer!r}")
        time.sleep(every)
    return answer
