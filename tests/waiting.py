"""Waits for a condition, instead of sleeping for a fixed time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# The factor of every timeout: in an emulated kernel (`.ci/kernel`) everything takes ten times longer.
PATIENCE = float(os.environ.get("ISTHMUS_PATIENCE", "1"))


def wait_for(condition: Callable[[], T], seconds: float = 10, *, every: float = 0.02) -> T:
    """The first true result of `condition`; AssertionError if it stays false for `seconds`
    (times PATIENCE)."""
    seconds *= PATIENCE
    limit = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > limit:
            name = getattr(condition, "__name__", repr(condition))
            raise AssertionError(f"{name} was not true within {seconds:g} s, last result {answer!r}")
        time.sleep(every)
    return answer
